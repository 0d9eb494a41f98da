/**
 * Values of `TensorProto` messages in their typed repeated fields, as V1 checkpoints store them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BinaryReader, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { concatenateArrays } from "../files.ts";
import { eachField } from "../protobuf.ts";
import { type DataOf, type Dtype, numericTypes, tensorFromBytes } from "./tensor.ts";

/** The typed fields of `TensorProto` by number (`tensor.proto`). */
export const valueFields = {
  5: "float_val",
  6: "double_val",
  7: "int_val",
  8: "string_val",
  9: "scomplex_val",
  10: "int64_val",
  11: "bool_val",
  12: "dcomplex_val",
  13: "half_val",
  16: "uint32_val",
  17: "uint64_val",
} as const;

/** The field that holds values of a type. */
const fieldOfDtype: Record<Dtype, keyof typeof valueFields> = {
  float32: 5,
  float64: 6,
  int32: 7,
  int16: 7,
  int8: 7,
  uint16: 7,
  uint8: 7,
  string: 8,
  complex64: 9,
  int64: 10,
  bool: 11,
  complex128: 12,
  float16: 13,
  bfloat16: 13,
  uint32: 16,
  uint64: 17,
};

/** Fields of fixed-width numbers and their width; the bytes are taken as they are. */
const fixedWidth: Partial<Record<number, 4 | 8>> = { 5: 4, 6: 8, 9: 4, 12: 8 };

/**
 * Reads the values of a serialized `TensorProto`, packed or not.
 *
 * @throws {Error} if the bytes are no such message
 */
export function readTensorProto<D extends Dtype>(bytes: Uint8Array, dtype: D): DataOf[D] {
  const wanted = fieldOfDtype[dtype];
  const width = fixedWidth[wanted];
  const chunks: Uint8Array[] = [];
  const varints: (bigint | number)[] = [];
  const readVarint = (reader: BinaryReader) => {
    varints.push(
      wanted === 10 ? BigInt(reader.int64()) : wanted === 17 ? BigInt(reader.uint64()) : reader.int32(),
    );
  };
  eachField(bytes, (field, reader, wire) => {
    if (field !== wanted) return false;
    if (wanted === 8 || (width && wire === WireType.LengthDelimited)) chunks.push(reader.bytes());
    else if (width) chunks.push(littleEndian(reader, width));
    else if (wire === WireType.LengthDelimited) {
      const packed = new BinaryReader(reader.bytes());
      while (packed.pos < packed.len) readVarint(packed);
    } else readVarint(reader);
    return true;
  });
  if (dtype === "string") return chunks.map((chunk) => chunk.slice()) as DataOf[D];
  const { array, size, parts } = numericTypes[dtype as Exclude<Dtype, "string">];
  if (width) {
    const joined = concatenateArrays(chunks);
    if (joined.length % size !== 0) throw new Error("its values are cut short");
    return tensorFromBytes(dtype as Exclude<Dtype, "string">, [], joined).data as DataOf[D];
  }
  const data = new array(new ArrayBuffer(varints.length * size), 0, varints.length * parts);
  (data as { set(values: unknown[]): void }).set(varints);
  return data as DataOf[D];
}

function littleEndian(reader: BinaryReader, width: 4 | 8): Uint8Array {
  const bytes = new Uint8Array(width);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < width; at += 4) view.setUint32(at, reader.fixed32(), true);
  return bytes;
}
