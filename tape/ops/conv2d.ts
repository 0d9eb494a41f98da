/**
 * 2-D convolution with its gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { conv2d as emitForward } from "../../kernels/conv2d.ts";
import { conv2dInputGradient, conv2dWeightGradient } from "../../kernels/conv2d_gradients.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { pair, slide, type Window, type WindowOptions } from "../../kernels/window.ts";
import { defineOperation, type Node, type Operation, type Shape, type Value } from "../tape.ts";
import type { Margins } from "./arrange.ts";

interface Attributes {
  readonly window: WindowOptions;
}
interface GradientAttributes extends Attributes {
  /** Shape of the result: that of the input or of the weights. */
  readonly shape: Shape;
}

/** Options of {@linkcode conv2d}. */
export interface Conv2dOptions extends WindowOptions {
  readonly scope?: string;
}

function geometry(x: Shape, w: Shape, options: WindowOptions): Window {
  if (w.length !== 4) throw new RangeError("the weights need 4 dimensions [height, width, in, out]");
  const g = slide(x, [w[0], w[1]], options);
  if (x[3] !== w[2]) throw new RangeError(`the input has ${x[3]} channels, the weights expect ${w[2]}`);
  return g;
}

const operation: Operation<Attributes> = defineOperation<Attributes>({
  name: "conv2d",
  infer: ([x, w], { window }) => {
    const g = geometry(x, w, window);
    return [[g.n, ...g.out, w[3]]];
  },
  gradient: ({ node, inputs: [x, w], gradients: [dy], attributes, wanted }) => [
    wanted[0] && dy
      ? x.tape.apply(inputGradient, [w, dy], { ...attributes, shape: x.shape }, node.scope)[0]
      : undefined,
    wanted[1] && dy
      ? x.tape.apply(weightGradient, [x, dy], { ...attributes, shape: w.shape }, node.scope)[0]
      : undefined,
  ],
  lower: (e, { inputs: [x, w], outputs: [y], attributes, epilogue, isSensitive }) =>
    emitForward(e, geometry(x.shape, w.shape, attributes.window), w.shape[3], {
      x,
      w,
      ...epilogue,
      y,
      isSensitive,
    }),
  macs: ([, w], [y]) => sizeOf(y) * sizeOf(w.slice(0, 3)),
  batch: () => ({ shared: [1], outputs: "map" }),
  epilogue: () => "all",
});

const inputGradient: Operation<GradientAttributes> = defineOperation<GradientAttributes>({
  name: "conv2dInputGradient",
  infer: (_, { shape }) => [shape],
  batch: () => ({ shared: [0], outputs: "map" }),
  lower: (e, { inputs: [w, dy], outputs: [dx], attributes }) =>
    conv2dInputGradient(e, geometry(dx.shape, w.shape, attributes.window), w.shape[3], { w, dy, dx }),
});

const weightGradient: Operation<GradientAttributes> = defineOperation<GradientAttributes>({
  name: "conv2dWeightGradient",
  infer: (_, { shape }) => [shape],
  batch: () => ({ outputs: "sum" }),
  lower: (e, { inputs: [x, dy], outputs: [dw], attributes }) =>
    conv2dWeightGradient(e, geometry(x.shape, dw.shape, attributes.window), dw.shape[3], { x, dy, dw }),
});

/** Whether an operation is the gradient of a convolution for its weights. */
export function isWeightGradient(operation: Operation<unknown>): boolean {
  return operation === weightGradient as Operation<unknown>;
}

/**
 * A convolution of `padded`, or its gradient for the weights, as one of `x`, which has `margins` less: its windows leave the image.
 * Undefined where the node is no such thing, has padding already, or would have windows beside the image.
 */
export function withPadding(
  node: Node,
  padded: Value,
  margins: Required<Margins>,
  x: Value,
): Node | undefined {
  const isOurs = [operation, weightGradient].some((ours) => node.operation === ours as Operation<unknown>);
  if (!isOurs || node.inputs[0] !== padded || node.inputs[1] === padded) return;
  const attributes = node.attributes as Attributes, { window } = attributes;
  const { top, bottom, left, right } = margins, rate = pair(window.rate ?? 1);
  const [height, width] = node.operation === operation as Operation<unknown>
    ? node.inputs[1].shape
    : node.outputs[0].shape;
  const fits = Math.max(top, bottom) <= (height - 1) * rate[0] &&
    Math.max(left, right) <= (width - 1) * rate[1];
  if (window.padding !== "VALID" || !fits) return;
  const padding = [[top, bottom], [left, right]] as const;
  return {
    ...node,
    inputs: [x, node.inputs[1]],
    attributes: { ...attributes, window: { ...window, padding } },
  };
}

/**
 * 2-D convolution, as `tf.nn.conv2d` (a cross-correlation).
 *
 * @param x images [n, height, width, in]
 * @param w weights [window height, window width, in, out]
 * @returns [n, out height, out width, out]
 * @throws {RangeError} where shapes do not fit or the output would be empty
 */
export function conv2d(x: Value, w: Value, { scope, ...window }: Conv2dOptions = {}): Value {
  return x.tape.apply(operation, [x, w], { window }, scope)[0];
}
