/**
 * Nodes that need no device: constants, and the arithmetic on shapes that exporters leave in a model.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { toFloat32 } from "../../formats/checkpoint/tensor.ts";
import { checkTensor, onnxTensor } from "../../formats/onnx/tensor.ts";
import type { TensorProto } from "../../formats/onnx/onnx_pb.ts";
import { permute } from "../../formats/permute.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import type { Shape } from "../../tape/tape.ts";
import { numbersOf, type OnnxNode } from "./node.ts";
import { type Constant, constantOf, shapeOf } from "./operand.ts";
import { axesOf, reshaped, sliceOf, squeezed, unsqueezed } from "./shapes.ts";

/** A constant with the values of a tensor, which are read when they are needed. */
export function constantOfTensor(name: string, proto: TensorProto): Constant {
  const shape = checkTensor(proto);
  const read = () => {
    const tensor = onnxTensor(proto), { dtype, data } = tensor;
    return /int|bool/.test(dtype)
      ? Float64Array.from(data as Iterable<number | bigint>, Number)
      : toFloat32(tensor);
  };
  return { kind: "constant", name, shape, read };
}

function given(node: OnnxNode): Constant {
  const tensor = node.tensor("value"), name = node.scope;
  if (tensor) return constantOfTensor(name, tensor);
  for (const attribute of ["value_float", "value_int"] as const) {
    if (!node.has(attribute)) continue;
    const value = attribute === "value_int" ? node.integer(attribute, 0) : node.float(attribute, 0);
    return constantOf(name, [value], []);
  }
  if (node.has("value_ints")) return constantOf(name, node.integers("value_ints", []));
  throw new TypeError("it has no value that is supported");
}

/** The same values under another shape. */
function viewed(node: OnnxNode, shape: Shape): Constant {
  return { ...node.constant(0), name: node.scope, shape };
}

function shape(node: OnnxNode): Constant {
  const [x] = node.inputs, whole = x ? shapeOf(x) : [], rank = whole.length;
  const place = (p: number) => Math.min(rank, Math.max(0, p < 0 ? p + rank : p));
  return constantOf(
    node.scope,
    whole.slice(place(node.integer("start", 0)), place(node.integer("end", rank))),
  );
}

function gather(node: OnnxNode): Constant {
  const list = numbersOf(node.constant(0)), indices = node.constant(1);
  if (node.constant(0).shape.length !== 1) {
    throw new TypeError("of constants only lists can be gathered from");
  }
  const values = numbersOf(indices).map((i) => list[i < 0 ? i + list.length : i]);
  if (values.includes(undefined as unknown as number)) {
    throw new TypeError(`its indices are outside of ${list.length} values`);
  }
  return constantOf(node.scope, values, indices.shape);
}

function concat(node: OnnxNode): Constant {
  const lists = node.inputs.map((_, i) => node.constant(i));
  if (lists.some(({ shape }) => shape.length !== 1)) {
    throw new TypeError("of constants only lists can be joined");
  }
  return constantOf(node.scope, lists.flatMap(numbersOf));
}

function slice(node: OnnxNode): Constant {
  const { shape } = node.constant(0), values = numbersOf(node.constant(0));
  if (shape.length !== 1) throw new TypeError("of constants only lists can be sliced");
  const [{ first, last }] = sliceOf(node, shape);
  return constantOf(node.scope, values.slice(first, last));
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

function calculate(node: OnnxNode): Constant {
  const [a, b] = [node.constant(0), node.constant(1)], [x, y] = [numbersOf(a), numbersOf(b)];
  const long = x.length >= y.length ? a : b, isInteger = [...x, ...y].every(Number.isInteger);
  if (x.length !== y.length && x.length !== 1 && y.length !== 1) {
    throw new TypeError("its constants have other sizes");
  }
  const values = Array.from({ length: Math.max(x.length, y.length) }, (_, i) => {
    const value = arithmetic[node.opType](x[x.length === 1 ? 0 : i], y[y.length === 1 ? 0 : i]);
    return isInteger ? Math.trunc(value) : value;
  });
  return constantOf(node.scope, values, long.shape);
}

/** One value throughout. A few bytes can stand for very many, so all together must stay below a bound. */
function filled(node: OnnxNode): Constant {
  const shape = numbersOf(node.constant(0)),
    count = sizeOf(shape),
    value = node.tensor("value"),
    name = node.scope;
  if (shape.some((size) => size < 0) || !node.around.canFill(count)) {
    throw new TypeError(`a constant of shape [${shape}] is too large`);
  }
  const [number] = value ? numbersOf(constantOfTensor(name, value)) : [0];
  return { kind: "constant", name, shape, read: () => new Float32Array(count).fill(number) };
}

function transposed(node: OnnxNode): Constant {
  const from = node.constant(0), rank = from.shape.length;
  const order = node.integers("perm", from.shape.map((_, d) => rank - 1 - d));
  if (order.length !== rank || from.shape.some((_, d) => !order.includes(d))) {
    throw new TypeError(`its perm [${order}] does not fit [${from.shape}]`);
  }
  const read = () => permute(Float32Array.from(from.read()), from.shape, order);
  return { kind: "constant", name: node.scope, shape: order.map((d) => from.shape[d]), read };
}

/** By the names of the operators: what they make of constants. */
export const constantRules: Readonly<Record<string, (node: OnnxNode) => Constant>> = {
  Constant: given,
  Shape: shape,
  ConstantOfShape: filled,
  Identity: (node) => viewed(node, node.constant(0).shape),
  Cast: (node) => viewed(node, node.constant(0).shape),
  Reshape: (node) => viewed(node, reshaped(node, node.constant(0).shape)),
  Squeeze: (node) => viewed(node, squeezed(node, node.constant(0).shape)),
  Unsqueeze: (node) => viewed(node, unsqueezed(node, node.constant(0).shape)),
  Flatten: (node) => {
    const { shape } = node.constant(0), [axis] = axesOf([node.integer("axis", 1)], shape.length + 1);
    return viewed(node, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
  },
  Transpose: transposed,
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Add: calculate,
  Sub: calculate,
  Mul: calculate,
  Div: calculate,
};
