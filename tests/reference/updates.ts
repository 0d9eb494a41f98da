/** Reference of dropout and of the optimizers' updates. */
import { philox4x32 } from "../../random/philox.ts";

/** Which values dropout keeps, bit for bit as the kernel decides: u in multiples of 2^-24, against float32 1 - keep. */
export function dropoutMask(
  size: number,
  o: { keep: number; operation: number; seed: number; step: number },
): boolean[] {
  const least = Math.fround(1 - Math.fround(o.keep));
  return Array.from({ length: size }, (_, i) => {
    const words = philox4x32([Math.floor(i / 4), o.step, o.operation, 0], [o.seed, 0]);
    return (words[i % 4] >>> 8) / 2 ** 24 >= least;
  });
}

/** A rule's slots and value of one parameter. */
export interface State {
  w: number;
  slots: number[];
}

/** One step of one parameter; options as the kernels name them. */
export type Rule = (s: State, g: number, rate: number, o: Readonly<Record<string, number>>) => State;

/** TF's ApplyGradientDescent, ApplyMomentum, ApplyRMSProp and ApplyAdam, by the names of TF-Slim's flag. */
export const rules: Readonly<Record<string, Rule>> = {
  sgd: ({ w }, g, rate) => ({ w: w - rate * g, slots: [] }),
  momentum: ({ w, slots: [a] }, g, rate, { momentum }) => {
    const next = momentum * a + g;
    return { w: w - rate * next, slots: [next] };
  },
  rmsprop: ({ w, slots: [ms, mom] }, g, rate, { decay, momentum, epsilon }) => {
    const square = decay * ms + (1 - decay) * g * g;
    const next = momentum * mom + rate * g / Math.sqrt(square + epsilon);
    return { w: w - next, slots: [square, next] };
  },
  adam: ({ w, slots: [m, v] }, g, rate, { beta1, beta2, epsilon }) => {
    const mean = beta1 * m + (1 - beta1) * g, square = beta2 * v + (1 - beta2) * g * g;
    return { w: w - rate * mean / (Math.sqrt(square) + epsilon), slots: [mean, square] };
  },
};
