/**
 * ONNX's operators that take values one by one: activations, sums and products with broadcasting.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { TensorProto_DataType as Type } from "../../formats/onnx/onnx_pb.ts";
import { nameOfOnnxType } from "../../formats/onnx/tensor.ts";
import { hardSwish, relu, relu6, sigmoid } from "../../tape/ops/activations.ts";
import { batchNormInference } from "../../tape/ops/batch_norm.ts";
import { multiply } from "../../tape/ops/multiply.ts";
import { add, biasAdd, gate, scale } from "../../tape/ops/pointwise.ts";
import type { Shape, Value } from "../../tape/tape.ts";
import type { OnnxNode } from "./node.ts";
import { type Activation, arranged, type Constant, imageAxes, images, shapeOf, withLast } from "./operand.ts";

/** A vector on the tape, one value for each index of the last dimension. */
function vector(like: Value, values: Float32Array): Value {
  return like.tape.constant(values, [values.length]);
}

function filled(like: Value, value: number): Value {
  return vector(like, new Float32Array(like.shape[like.shape.length - 1]).fill(value));
}

/** x * factors + summands, each one value for each index of the last dimension. */
function affine(x: Value, factors: Float32Array, scope: string): Value {
  const variables = { mean: filled(x, 0), variance: filled(x, 1), gamma: vector(x, factors) };
  return batchNormInference(x, variables, { epsilon: 0, scope });
}

/** min(max(x, low), high) by way of the one bounded function that there is. */
function bounded(x: Value, low: number, high: number, scope: string): Value {
  if (low === 0 && high === 6) return relu6(x, { scope });
  if (low === 0 && high > 3e38) return relu(x, { scope });
  if (low < -3e38 && high > 3e38) return x;
  if (!(low < high) || low < -3e38 || high > 3e38) {
    throw new TypeError(`the bounds ${low} and ${high} are not supported`);
  }
  const factor = 6 / (high - low), shifted = low === 0 ? x : biasAdd(x, filled(x, -low), { scope });
  const y = scale(relu6(scale(shifted, factor, { scope }), { scope }), 1 / factor, { scope });
  return low === 0 ? y : biasAdd(y, filled(y, low), { scope });
}

/** An operator of one value, whatever the order of its dimensions. */
function unary(record: (x: Value, node: OnnxNode) => Value): (node: OnnxNode) => Activation {
  return (node) => {
    const x = node.activation(0);
    return { ...x, value: record(x.value, node) };
  };
}

function hardSigmoid(x: Value, node: OnnxNode): Value {
  const alpha = node.float("alpha", 0.2), beta = node.float("beta", 0.5), { scope } = node;
  return bounded(biasAdd(scale(x, alpha, { scope }), filled(x, beta), { scope }), 0, 1, scope);
}

/** Whether a shape is another one with its height and width, or all dimensions behind the channels, as 1. */
function isGateOf(gate: Shape, x: Shape): boolean {
  return x.length === 4 && gate.length === 4 && gate[0] === x[0] && gate[1] === x[1] &&
    gate[2] * gate[3] === 1;
}

function sum(a: Activation, b: Activation, factor: number, scope: string): Activation {
  if (shapeOf(a).join() !== shapeOf(b).join()) {
    throw new TypeError(`values of shapes [${shapeOf(a)}] and [${shapeOf(b)}] cannot be added`);
  }
  return { ...a, value: add(a.value, arranged(b, a.axes, scope), { factor, scope }) };
}

function product(a: Activation, b: Activation, scope: string): Activation {
  const [x, y] = [shapeOf(a), shapeOf(b)];
  if (x.join() === y.join()) return { ...a, value: multiply(a.value, arranged(b, a.axes, scope), { scope }) };
  if (isGateOf(x, y)) return product(b, a, scope);
  if (isGateOf(y, x)) {
    return {
      kind: "activation",
      axes: imageAxes,
      value: gate(images(a, scope), images(b, scope), { scope }),
    };
  }
  throw new TypeError(`values of shapes [${x}] and [${y}] cannot be multiplied`);
}

