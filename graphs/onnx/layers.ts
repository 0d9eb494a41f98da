/**
 * ONNX's products, normalizations, means and softmax on the tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { permute } from "../../formats/permute.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { batchNormInference } from "../../tape/ops/batch_norm.ts";
import { softmax } from "../../tape/ops/losses.ts";
import { localResponseNormalization } from "../../tape/ops/lrn.ts";
import { matmul } from "../../tape/ops/matmul.ts";
import { biasAdd, reshape, scale } from "../../tape/ops/pointwise.ts";
import { avgPool2d } from "../../tape/ops/pool.ts";
import type { Value } from "../../tape/tape.ts";
import type { OnnxNode } from "./node.ts";
import {
  type Activation,
  arranged,
  type Constant,
  imageAxes,
  images,
  plain,
  plainAxes,
  shapeOf,
  withLast,
} from "./operand.ts";
import { axesOf } from "./shapes.ts";

const ofPlain = (value: Value): Activation => ({
  kind: "activation",
  value,
  axes: plainAxes(value.shape.length),
});

/** A constant [inputs, outputs] as a variable, turned round where it is [outputs, inputs]. */
function matrix(node: OnnxNode, weights: Constant, isTransposed: boolean): Value {
  const { shape } = weights;
  if (shape.length !== 2) throw new TypeError(`its weights [${shape}] are no matrix`);
  if (!isTransposed) return node.around.variable(weights);
  const turned = {
    key: "transposed",
    shape: [shape[1], shape[0]],
    apply: (v: Float32Array) => permute(v, shape, [1, 0]),
  };
  return node.around.variable(weights, turned);
}

/** One value for each output: a list, or what is spread to one. */
function summands(node: OnnxNode, outputs: number, factor: number): Value {
  const constant = node.constant(2), { shape } = constant, count = sizeOf(shape);
  if (shape.at(-1) === outputs && count === outputs && factor === 1) {
    return node.around.variable(constant, { key: "list", shape: [outputs], apply: (v) => v });
  }
  if (count !== 1 && !(count === outputs && shape.at(-1) === outputs)) {
    throw new TypeError(`its summands [${shape}] are not one for each of ${outputs} outputs`);
  }
  const values = Float32Array.from(constant.read());
  const all = Float32Array.from({ length: outputs }, (_, i) => factor * values[count === 1 ? 0 : i]);
  return node.around.tape.constant(all, [outputs]);
}

/** alpha * x * weights + beta * summands. */
function gemm(node: OnnxNode): Activation {
  const { scope } = node, alpha = node.float("alpha", 1);
  const x = plain(node.activation(0), scope),
    weights = matrix(node, node.constant(1), node.integer("transB", 0) === 1);
  let y = matmul(x, weights, { transposeA: node.integer("transA", 0) === 1, scope });
  if (alpha !== 1) y = scale(y, alpha, { scope });
  if (node.inputs[2]) y = biasAdd(y, summands(node, y.shape[1], node.float("beta", 1)), { scope });
  return ofPlain(y);
}

/** The product of the last dimension with a matrix. */
function product(node: OnnxNode): Activation {
  const { scope } = node,
    x = plain(node.activation(0), scope),
    weights = matrix(node, node.constant(1), false);
  if (x.shape.length === 2) return ofPlain(matmul(x, weights, { scope }));
  const inputs = x.shape[x.shape.length - 1],
    rows = reshape(x, [sizeOf(x.shape) / inputs, inputs], { scope });
  return ofPlain(
    reshape(matmul(rows, weights, { scope }), [...x.shape.slice(0, -1), weights.shape[1]], { scope }),
  );
}

function batchNormalization(node: OnnxNode): Activation {
  const { scope, around } = node, x = node.activation(0);
  if (node.integer("training_mode", 0) === 1) {
    throw new TypeError("it normalizes by the batch, as in training");
  }
  const [gamma, beta] = [1, 2].map((i) => around.variable(node.constant(i)));
  const [mean, variance] = [3, 4].map((i) => around.variable(node.constant(i), undefined, false));
  const axes = withLast(x, 1), epsilon = node.float("epsilon", 1e-5);
  const value = batchNormInference(arranged(x, axes, scope), { mean, variance, beta, gamma }, {
    epsilon,
    scope,
  });
  return { kind: "activation", value, axes };
}

function lrn(node: OnnxNode): Activation {
  const { scope } = node, size = node.integer("size", 0), alpha = node.float("alpha", 1e-4);
  if (size % 2 !== 1) throw new TypeError(`its size ${size} is not supported, only odd ones`);
  const value = localResponseNormalization(images(node.activation(0), scope), {
    depthRadius: (size - 1) / 2,
    bias: node.float("bias", 1),
    alpha: alpha / size,
    beta: node.float("beta", 0.75),
    scope,
  });
  return { kind: "activation", value, axes: imageAxes };
}

/** Mean over two dimensions of an image, such as height and width. */
function mean(node: OnnxNode): Activation {
  const { scope } = node, x = node.activation(0), rank = x.axes.length, shape = shapeOf(x);
  const axes = axesOf(node.numbers(1, "axes") ?? [], rank);
  if (rank !== 4 || axes.length !== 2 || axes.includes(0)) {
    throw new TypeError(
      `means over the dimensions [${axes}] of [${shape}] are not supported, only over height and width`,
    );
  }
  const kept = [1, 2, 3].filter((axis) => !axes.includes(axis)), order = [0, ...axes.toSorted(), ...kept];
  const value = arranged(x, order, scope), size = [value.shape[1], value.shape[2]] as const;
  const y = avgPool2d(value, size, { stride: 1, scope });
  if (node.integer("keepdims", 1) === 1) return { kind: "activation", value: y, axes: order };
  return ofPlain(reshape(y, [y.shape[0], y.shape[3]], { scope }));
}

/** Softmax over one dimension. Before version 13 it went over that one and all that follow. */
function normalized(node: OnnxNode): Activation {
  const { scope } = node, x = node.activation(0), shape = shapeOf(x), isOld = node.opset < 13;
  const [axis] = axesOf([node.integer("axis", isOld ? 1 : -1)], shape.length);
  if (isOld && shape.slice(axis + 1).some((size) => size !== 1)) {
    throw new TypeError(
      `a softmax over the last ${shape.length - axis} dimensions of [${shape}] is not supported`,
    );
  }
  const axes = withLast(x, axis);
  return { kind: "activation", value: softmax(arranged(x, axes, scope), { scope }), axes };
}

/** By the names of the operators. */
export const layerRules: Readonly<Record<string, (node: OnnxNode) => Activation>> = {
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  LRN: lrn,
  MatMul: product,
  ReduceMean: mean,
  Softmax: normalized,
};
