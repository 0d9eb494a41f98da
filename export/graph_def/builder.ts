/**
 * A `GraphDef` in the making, with names as TensorFlow's Python makes them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { create } from "npm:@bufbuild/protobuf@2.17.0";
import { codeOfDtype } from "../../formats/checkpoint/tensor.ts";
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import {
  type AttrValue,
  AttrValueSchema,
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
} from "../../formats/graph_def/graph_pb.ts";
import type { Shape } from "../../tape/tape.ts";

/** Attributes of a node by name. */
export type Attributes = Readonly<Record<string, AttrValue>>;

/** The version of TensorFlow's graphs that is written: 2.15's. */
const PRODUCER = 1645;

const float = attributeOf.dtype("float32"), int32 = attributeOf.dtype("int32");

/** `T` of operations on float32. */
export const floats: Attributes = { T: float };

/** The device constraint that keeps a node beside a variable. */
export function beside(variable: string): Attributes {
  return { _class: attributeOf.texts([`loc:@${variable}`]) };
}

/** Collects nodes. */
export class GraphBuilder {
  readonly #nodes: NodeDef[] = [];
  readonly #uses = new Map<string, number>();

  /**
   * Adds a node.
   *
   * @param name what it is to be called; a number is added if another node is called so
   * @returns its name
   */
  add(op: string, name: string, inputs: readonly string[], attributes: Attributes): string {
    const unique = this.#unique(name);
    this.#nodes.push(create(NodeDefSchema, { name: unique, op, input: [...inputs], attr: attributes }));
    return unique;
  }

  /** A `Const` of float32: one value, repeated over a shape. */
  fill(name: string, value: number, shape: Shape = [], attributes: Attributes = {}): string {
    const dim = shape.map((size) => ({ size: BigInt(size) }));
    const tensor = { dtype: codeOfDtype("float32"), tensorShape: { dim }, floatVal: [value] };
    const attribute = create(AttrValueSchema, { value: { case: "tensor", value: tensor } });
    return this.add("Const", name, [], { ...attributes, dtype: float, value: attribute });
  }

  /** A `Const` of int32: a vector, or a matrix by its shape. */
  integers(
    name: string,
    values: readonly number[],
    shape: Shape = [values.length],
    attributes: Attributes = {},
  ): string {
    const value = attributeOf.tensor({ dtype: "int32", shape: [...shape], data: Int32Array.from(values) });
    return this.add("Const", name, [], { ...attributes, dtype: int32, value });
  }

  /** The graph. */
  finish(): GraphDef {
    return create(GraphDefSchema, { node: this.#nodes, versions: { producer: PRODUCER } });
  }

  /** `tf.Graph.unique_name`: upper and lower case count as equal. */
  #unique(name: string): string {
    const key = name.toLowerCase();
    let count = this.#uses.get(key) ?? 0;
    this.#uses.set(key, count + 1);
    if (count === 0) return name;
    let unique = `${name}_${count}`;
    while (this.#uses.has(unique.toLowerCase())) unique = `${name}_${++count}`;
    this.#uses.set(unique.toLowerCase(), 1);
    return unique;
  }
}