/**
 * A value and a constant that is spread over it: a single number, or one number for each index of one dimension, which is put
 * last.
 */
function spread(
  x: Activation,
  constant: Constant,
  scope: string,
): { axes: Activation["axes"]; value: Value; vector: Float32Array } {
  const shape = shapeOf(x), rank = shape.length, values = Float32Array.from(constant.read());
  const aligned = constant.shape.map((size, d) => ({ size, axis: d + rank - constant.shape.length }));
  const long = aligned.filter(({ size }) => size !== 1);
  const axis = long[0]?.axis ?? x.axes[rank - 1];
  if (long.length > 1 || (long.length === 1 && long[0].size !== shape[axis])) {
    throw new TypeError(`a constant of shape [${constant.shape}] cannot be spread over [${shape}]`);
  }
  const axes = withLast(x, axis), value = arranged(x, axes, scope);
  return { axes, value, vector: long.length > 0 ? values : new Float32Array(shape[axis]).fill(values[0]) };
}

/** `Add`, `Sub`, `Mul` and `Div` of two values, or of a value and a constant. */
function binary(node: OnnxNode): Activation {
  const { scope, opType, inputs: [first, second] } = node;
  if (first?.kind === "activation" && second?.kind === "activation") {
    if (opType === "Mul") return product(first, second, scope);
    if (opType === "Div") throw new TypeError("values cannot be divided by values");
    return sum(first, second, opType === "Sub" ? -1 : 1, scope);
  }
  const isFirst = first?.kind === "activation",
    x = node.activation(isFirst ? 0 : 1),
    constant = node.constant(isFirst ? 1 : 0);
  if (!isFirst && opType === "Div") throw new TypeError("constants cannot be divided by values");
  const { axes, value, vector: numbers } = spread(x, constant, scope);
  const isSingle = numbers.every((v) => v === numbers[0]);
  const times = (factors: Float32Array) =>
    isSingle ? scale(value, factors[0], { scope }) : affine(value, factors, scope);
  const plus = (to: Value, summands: Float32Array) => biasAdd(to, vector(to, summands), { scope });
  const results: Record<string, () => Value> = {
    Mul: () => times(numbers),
    Div: () => times(numbers.map((v) => 1 / v)),
    Add: () => plus(value, numbers),
    Sub: () => isFirst ? plus(value, numbers.map((v) => -v)) : plus(scale(value, -1, { scope }), numbers),
  };
  return { kind: "activation", axes, value: results[opType]() };
}

function sumOfAll(node: OnnxNode): Activation {
  const [first, ...rest] = node.inputs.map((_, i) => node.activation(i));
  return rest.reduce((total, x) => sum(total, x, 1, node.scope), first);
}

/** Types that a value may be cast to: all are float32 here. */
const floats: readonly Type[] = [Type.FLOAT, Type.FLOAT16, Type.BFLOAT16, Type.DOUBLE];

function cast(node: OnnxNode): Activation {
  const to = node.integer("to", Type.FLOAT);
  if (floats.includes(to)) return node.activation(0);
  throw new TypeError(`a value cannot be cast to ${nameOfOnnxType(to)}`);
}

function dropout(node: OnnxNode): Activation {
  if (node.numbers(2)?.[0]) throw new TypeError("it drops values, as in training");
  return node.activation(0);
}

/** By the names of the operators. */
export const elementwiseRules: Readonly<Record<string, (node: OnnxNode) => Activation>> = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Sum: sumOfAll,
  Cast: cast,
  Clip: unary((x, node) =>
    bounded(x, node.number(1, "min", -Infinity), node.number(2, "max", Infinity), node.scope)
  ),
  Dropout: dropout,
  HardSigmoid: unary(hardSigmoid),
  HardSwish: unary((x, { scope }) => hardSwish(x, { scope })),
  Identity: (node) => node.activation(0),
  Relu: unary((x, { scope }) => relu(x, { scope })),
  Sigmoid: unary((x, { scope }) => sigmoid(x, { scope })),
};
