/**
 * What TensorFlow's graphs have for each operation of the tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import type { LrnOptions } from "../../kernels/local_response_normalization.ts";
import { type Pair, pair, type WindowOptions } from "../../kernels/window.ts";
import type { Margins } from "../../tape/ops/arrange.ts";
import type { Node, Value } from "../../tape/tape.ts";
import { batchNorm } from "./batch_norm.ts";
import { type Attributes, floats } from "./builder.ts";
import { addDropout, addDropPath } from "./dropout.ts";
import { isPlainSoftmax, isScaled } from "./names.ts";
import type { Translation } from "./translation.ts";

/** Adds the nodes of an operation; returns the name of its first output. */
export type Rule = (t: Translation, node: Node) => string;

const int32 = attributeOf.dtype("int32");
const channelsLast = { ...floats, data_format: attributeOf.text("NHWC") };

/** One node with the same operands. */
const same = (op: string, attributes: Attributes = floats): Rule => (t, { scope, inputs }) =>
  t.add(op, scope, inputs, attributes);

/** What windowed operations have in common. */
function windowed({ stride = 1, padding = "SAME" }: WindowOptions): Attributes {
  const isExplicit = typeof padding !== "string";
  return {
    ...channelsLast,
    strides: attributeOf.integers([1, ...pair(stride), 1]),
    padding: attributeOf.text(isExplicit ? "EXPLICIT" : padding),
    explicit_paddings: attributeOf.integers(isExplicit ? [0, 0, ...padding.flat(), 0, 0] : []),
  };
}

function convolved(window: WindowOptions): Attributes {
  return { ...windowed(window), dilations: attributeOf.integers([1, ...pair(window.rate ?? 1), 1]) };
}

/** A convolution; the pointwise half of a separable one has the name of the whole. */
const conv2d: Rule = (t, { scope, inputs: [x, w], attributes }) => {
  const { window } = attributes as { window: WindowOptions };
  const isPointwise = w.label.endsWith("/pointwise_weights");
  const options = isPointwise ? { ...window, padding: "VALID" as const } : window;
  const device = { use_cudnn_on_gpu: attributeOf.boolean(true) };
  t.nameOf(w);
  return t.add(
    "Conv2D",
    scope,
    [x, w],
    { ...convolved(options), ...device },
    isPointwise ? "separable_conv2d" : "Conv2D",
  );
};

const depthwiseConv2d: Rule = (t, { scope, inputs: [x, w], attributes }) => {
  const { window } = attributes as { window: WindowOptions };
  const isSeparable = t.variable(`${scope}/pointwise_weights`) !== undefined;
  const inner = `${scope}/${isSeparable ? "separable_conv2d" : "depthwise"}`;
  t.nameOf(w);
  t.integers(inner, "Shape", w.shape);
  t.integers(inner, "dilation_rate", pair(window.rate ?? 1));
  const name = isSeparable ? "separable_conv2d/depthwise" : "depthwise";
  if (pair(window.rate ?? 1).some((rate) => rate > 1)) {
    throw new TypeError(`Cannot export ${scope}: TensorFlow's depthwise convolution has no rate`);
  }
  return t.add("DepthwiseConv2dNative", scope, [x, w], convolved(window), name);
};

/** Pooling. TF's has no rate, and none of the nets asks for one. */
const pool = (op: "MaxPool" | "AvgPool"): Rule => (t, node) => {
  const { scope, inputs: [x], attributes } = node;
  const { kernel, mean, ...window } = attributes as WindowOptions & {
    kernel: Pair;
    mean?: { keepDims: boolean };
  };
  if (mean) {
    const axes = t.integers(scope, "reduction_indices", [1, 2]);
    const attributes = { ...floats, Tidx: int32, keep_dims: attributeOf.boolean(mean.keepDims) };
    return t.add("Mean", scope, [x, axes], attributes, "");
  }
  if (pair(window.rate ?? 1).some((rate) => rate > 1)) {
    throw new TypeError(`Cannot export ${node.outputs[0].label}: TensorFlow's ${op} has no rate`);
  }
  const { explicit_paddings, ...rest } = windowed(window), explicit: Attributes = { explicit_paddings };
  if (op === "AvgPool" && window.padding && typeof window.padding !== "string") {
    throw new TypeError(`Cannot export ${node.outputs[0].label}: TensorFlow's ${op} has no explicit padding`);
  }
  const ksize = attributeOf.integers([1, ...pair(kernel), 1]);
  return t.add(op, scope, [x], { ...rest, ksize, ...op === "MaxPool" ? explicit : {} });
};

const matmul: Rule = (t, { scope, inputs, attributes }) => {
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  t.nameOf(inputs[1]);
  return t.add("MatMul", scope, inputs, {
    ...floats,
    transpose_a: attributeOf.boolean(transposeA),
    transpose_b: attributeOf.boolean(transposeB),
  });
};

const reshaping: Attributes = { ...floats, Tshape: int32 };

