/** Small TensorFlow graphs for tests, node by node. */
import { create } from "npm:@bufbuild/protobuf@2.17.0";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { attributeOf } from "../formats/graph_def/attributes.ts";
import {
  type AttrValue,
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
} from "../formats/graph_def/graph_pb.ts";

/** A node. */
export function node(
  name: string,
  op: string,
  input: string[] = [],
  attr: Record<string, AttrValue> = {},
): NodeDef {
  return create(NodeDefSchema, { name, op, input, attr });
}

/** A graph of these nodes. */
export function graphOf(...nodes: NodeDef[]): GraphDef {
  return create(GraphDefSchema, { node: nodes, versions: { producer: 1645 } });
}

/** An input of float32 images or rows; -1 stands for a size that is open. */
export function placeholder(name: string, shape: number[]): NodeDef {
  return node(name, "Placeholder", [], {
    dtype: attributeOf.dtype("float32"),
    shape: attributeOf.shape(shape),
  });
}

/** A constant of any type. */
export function constant(name: string, value: Tensor): NodeDef {
  return node(name, "Const", [], {
    dtype: attributeOf.dtype(value.dtype),
    value: attributeOf.tensor(value),
  });
}

/** A constant of float32. */
export function floats(name: string, shape: number[], data: ArrayLike<number>): NodeDef {
  return constant(name, { dtype: "float32", shape, data: Float32Array.from(data) });
}

/** A constant of int32, a list unless a shape is given. */
export function ints(name: string, data: number[], shape = [data.length]): NodeDef {
  return constant(name, { dtype: "int32", shape, data: Int32Array.from(data) });
}

/** A variable as TensorFlow 1 has it. */
export function variable(name: string, shape: number[]): NodeDef {
  return node(name, "VariableV2", [], {
    dtype: attributeOf.dtype("float32"),
    shape: attributeOf.shape(shape),
  });
}

/** The attribute [1, height, width, 1]. */
export function pair(height: number, width = height): AttrValue {
  return attributeOf.integers([1, height, width, 1]);
}

/** Attributes of a convolution or pool. */
export function windowed(
  padding: string,
  stride: number,
  more: Record<string, AttrValue> = {},
): Record<string, AttrValue> {
  return {
    data_format: attributeOf.text("NHWC"),
    padding: attributeOf.text(padding),
    strides: pair(stride),
    ...more,
  };
}
