/**
 * The nodes of ONNX that stand for each operation of the tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { LrnOptions } from "../../kernels/local_response_normalization.ts";
import type { ResizeOptions } from "../../kernels/resize.ts";
import { type Pair, slide, type WindowOptions } from "../../kernels/window.ts";
import type { Margins } from "../../tape/ops/arrange.ts";
import type { Node, Shape, Value } from "../../tape/tape.ts";
import { type Context, convolution, givenNormalization, product, windowAttributes } from "./dense.ts";
import { type Attributes, isGiven, onnxShape } from "./graph.ts";

/** Adds the nodes of an operation. */
type Rule = (node: Node, context: Context) => void;

/** Name of an operand, whichever way it comes. */
function operand({ graph }: Context, value: Value): string {
  return isGiven(value) ? graph.variable(value) : graph.nameOf(value);
}

/** One node with the same operands. */
function same(opType: string, attributes: (node: Node) => Attributes = () => ({})): Rule {
  return (node, c) =>
    c.graph.define(
      node.outputs[0],
      opType,
      node.inputs.map((v) => operand(c, v)),
      attributes(node),
      node.scope,
    );
}

/** The dimension of ONNX that the tape's last one is. */
const lastAxis = (node: Node): Attributes => {
  const rank = node.outputs[0].shape.length;
  return { axis: rank === 4 ? 1 : rank - 1 };
};

const pool = (opType: string, whole: string): Rule => (node, c) => {
  const { inputs: [x], outputs: [y], attributes, scope } = node, { graph } = c;
  const { kernel, ...options } = attributes as WindowOptions & { kernel: Pair };
  const window = slide(x.shape, kernel, options), { dilations, ...rest } = windowAttributes(window);
  const isWhole = window.out.every((size) => size === 1) &&
    window.kernel.every((size, i) => size === window.size[i]);
  if (isWhole && options.padding === "VALID") return graph.define(y, whole, [graph.nameOf(x)], {}, scope);
  const isDilated = window.rate.some((rate) => rate > 1);
  if (opType === "AveragePool" && isDilated) {
    throw new TypeError(`Cannot export ${y.label} to ONNX: its average pooling has no rate, this has one`);
  }
  const only: Attributes = opType === "MaxPool" ? { dilations } : { count_include_pad: 0 };
  graph.define(y, opType, [graph.nameOf(x)], { ...rest, ...only }, scope);
};

const batchNormalization: Rule = (node, c) => {
  const { inputs: [x], outputs: [y], scope } = node, found = givenNormalization(node), { graph } = c;
  if (!found) {
    throw new TypeError(`Cannot export ${y.label} to ONNX: its mean and variance are no variables`);
  }
  const { mean, variance, gamma, beta, epsilon } = found, channels = mean.shape;
  const filled = (name: string, value: number) =>
    graph.tensor(`${scope}/${name}`, channels, () => new Float32Array(channels[0]).fill(value));
  const vectors = [
    gamma ? graph.variable(gamma) : filled("gamma", 1),
    beta ? graph.variable(beta) : filled("beta", 0),
    graph.variable(mean),
    graph.variable(variance),
  ];
  graph.define(
    y,
    "BatchNormalization",
    [graph.nameOf(x), ...vectors],
    { epsilon: { float: epsilon } },
    scope,
  );
};

/** x + bias where no product took it in: one value a channel, broadcast over the rest. */
const biasAdd: Rule = (node, c) => {
  const { inputs: [x, bias], outputs: [y], scope } = node, { graph } = c;
  let name = operand(c, bias);
  if (x.shape.length === 4) {
    const shape = graph.integers([bias.shape[0], 1, 1]);
    name = graph.step(scope, "Reshape", [name, shape]);
  }
  graph.define(y, "Add", [graph.nameOf(x), name], {}, scope);
};

const add: Rule = (node, c) => {
  const { inputs: [a, b], outputs: [y], attributes, scope } = node, { graph } = c;
  const { factor } = attributes as { factor: number };
  const second = operand(c, b),
    scaled = factor === 1 ? second : graph.step(scope, "Mul", [second, graph.floats(factor)]);
  graph.define(y, "Add", [operand(c, a), scaled], {}, scope);
};

const scale: Rule = (node, c) => {
  const { inputs: [x, by], outputs: [y], attributes, scope } = node, { graph } = c;
  const { factor } = attributes as { factor: number };
  const times = by ? [graph.step(scope, "Mul", [operand(c, by), graph.floats(factor)])] : [];
  graph.define(y, "Mul", [operand(c, x), ...times, ...by ? [] : [graph.floats(factor)]], {}, scope);
};

/** Operands of `Clip` for min(max(x, 0), 6). */
const zeroToSix = ({ graph }: Context, x: string): string[] => [x, graph.floats(0), graph.floats(6)];

/** relu6(x + 3) * 0.16667, where ONNX's `HardSigmoid` would stop at 1. */
const hardSigmoid: Rule = (node, c) => {
  const { inputs: [x], outputs: [y], scope } = node, { graph } = c;
  const sum = graph.step(scope, "Add", [graph.nameOf(x), graph.floats(3)]);
  const bounded = graph.step(scope, "Clip", zeroToSix(c, sum));
  graph.define(y, "Mul", [bounded, graph.floats(0.16667)], {}, scope);
};

