/**
 * Operations of losses: softmax, softmax cross-entropy, sum of squares, mean.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { columnSum } from "../../kernels/column_sum.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import {
  softmax as emitSoftmax,
  softmaxCrossEntropy as emitLoss,
  softmaxCrossEntropyGradient,
} from "../../kernels/softmax.ts";
import { rearrange } from "../../kernels/rearrange.ts";
import { defineOperation, type Operation, type Shape, type Value } from "../tape.ts";
import { scale } from "./pointwise.ts";

interface Scoped {
  readonly scope?: string;
}
interface Smoothing {
  readonly labelSmoothing: number;
}

function rowsOf(shape: Shape): [rows: number, classes: number] {
  const classes = shape[shape.length - 1];
  return [sizeOf(shape) / classes, classes];
}

const softmaxOperation: Operation<null> = defineOperation<null>({
  name: "softmax",
  infer: ([x]) => {
    if (x.length < 1 || x[x.length - 1] < 1) throw new RangeError("there are no classes");
    return [x];
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x], outputs: [y] }) => emitSoftmax(e, ...rowsOf(x.shape), { x, y }),
});

/** Softmax over the last dimension, as `tf.nn.softmax`. */
export function softmax(x: Value, { scope }: Scoped = {}): Value {
  return x.tape.apply(softmaxOperation, [x], null, scope)[0];
}

const crossEntropyOperation: Operation<Smoothing> = defineOperation<Smoothing>({
  name: "softmaxCrossEntropy",
  dtypes: ["f32", "i32"],
  infer: ([logits, labels]) => {
    if (logits.length !== 2) throw new RangeError("the logits need 2 dimensions [n, classes]");
    if (labels.length !== 1 || labels[0] !== logits[0]) {
      throw new RangeError("there must be one label an example");
    }
    return [[logits[0]], logits];
  },
  gradient: ({ node, inputs: [, labels], outputs: [, probabilities], gradients: [dloss], attributes }) =>
    dloss
      ? dloss.tape.apply(crossEntropyGradient, [probabilities, labels, dloss], attributes, node.scope)
      : [],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [logits, labels], outputs: [losses, probabilities], attributes }) =>
    emitLoss(e, ...rowsOf(logits.shape), attributes.labelSmoothing, {
      logits,
      labels,
      losses,
      probabilities,
    }),
});

const crossEntropyGradient: Operation<Smoothing> = defineOperation<Smoothing>({
  name: "softmaxCrossEntropyGradient",
  dtypes: ["f32", "i32", "f32"],
  infer: ([probabilities]) => [probabilities],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [probabilities, labels, dloss], outputs: [dlogits], attributes }) =>
    softmaxCrossEntropyGradient(e, ...rowsOf(dlogits.shape), attributes.labelSmoothing, {
      probabilities,
      labels,
      dloss,
      dlogits,
    }),
});

/**
 * Cross-entropy of each example between softmax of the logits and smoothed one-hot labels, as
 * `tf.losses.softmax_cross_entropy` before its mean: target = onehot * (1 - s) + s / classes.
 *
 * @param logits [n, classes]
 * @param labels class numbers [n], int32; a label outside [0, classes) counts as no class
 * @returns losses [n]
 */
export function softmaxCrossEntropy(
  logits: Value,
  labels: Value,
  { scope, labelSmoothing = 0 }: Scoped & Partial<Smoothing> = {},
): Value {
  return logits.tape.apply(crossEntropyOperation, [logits, labels], { labelSmoothing }, scope)[0];
}

const spreadOperation: Operation<{ shape: Shape }> = defineOperation<{ shape: Shape }>({
  name: "spread",
  infer: (_, { shape }) => [shape],
  lower: (e, { inputs: [x], outputs: [y] }) =>
    rearrange(e, x, y, { dims: [1, 1, 1, sizeOf(y.shape)], strides: [0, 0, 0, 0] }),
});

const meanOperation: Operation<null> = defineOperation<null>({
  name: "mean",
  infer: () => [[]],
  gradient: ({ node, inputs: [x], gradients: [dy] }) => [
    dy && dy.tape.apply(
      spreadOperation,
      [scale(dy, 1 / sizeOf(x.shape), { scope: node.scope })],
      { shape: x.shape },
      node.scope,
    )[0],
  ],
  lower: (e, { inputs: [x], outputs: [y] }) => {
    const count = sizeOf(x.shape);
    columnSum(e, count, 1, { x, y }, { factor: 1 / count });
  },
});

/** Mean of all elements, shape []. */
export function mean(x: Value, { scope }: Scoped = {}): Value {
  return x.tape.apply(meanOperation, [x], null, scope)[0];
}

const weightedSumOperation: Operation<null> = defineOperation<null>({
  name: "weightedSum",
  infer: ([x, weights]) => {
    if (x.join() !== weights.join()) throw new RangeError("there must be one weight an element");
    return [[]];
  },
  gradient: ({ node, inputs: [, weights], gradients: [dy], wanted }) => {
    if (wanted[1]) throw new TypeError(`Cannot differentiate ${node.scope}/weightedSum for its weights`);
    return [dy && scale(weights, 1, { by: dy, scope: node.scope })];
  },
  lower: (e, { inputs: [x, by], outputs: [y] }) => columnSum(e, sizeOf(x.shape), 1, { x, by, y }),
});

/** Sum of all elements, each times its weight, shape []. */
export function weightedSum(x: Value, weights: Value, { scope }: Scoped = {}): Value {
  return x.tape.apply(weightedSumOperation, [x, weights], null, scope)[0];
}

const l2Operation: Operation<{ factor: number }> = defineOperation<{ factor: number }>({
  name: "l2Loss",
  infer: () => [[]],
  gradient: ({ node, inputs: [w], gradients: [dy], attributes: { factor } }) => [
    dy && scale(w, factor, { by: dy, scope: node.scope }),
  ],
  batch: () => ({ outputs: "sum" }),
  lower: (e, { inputs: [w], outputs: [y], attributes: { factor } }) =>
    columnSum(e, sizeOf(w.shape), 1, { x: w, by: w, y }, { factor: factor / 2 }),
});

/** factor * sum(w^2) / 2, shape [], as `slim.l2_regularizer(factor)`. */
export function l2Loss(w: Value, factor: number, { scope }: Scoped = {}): Value {
  return w.tape.apply(l2Operation, [w], { factor }, scope)[0];
}
