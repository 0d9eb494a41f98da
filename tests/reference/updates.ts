/** Reference of dropout and of the optimizers' updates. */
import { philox4x32 } from "../../random/philox.ts";
import { map, type Tensor } from "./tensor.ts";

/** What decides a mask, as the kernel names it. */
export interface Mask {
  readonly keep: number;
  readonly operation: number;
  readonly seed: number;
  readonly step: number;
  readonly block?: number;
  readonly burnInSteps?: number;
}

/** x / keep for the values that dropout keeps, else 0. Kept are those of the kernel, bit for bit: u in multiples of 2^-24. */
export function dropout(
  x: Tensor,
  { operation, seed, step, block = 1, burnInSteps = 0, ...o }: Mask,
): Tensor {
  const { fround } = Math;
  let keep = fround(o.keep);
  if (burnInSteps > 0) keep = fround(1 - fround(Math.min(1, fround(step / burnInSteps)) * fround(1 - keep)));
  return map(x, (v, i) => {
    const number = Math.floor(i / block);
    const words = philox4x32([Math.floor(number / 4), step, operation, 0], [seed, 0]);
    return (words[number % 4] >>> 8) / 2 ** 24 >= fround(1 - keep) ? v / keep : 0;
  });
}

/** A rule's slots and value of one parameter. */
export interface State {
  w: number;
  slots: number[];
  /** Where more cancels out than the state shows: magnitudes of the terms of value and slots. */
  terms?: number[];
}

/** One step of one parameter; options as the kernels name them. */
export type Rule = (s: State, g: number, rate: number, o: Readonly<Record<string, number>>) => State;

const adam: Rule = ({ w, slots: [m, v] }, g, rate, { beta1, beta2, epsilon }) => {
  const mean = beta1 * m + (1 - beta1) * g, square = beta2 * v + (1 - beta2) * g * g;
  return { w: w - rate * mean / (Math.sqrt(square) + epsilon), slots: [mean, square] };
};

/** TF's Apply* operations, by the names of TF-Slim's flag, and AdamW. */
export const rules: Readonly<Record<string, Rule>> = {
  adadelta: ({ w, slots: [a, b] }, g, rate, { rho, epsilon }) => {
    const squares = rho * a + (1 - rho) * g * g;
    const update = g * Math.sqrt((b + epsilon) / (squares + epsilon));
    return { w: w - rate * update, slots: [squares, rho * b + (1 - rho) * update * update] };
  },
  adagrad: ({ w, slots: [acc] }, g, rate) => {
    const sum = acc + g * g;
    return { w: w - rate * g / Math.sqrt(sum), slots: [sum] };
  },
  adam,
  /** `pull` is learning rate times weight decay. */
  adamw: (s, g, rate, o) => {
    const { w, slots } = adam(s, g, rate, o);
    return { w: w - o.pull * s.w, slots };
  },
  /** At a rate of 0, where TF divides by 0, nothing changes. */
  ftrl: ({ w, slots: [acc, linear] }, g, rate, { power, l1, l2 }) => {
    if (rate === 0) return { w, slots: [acc, linear] };
    const sum = acc + g * g, raised = sum ** -power, divisor = raised / rate + 2 * l2;
    const next = linear + g - (raised - acc ** -power) / rate * w;
    const terms = Math.abs(linear) + Math.abs(g) + 2 * raised / rate * Math.abs(w);
    return {
      w: Math.abs(next) > l1 ? (Math.sign(next) * l1 - next) / divisor : 0,
      slots: [sum, next],
      terms: [(terms + l1) / divisor, 0, terms],
    };
  },
  momentum: ({ w, slots: [a] }, g, rate, { momentum, nesterov }) => {
    const next = momentum * a + g;
    return { w: w - rate * (nesterov ? g + momentum * next : next), slots: [next] };
  },
  rmsprop: ({ w, slots: [ms, mom] }, g, rate, { decay, momentum, epsilon }) => {
    const square = decay * ms + (1 - decay) * g * g;
    const next = momentum * mom + rate * g / Math.sqrt(square + epsilon);
    return { w: w - next, slots: [square, next] };
  },
  sgd: ({ w }, g, rate) => ({ w: w - rate * g, slots: [] }),
};
