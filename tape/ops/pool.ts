/**
 * Max and average pooling with their gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Activation } from "../../kernels/epilogue.ts";
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from "../../kernels/pool.ts";
import { type Pair, slide, type Window, type WindowOptions } from "../../kernels/window.ts";
import { defineOperation, type Operation, type Shape, type Value } from "../tape.ts";

interface Attributes extends WindowOptions {
  readonly kernel: Pair;
  readonly mean?: { readonly keepDims: boolean };
}

/** Options of the pooling operations; as in TF-Slim, padding is "VALID" and the stride 2 unless said otherwise. */
export interface Pool2dOptions extends WindowOptions {
  /** Given where TF-Slim has `reduce_mean` over height and width instead; without `keepDims` a reshape follows. */
  readonly mean?: { readonly keepDims: boolean };
  readonly scope?: string;
}

function outShape(g: Window): Shape[] {
  return [[g.n, ...g.out, g.channels]];
}

const maxOperation: Operation<Attributes> = defineOperation<Attributes>({
  name: "maxPool2d",
  infer: ([x], a) => outShape(slide(x, a.kernel, a)),
  gradient: ({ node, inputs: [x], gradients: [dy], attributes }) =>
    dy ? x.tape.apply(maxGradient, [x, dy], attributes, node.scope) : [],
  batch: () => ({ outputs: "map" }),
  channelwise: true,
  lower: (e, { inputs: [x], outputs: [y], attributes: a }) =>
    maxPool(e, slide(x.shape, a.kernel, a), { x, y }),
});

/** `activation`: what x comes from, if dx is the gradient for what that gets. */
type MaxGradientAttributes = Attributes & { readonly activation?: Activation };

const maxGradient: Operation<MaxGradientAttributes> = defineOperation<MaxGradientAttributes>({
  name: "maxPool2dGradient",
  infer: ([x]) => [x],
  batch: () => ({ outputs: "map" }),
  channelwise: true,
  lower: (e, { inputs: [x, dy], outputs: [dx], attributes: a }) =>
    maxPoolGradient(e, slide(x.shape, a.kernel, a), a.activation ?? "none", { x, dy, dx }),
});

/**
 * Where `dy` is max pooling's gradient for the output `y` of an activation: the gradient for the activation's input, which the
 * same kernels compute. What a window wins is all of its gradient, so the activation passes on whole windows.
 */
export function maxPoolGradientThrough(activation: Activation, y: Value, dy: Value): Value | undefined {
  const { operation, inputs, attributes, scope } = dy.node ?? {};
  if (operation !== maxGradient as Operation<unknown> || inputs![0] !== y) return;
  return y.tape.apply(maxGradient, inputs!, { ...attributes as Attributes, activation }, scope)[0];
}

const averageOperation: Operation<Attributes> = defineOperation<Attributes>({
  name: "avgPool2d",
  infer: ([x], a) => outShape(slide(x, a.kernel, a)),
  gradient: ({ node, inputs: [x], gradients: [dy], attributes }) =>
    dy ? x.tape.apply(averageGradient, [dy], { ...attributes, shape: x.shape }, node.scope) : [],
  batch: () => ({ outputs: "map" }),
  channelwise: true,
  lower: (e, { inputs: [x], outputs: [y], attributes: a }) =>
    averagePool(e, slide(x.shape, a.kernel, a), { x, y }),
});

const averageGradient: Operation<Attributes & { shape: Shape }> = defineOperation<
  Attributes & { shape: Shape }
>({
  name: "avgPool2dGradient",
  infer: (_, { shape }) => [shape],
  batch: () => ({ outputs: "map" }),
  channelwise: true,
  lower: (e, { inputs: [dy], outputs: [dx], attributes: a }) =>
    averagePoolGradient(e, slide(dx.shape, a.kernel, a), { dy, dx }),
});

function pool(operation: Operation<Attributes>, x: Value, kernel: Pair, options: Pool2dOptions): Value {
  const { scope, stride = 2, rate = 1, padding = "VALID", mean } = options;
  return x.tape.apply(operation, [x], { kernel, stride, rate, padding, mean }, scope)[0];
}

/**
 * Max pooling, as `slim.max_pool2d`. Padding never wins; in the gradient the first of equal values wins.
 *
 * @param x [n, height, width, channels]
 * @param kernel window size
 * @returns [n, out height, out width, channels]
 * @throws {RangeError} where the output would be empty
 */
export function maxPool2d(x: Value, kernel: Pair, options: Pool2dOptions = {}): Value {
  return pool(maxOperation, x, kernel, options);
}

/**
 * Average pooling, as `slim.avg_pool2d`: cells in the padding count neither in the sum nor in the divisor.
 *
 * @param x [n, height, width, channels]
 * @param kernel window size
 * @returns [n, out height, out width, channels]
 * @throws {RangeError} where the output would be empty
 */
export function avgPool2d(x: Value, kernel: Pair, options: Pool2dOptions = {}): Value {
  return pool(averageOperation, x, kernel, options);
}
