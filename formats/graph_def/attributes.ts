/**
 * Attributes of nodes, read with their types and made.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { create } from "npm:@bufbuild/protobuf@2.17.0";
import { codeOfDtype, type Dtype, dtypeOfCode, nameOfCode, type Tensor } from "../checkpoint/tensor.ts";
import { reasonOf } from "../errors.ts";
import {
  type AttrValue,
  type AttrValue_ListValue,
  AttrValueSchema,
  type NodeDef,
  type TensorProto,
  type TensorShapeProto,
} from "./graph_pb.ts";
import { protoOf, tensorOf } from "./tensor_value.ts";

/** What the members of `AttrValue` hold, of those that nodes of nets have. */
interface Held {
  list: AttrValue_ListValue;
  s: Uint8Array;
  i: bigint;
  f: number;
  b: boolean;
  type: number;
  shape: TensorShapeProto;
  tensor: TensorProto;
}

/** The value of an attribute, or `undefined` if the node has none of that name; its type must be this. */
function held<C extends keyof Held>(node: NodeDef, name: string, kind: C): Held[C] | undefined {
  const value: { case?: string; value?: unknown } = Object.hasOwn(node.attr, name)
    ? node.attr[name].value
    : {};
  if (value.case === undefined) return undefined;
  if (value.case === kind) return value.value as Held[C];
  throw new TypeError(
    `Cannot use node "${node.name}" (${node.op}): its attribute "${name}" holds ${value.case} instead of ${kind}`,
  );
}

/** An integer attribute. */
export function integerAttribute(node: NodeDef, name: string): number | undefined {
  const value = held(node, name, "i");
  return value === undefined ? undefined : Number(value);
}

/** A list of integers. */
export function integersAttribute(node: NodeDef, name: string): number[] | undefined {
  return held(node, name, "list")?.i.map(Number);
}

/** A number. */
export function floatAttribute(node: NodeDef, name: string): number | undefined {
  return held(node, name, "f");
}

/** A boolean. */
export function booleanAttribute(node: NodeDef, name: string): boolean | undefined {
  return held(node, name, "b");
}

/** Text. */
export function textAttribute(node: NodeDef, name: string): string | undefined {
  const value = held(node, name, "s");
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

/** A data type; reference types count as what they refer to. */
export function dtypeAttribute(node: NodeDef, name: string): Dtype | undefined {
  const code = held(node, name, "type");
  if (code === undefined) return undefined;
  const dtype = dtypeOfCode(code > referenceOffset ? code - referenceOffset : code);
  if (dtype !== undefined) return dtype;
  throw new TypeError(
    `Cannot use node "${node.name}" (${node.op}): its type ${nameOfCode(code)} is not supported`,
  );
}

/** A reference type's number is that of its type and this. */
export const referenceOffset = 100;

/** A shape, with -1 for sizes that are not known; `undefined` also where nothing is known of it. */
export function shapeAttribute(node: NodeDef, name: string): number[] | undefined {
  const shape = held(node, name, "shape");
  return shape === undefined || shape.unknownRank ? undefined : sizesOf(shape);
}

/** The sizes of a shape that has some. */
export function sizesOf(shape: TensorShapeProto): number[] {
  return shape.dim.map(({ size }) => Number(size));
}

/** A tensor, such as the "value" of a `Const`. @throws {TypeError} if it is damaged or not supported */
export function tensorAttribute(node: NodeDef, name: string): Tensor | undefined {
  const proto = held(node, name, "tensor");
  if (proto === undefined) return undefined;
  try {
    return tensorOf(proto);
  } catch (thrown) {
    throw new TypeError(`Cannot use node "${node.name}" (${node.op}): ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Makes attributes; put them under their names into `NodeDef.attr`. */
export const attributeOf = {
  integer: (value: number): AttrValue => attribute({ case: "i", value: BigInt(value) }),
  integers: (values: readonly number[]): AttrValue => list({ i: values.map(BigInt) }),
  float: (value: number): AttrValue => attribute({ case: "f", value }),
  boolean: (value: boolean): AttrValue => attribute({ case: "b", value }),
  text: (value: string): AttrValue => attribute({ case: "s", value: new TextEncoder().encode(value) }),
  texts: (values: readonly string[]): AttrValue => {
    const encoder = new TextEncoder();
    return list({ s: values.map((value) => encoder.encode(value)) });
  },
  dtype: (value: Dtype): AttrValue => attribute({ case: "type", value: codeOfDtype(value) }),
  /** A shape, with -1 for sizes that are not known. */
  shape: (sizes: readonly number[]): AttrValue =>
    create(AttrValueSchema, {
      value: { case: "shape", value: { dim: sizes.map((size) => ({ size: BigInt(size) })) } },
    }),
  tensor: (value: Tensor): AttrValue => attribute({ case: "tensor", value: protoOf(value) }),
};

function attribute(value: AttrValue["value"]): AttrValue {
  return create(AttrValueSchema, { value });
}

function list(value: { i?: bigint[]; s?: Uint8Array[] }): AttrValue {
  return create(AttrValueSchema, { value: { case: "list", value } });
}
