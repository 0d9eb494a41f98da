/**
 * Values of `TensorProto` messages: as raw bytes, in the field of their type, or one value for many.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { create } from "npm:@bufbuild/protobuf@2.17.0";
import {
  assertFits,
  bytesOfTensor,
  codeOfDtype,
  type Dtype,
  dtypeOfCode,
  elementsOf,
  nameOfCode,
  type NumericDtype,
  numericTypes,
  type Tensor,
  tensorFromBytes,
} from "../checkpoint/tensor.ts";
import { type TensorProto, TensorProtoSchema, type TensorShapeProto } from "./graph_pb.ts";

/** Bytes that a tensor may take which stores fewer values than it has. */
const mostRepeated = 1 << 28;

/** The field that holds values of a type. */
const fieldOfDtype = {
  float32: "floatVal",
  float64: "doubleVal",
  int32: "intVal",
  int16: "intVal",
  int8: "intVal",
  uint16: "intVal",
  uint8: "intVal",
  complex64: "scomplexVal",
  int64: "int64Val",
  bool: "boolVal",
  complex128: "dcomplexVal",
  float16: "halfVal",
  bfloat16: "halfVal",
  uint32: "uint32Val",
  uint64: "uint64Val",
} as const satisfies Record<NumericDtype, keyof TensorProto>;

/**
 * Reads a tensor. Raw bytes are not copied where they are aligned.
 *
 * Where a typed field has fewer values than the shape, the last one stands for the rest, and zero if there is none.
 *
 * @throws {TypeError} if the type is not supported
 * @throws {RangeError} if the shape is unknown or too large, or does not fit the values
 */
export function tensorOf(proto: TensorProto): Tensor {
  const { dtype, shape, count, stored } = checkTensor(proto);
  const { size, parts } = dtype === "string" ? { size: 64, parts: 1 } : numericTypes[dtype];
  if (stored < count * parts && count * size > mostRepeated) {
    throw new RangeError(
      `a ${dtype} tensor of shape [${shape.join(", ")}] stores ${stored} values for ${
        count * parts
      }, and would ` +
        `take ${count * size} bytes, more than ${mostRepeated}`,
    );
  }
  if (dtype === "string") {
    const values = proto.stringVal, last = values.at(-1) ?? new Uint8Array();
    return { dtype, shape, data: Array.from({ length: count }, (_, i) => values[i] ?? last) };
  }
  if (proto.tensorContent.length > 0) return tensorFromBytes(dtype, shape, proto.tensorContent);
  const values: ArrayLike<unknown> = proto[fieldOfDtype[dtype]];
  const data = new numericTypes[dtype].array(new ArrayBuffer(count * size), 0, count * parts);
  const slots = data as { [index: number]: unknown; set(values: ArrayLike<unknown>): void };
  slots.set(values);
  if (stored > 0) { for (let at = stored; at < count * parts; at++) slots[at] = slots[at - parts]; }
  return { dtype, shape, data } as unknown as Tensor;
}

/**
 * Type and shape of a tensor, without taking memory for its values.
 *
 * @throws {TypeError} if the type is not supported
 * @throws {RangeError} if the shape is unknown or impossible, or does not fit the values
 */
export function checkTensor(proto: TensorProto): TensorAbout {
  const dtype = dtypeOfCode(proto.dtype);
  if (dtype === undefined) {
    throw new TypeError(`a tensor has the type ${nameOfCode(proto.dtype)}, which is not supported`);
  }
  const shape = knownShape(proto.tensorShape), count = elementsOf(shape);
  const { size, parts } = dtype === "string" ? { size: 0, parts: 1 } : numericTypes[dtype];
  const bytes = proto.tensorContent.length, hasBytes = dtype !== "string" && bytes > 0;
  const values = dtype === "string" ? proto.stringVal : proto[fieldOfDtype[dtype]];
  const stored = hasBytes ? bytes / size * parts : values.length;
  if (hasBytes ? bytes !== count * size : stored > count * parts) {
    throw new RangeError(`a ${dtype} tensor of shape [${shape.join(", ")}] has ${stored} values`);
  }
  return { dtype, shape, count, stored };
}

/** What {@linkcode checkTensor} finds. */
export interface TensorAbout {
  readonly dtype: Dtype;
  readonly shape: number[];
  /** Number of values; those of complex types have two parts. */
  readonly count: number;
  /** Number of parts of values that the message has. */
  readonly stored: number;
}

/** A tensor's shape; a missing one is a scalar's. */
function knownShape(shape: TensorShapeProto | undefined): number[] {
  if (shape?.unknownRank) throw new RangeError("a tensor has values but no shape");
  const sizes = (shape?.dim ?? []).map(({ size }) => Number(size));
  if (sizes.some((size) => size < 0) || !Number.isSafeInteger(elementsOf(sizes))) {
    throw new RangeError(`a tensor has the impossible shape [${sizes.join(", ")}]`);
  }
  return sizes;
}

/**
 * Writes a tensor as TensorFlow's Python does: several numbers as raw bytes, one number and strings in the field of their type.
 *
 * The raw bytes are the tensor's own, not copied.
 *
 * @throws {TypeError} if its values do not fit its type and shape
 */
export function protoOf(tensor: Tensor): TensorProto {
  assertFits("value", tensor);
  const { dtype, shape } = tensor;
  const proto = create(TensorProtoSchema, {
    dtype: codeOfDtype(dtype),
    tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
  });
  if (dtype === "string") proto.stringVal = tensor.data;
  else if (elementsOf(shape) > 1) proto.tensorContent = bytesOfTensor(tensor as Tensor<NumericDtype>);
  else if (dtype === "bool") proto.boolVal = Array.from(tensor.data, Boolean);
  else (proto[fieldOfDtype[dtype]] as unknown[]) = Array.from<unknown>(tensor.data);
  return proto;
}