const reshape: Rule = (t, { scope, inputs: [x], outputs: [y], attributes }) => {
  const { kind } = attributes as { kind?: "squeeze" | "flatten" | "none" };
  switch (kind) {
    case "none":
      return t.nameOf(x);
    case "squeeze":
      return t.add("Squeeze", scope, [x], { ...floats, squeeze_dims: attributeOf.integers([1, 2]) }, "");
    case "flatten": {
      const inner = `${scope}/flatten`, shape = t.integers(inner, "Const", [-1, y.shape[1]]);
      return t.add("Reshape", inner, [x, shape], reshaping);
    }
    default:
      return t.add("Reshape", scope, [x, t.integers(`${scope}/Reshape`, "shape", t.shapeOf(y))], reshaping);
  }
};

/** `slim.softmax`, which takes any rank: rows first, then the shape that it had. */
const softmax: Rule = (t, { scope, inputs: [x] }) => {
  if (isPlainSoftmax(scope)) return t.add("Softmax", scope, [x], floats, "");
  const classes = x.shape[x.shape.length - 1];
  const rows = t.integers(`${scope}/Reshape`, "shape", [-1, classes]);
  const flat = t.add("Reshape", scope, [x, rows], reshaping);
  const y = t.add("Softmax", scope, [flat]);
  return t.add("Reshape", scope, [y, t.addShape(scope, x)], reshaping);
};

/** a + factor * b. */
const add: Rule = (t, { scope, inputs: [a, b], attributes }) => {
  const { factor } = attributes as { factor: number };
  const isTimes = factor !== 1 || isScaled(scope);
  return t.add("AddV2", scope, [a, isTimes ? times(t, scope, b, factor) : b], floats, "add");
};

function times(t: Translation, scope: string, x: Value | string, factor: number, name = "mul"): string {
  return t.add("Mul", scope, [x, t.filled(`${scope}/${name}`, "y", factor)], floats, name);
}

const scale: Rule = (t, { scope, inputs: [x, by], attributes }) => {
  if (by) throw new TypeError(`Cannot export ${scope}/scale: it is no part of a net, but of its training`);
  return times(t, scope, x, (attributes as { factor: number }).factor);
};

/** max(0, min(6, x + 3)). */
function shifted(t: Translation, scope: string, x: Value): string {
  const sum = t.add("AddV2", scope, [x, t.filled(`${scope}/add`, "y", 3)], floats, "add");
  return t.add("Relu6", scope, [sum]);
}

const hardSwish: Rule = (t, { scope, inputs: [x] }) => {
  const inner = `${scope}/hard_swish`;
  return times(t, inner, t.add("Mul", inner, [x, shifted(t, inner, x)], floats, "mul"), 1 / 6, "mul_1");
};

/** With the rounded sixth of TF-Slim's MobileNet v3. */
const hardSigmoid: Rule = (t, { scope, inputs: [x] }) => times(t, scope, shifted(t, scope, x), 0.16667);

const concat: Rule = (t, { scope, inputs, outputs: [y] }) => {
  const axis = t.integers(`${scope}/concat`, "axis", [y.shape.length - 1], []);
  const attributes = { ...floats, N: attributeOf.integer(inputs.length), Tidx: int32 };
  return t.add("ConcatV2", scope, [...inputs, axis], attributes, "concat");
};

const pad: Rule = (t, { scope, inputs: [x], attributes }) => {
  const { top, bottom, left, right } = attributes as Required<Margins>;
  const paddings = t.integers(`${scope}/Pad`, "paddings", [0, 0, top, bottom, left, right, 0, 0], [4, 2]);
  return t.add("Pad", scope, [x, paddings], { ...floats, Tpaddings: int32 });
};

const crop: Rule = (t, { scope, inputs: [x], attributes }) => {
  const { top, bottom, left, right } = attributes as Required<Margins>;
  return t.addSlice(scope, x, [0, top, left, 0], [0, -bottom, -right, 0]);
};

const localResponseNormalization: Rule = (t, { scope, inputs: [x], attributes }) => {
  const { depthRadius, bias, alpha, beta } = attributes as LrnOptions;
  const numbers = {
    bias: attributeOf.float(bias),
    alpha: attributeOf.float(alpha),
    beta: attributeOf.float(beta),
  };
  return t.add(
    "LRN",
    scope,
    [x],
    { ...floats, depth_radius: attributeOf.integer(depthRadius), ...numbers },
    "",
  );
};

/** By the tape's names of operations. */
export const rules: Readonly<Record<string, Rule>> = {
  conv2d,
  depthwiseConv2d,
  matmul,
  biasAdd: same("BiasAdd", channelsLast),
  batchNorm,
  batchNormInference: batchNorm,
  relu: same("Relu"),
  relu6: same("Relu6"),
  sigmoid: same("Sigmoid"),
  hardSwish,
  hardSigmoid,
  maxPool2d: pool("MaxPool"),
  avgPool2d: pool("AvgPool"),
  localResponseNormalization,
  reshape,
  softmax,
  concat,
  pad,
  crop,
  add,
  scale,
  gate: (t, { scope, inputs }) => t.add("Mul", scope, inputs, floats, "mul"),
  dropout: addDropout,
  dropPath: addDropPath,
};
