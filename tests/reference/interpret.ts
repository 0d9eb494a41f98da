/** Runs a tape in float64: every recorded operation by its reference, for checks of whole nets. */
import type { Node, Tape, Value } from "../../tape/tape.ts";
import * as arrange from "./arrange.ts";
import * as batch from "./batch_norm.ts";
import * as dense from "./dense.ts";
import * as losses from "./losses.ts";
import * as resize from "./resize.ts";
import { map, reshaped, type Tensor, tensor } from "./tensor.ts";
import * as updates from "./updates.ts";
import * as window from "./window.ts";

type Rule = (inputs: Tensor[], attributes: never, node: Node) => Tensor;
type Size = number | readonly [number, number];
interface WindowAttributes {
  readonly stride?: Size;
  readonly rate?: Size;
  readonly padding?: "SAME" | "VALID";
}

function windows(kernel: Size, { stride = 1, rate = 1, padding }: WindowAttributes): window.Windows {
  const pair = (size: Size) => typeof size === "number" ? [size, size] as const : size;
  return { kernel: pair(kernel), stride: pair(stride), rate: pair(rate), padding };
}

function dropout([x, step]: Tensor[], o: Omit<updates.Mask, "step">): Tensor {
  return updates.dropout(x, { ...o, step: step.data[0] });
}

interface BatchNorm {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
}

/** Beta and gamma are the last inputs, as far as there are any. */
function batchNormOptions(inputs: Tensor[], { epsilon, center, scale }: BatchNorm): batch.Options {
  const variables = inputs.slice(inputs.length - Number(center) - Number(scale));
  return { epsilon, beta: center ? variables[0] : undefined, gamma: scale ? variables.at(-1) : undefined };
}

const rules: Readonly<Record<string, Rule>> = {
  add: ([a, b], o: { factor: number }) => dense.add(a, b, o.factor),
  scale: ([x, by], o: { factor: number }) => map(x, (v) => v * o.factor * (by?.data[0] ?? 1)),
  relu: ([x]) => dense.relu(x),
  relu6: ([x]) => dense.relu(x, 6),
  sigmoid: ([x]) => dense.sigmoid(x),
  hardSwish: ([x]) => dense.hardSwish(x),
  hardSigmoid: ([x]) => dense.hardSigmoid(x),
  gate: ([x, by]) => dense.gate(x, by),
  biasAdd: ([x, b]) => dense.biasAdd(x, b),
  reshape: ([x], o: { shape: readonly number[] }) => reshaped(x, o.shape),
  matmul: ([a, b], o: { transposeA: boolean; transposeB: boolean }) =>
    dense.matmul(a, b, o.transposeA, o.transposeB),
  conv2d: ([x, w], o: { window: WindowAttributes }) =>
    window.conv2d.forward(x, w, windows([w.shape[0], w.shape[1]], o.window)),
  depthwiseConv2d: ([x, w], o: { window: WindowAttributes }) =>
    window.depthwiseConv2d.forward(x, w, windows([w.shape[0], w.shape[1]], o.window)),
  batchNorm: (inputs, o: BatchNorm) => {
    const { mean, variance } = batch.moments(inputs[0]);
    return batch.batchNorm(inputs[0], mean, variance, batchNormOptions(inputs, o));
  },
  batchNormInference: (inputs, o: BatchNorm) =>
    batch.batchNorm(inputs[0], inputs[1], inputs[2], batchNormOptions(inputs, o)),
  maxPool2d: ([x], o: WindowAttributes & { kernel: Size }) => window.maxPool2d(x, windows(o.kernel, o)),
  avgPool2d: ([x], o: WindowAttributes & { kernel: Size }) => window.avgPool2d(x, windows(o.kernel, o)),
  concat: (xs) => arrange.concat(xs),
  pad: ([x], o: arrange.Margins) => arrange.pad(x, o),
  crop: ([x], o: arrange.Margins) => arrange.crop(x, o),
  resizeBilinear: ([x], o: resize.Options & { to: readonly [number, number] }) =>
    resize.resizeBilinear(x, o.to, o),
  localResponseNormalization: ([x], o: losses.Lrn) => losses.lrn(x, o),
  dropout,
  dropPath: dropout,
  softmax: ([x]) => losses.softmax(x),
  softmaxCrossEntropy: ([z, labels], o: { labelSmoothing: number }) =>
    losses.softmaxCrossEntropy(z, labels.data, o.labelSmoothing),
  mean: ([x]) => dense.mean(x),
  weightedSum: ([x, weights]) => dense.weightedSum(x, weights),
  l2Loss: ([w], o: { factor: number }) => dense.l2Loss(w, o.factor),
};

/** The value of `target` where feeds and variables have the values in `given`, by name. Only first outputs are kept. */
export function interpret(tape: Tape, target: Value, given: ReadonlyMap<string, Tensor>): Tensor {
  const found = new Map<Value, Tensor>();
  const valueOf = (value: Value): Tensor => {
    const known = found.get(value);
    if (known) return known;
    const { source } = value;
    if (!source) throw new Error(`${value.label} has no value yet`);
    if (source.kind === "constant") return tensor(value.shape, source.data);
    return given.get(value.label)!;
  };
  for (const node of tape.nodes) {
    const { operation: { name }, inputs, outputs } = node;
    const rule = rules[name];
    if (!rule) throw new Error(`the reference knows no ${name}`);
    found.set(outputs[0], rule(inputs.map(valueOf), node.attributes as never, node));
    if (outputs[0] === target) return found.get(target)!;
  }
  return valueOf(target);
}
