/**
 * Depthwise 2-D convolution with its gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  depthwiseConv2d as emitForward,
  depthwiseConv2dInputGradient,
  depthwiseConv2dWeightGradient,
} from "../../kernels/depthwise_conv2d.ts";
import { rolls } from "../../kernels/depthwise_roll.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { slide, type Window, type WindowOptions } from "../../kernels/window.ts";
import { defineOperation, type Operation, type Shape, type Value } from "../tape.ts";
import type { Conv2dOptions } from "./conv2d.ts";

interface Attributes {
  readonly window: WindowOptions;
}
interface GradientAttributes extends Attributes {
  /** Shape of the result: that of the input or of the weights. */
  readonly shape: Shape;
}

function geometry(x: Shape, w: Shape, options: WindowOptions): Window {
  if (w.length !== 4) throw new RangeError("the weights need 4 dimensions [height, width, in, multiplier]");
  const g = slide(x, [w[0], w[1]], options);
  if (x[3] !== w[2]) throw new RangeError(`the input has ${x[3]} channels, the weights expect ${w[2]}`);
  return g;
}

const operation: Operation<Attributes> = defineOperation<Attributes>({
  name: "depthwiseConv2d",
  infer: ([x, w], { window }) => {
    const g = geometry(x, w, window);
    return [[g.n, ...g.out, w[2] * w[3]]];
  },
  gradient: ({ node, inputs: [x, w], gradients: [dy], attributes, wanted }) => [
    wanted[0] && dy
      ? x.tape.apply(inputGradient, [w, dy], { ...attributes, shape: x.shape }, node.scope)[0]
      : undefined,
    wanted[1] && dy
      ? x.tape.apply(weightGradient, [x, dy], { ...attributes, shape: w.shape }, node.scope)[0]
      : undefined,
  ],
  macs: ([, w], [y]) => sizeOf(y) * w[0] * w[1],
  batch: () => ({ shared: [1], outputs: "map" }),
  lower: (e, { inputs: [x, w], outputs: [y], attributes, epilogue }) =>
    emitForward(e, geometry(x.shape, w.shape, attributes.window), w.shape[3], { x, w, ...epilogue, y }),
  epilogue: ([x, w], { window }) => rolls(geometry(x, w, window), w[3]) ? "channels" : undefined,
});

const inputGradient: Operation<GradientAttributes> = defineOperation<GradientAttributes>({
  name: "depthwiseConv2dInputGradient",
  infer: (_, { shape }) => [shape],
  batch: () => ({ shared: [0], outputs: "map" }),
  lower: (e, { inputs: [w, dy], outputs: [dx], attributes }) =>
    depthwiseConv2dInputGradient(e, geometry(dx.shape, w.shape, attributes.window), w.shape[3], {
      w,
      dy,
      dx,
    }),
});

const weightGradient: Operation<GradientAttributes> = defineOperation<GradientAttributes>({
  name: "depthwiseConv2dWeightGradient",
  infer: (_, { shape }) => [shape],
  batch: () => ({ outputs: "sum" }),
  lower: (e, { inputs: [x, dy], outputs: [dw], attributes }) =>
    depthwiseConv2dWeightGradient(e, geometry(x.shape, dw.shape, attributes.window), dw.shape[3], {
      x,
      dy,
      dw,
    }),
});

/**
 * Depthwise 2-D convolution, as `tf.nn.depthwise_conv2d`: output channel c * multiplier + q is input channel c convolved
 * with w[..., c, q].
 *
 * @param x images [n, height, width, channels]
 * @param w weights [window height, window width, channels, multiplier]
 * @returns [n, out height, out width, channels * multiplier]
 * @throws {RangeError} where shapes do not fit or the output would be empty
 */
export function depthwiseConv2d(x: Value, w: Value, { scope, ...window }: Conv2dOptions = {}): Value {
  return x.tape.apply(operation, [x, w], { window }, scope)[0];
}