/** ONNX divides alpha by the window. */
const localResponseNormalization = same("LRN", ({ attributes }) => {
  const { depthRadius, bias, alpha, beta } = attributes as LrnOptions, size = 2 * depthRadius + 1;
  return { size, bias: { float: bias }, alpha: { float: alpha * size }, beta: { float: beta } };
});

const pad: Rule = ({ inputs: [x], outputs: [y], attributes, scope }, { graph }) => {
  const { top, left, bottom, right } = attributes as Required<Margins>;
  graph.define(
    y,
    "Pad",
    [graph.nameOf(x), graph.integers([0, 0, top, left, 0, 0, bottom, right])],
    {},
    scope,
  );
};

const crop: Rule = ({ inputs: [x], outputs: [y], attributes, scope }, { graph }) => {
  const { top, left, bottom, right } = attributes as Required<Margins>, [, h, w] = x.shape;
  const ranges = [[top, left], [h - bottom, w - right], [2, 3]].map((v) => graph.integers(v));
  graph.define(y, "Slice", [graph.nameOf(x), ...ranges], {}, scope);
};

const slice: Rule = ({ inputs: [x], outputs: [y], attributes, scope }, { graph }) => {
  const { first, columns } = attributes as { first: number; columns: number }, rank = x.shape.length;
  const ranges = [[first], [first + columns], [rank === 4 ? 1 : rank - 1]].map((v) => graph.integers(v));
  graph.define(y, "Slice", [graph.nameOf(x), ...ranges], {}, scope);
};

/** The order of the tape between the orders of ONNX. */
const transpose: Rule = ({ inputs: [x], outputs: [y], attributes, scope }, { graph }) => {
  const { order } = attributes as { order: readonly number[] }, places = onnxShape(order.map((_, d) => d));
  const perm = places.map((d) => places.indexOf(order[d]));
  graph.define(y, "Transpose", [graph.nameOf(x)], { perm }, scope);
};

/** Whether images lie alike in both orders. */
const isPlain = (shape: Shape) => shape.length !== 4 || shape[3] === 1 || shape[1] * shape[2] === 1;

/** The same values under another shape; the first dimension follows the batch. */
const reshape: Rule = (node, c) => {
  const { inputs: [x], outputs: [y], scope } = node, { graph } = c;
  const sizes = (shape: Shape) => graph.integers([-1, ...shape.slice(1)]);
  const isOnlyMultiplied = () =>
    !graph.isOutput(y) && c.users(y).every(({ operation, inputs: [a, b], attributes }) => {
      const isProduct = operation.name === "matmul" && a === y && isGiven(b);
      return isProduct && !Object.values(attributes as Record<string, boolean>).includes(true);
    });
  let name = operand(c, x);
  if (!isPlain(x.shape)) {
    if (y.shape.length === 2 && y.shape[0] === x.shape[0] && isOnlyMultiplied()) {
      c.flattened.set(y, x.shape.slice(1));
      return graph.define(y, "Flatten", [name], { axis: 1 }, scope);
    }
    name = graph.step(scope, "Transpose", [name], { perm: [0, 2, 3, 1] });
  }
  if (isPlain(y.shape)) return graph.define(y, "Reshape", [name, sizes(onnxShape(y.shape))], {}, scope);
  const images = graph.step(scope, "Reshape", [name, sizes(y.shape)]);
  graph.define(y, "Transpose", [images], { perm: [0, 3, 1, 2] }, scope);
};

/** A factor that makes `to` of `from`, however it is rounded on the way. */
function factorOf(from: number, to: number): number {
  const factor = Float32Array.of(to / from), bits = new Uint32Array(factor.buffer);
  while (factor[0] * from < to || Math.fround(factor[0] * from) < to) bits[0]++;
  return factor[0];
}

const resizeBilinear: Rule = ({ inputs: [x], outputs: [y], attributes, scope }, { graph }) => {
  const { alignCorners, halfPixelCenters } = attributes as ResizeOptions;
  const factors = [1, 1, factorOf(x.shape[1], y.shape[1]), factorOf(x.shape[2], y.shape[2])];
  graph.define(y, "Resize", [graph.nameOf(x), "", graph.floats(factors)], {
    mode: "linear",
    coordinate_transformation_mode: alignCorners
      ? "align_corners"
      : halfPixelCenters
      ? "half_pixel"
      : "asymmetric",
  }, scope);
};

/** By the operations' names. */
export const rules: Readonly<Record<string, Rule>> = {
  conv2d: convolution,
  depthwiseConv2d: convolution,
  matmul: product,
  biasAdd,
  batchNormInference: batchNormalization,
  localResponseNormalization,
  maxPool2d: pool("MaxPool", "GlobalMaxPool"),
  avgPool2d: pool("AveragePool", "GlobalAveragePool"),
  relu: same("Relu"),
  relu6: (node, c) =>
    c.graph.define(node.outputs[0], "Clip", zeroToSix(c, c.graph.nameOf(node.inputs[0])), {}, node.scope),
  sigmoid: same("Sigmoid"),
  hardSwish: same("HardSwish"),
  hardSigmoid,
  softmax: same("Softmax", lastAxis),
  add,
  scale,
  multiply: same("Mul"),
  gate: same("Mul"),
  concat: same("Concat", lastAxis),
  pad,
  crop,
  slice,
  transpose,
  reshape,
  resizeBilinear,
};
