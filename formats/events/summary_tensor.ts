/**
 * Tensors inside summaries: whole `TensorProto` messages with type and shape.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { readShape } from "../checkpoint/protos.ts";
import {
  bytesOfTensor,
  codeOfDtype,
  dtypeOfCode,
  elementsOf,
  numericTypes,
  type Tensor,
  tensorFromBytes,
} from "../checkpoint/tensor.ts";
import { readTensorProto } from "../checkpoint/tensor_proto.ts";
import { MessageWriter } from "../message_writer.ts";
import { eachField } from "../protobuf.ts";

/** Serializes a `TensorProto`: numbers as raw bytes, strings one by one. */
export function encodeSummaryTensor(tensor: Tensor): Uint8Array {
  const shape = new MessageWriter();
  for (const size of tensor.shape) shape.message(2, new MessageWriter().integer(1, size));
  const writer = new MessageWriter().integer(1, codeOfDtype(tensor.dtype)).message(2, shape);
  if (tensor.dtype !== "string") return writer.bytes(4, bytesOfTensor(tensor)).finish();
  for (const value of tensor.data) writer.message(8, value);
  return writer.finish();
}

/**
 * Reads a `TensorProto`, whether its values are raw bytes or in the field of their type.
 *
 * @throws {Error} if the bytes are no such message, the data type is unknown or values are missing
 */
export function decodeSummaryTensor(bytes: Uint8Array): Tensor {
  let code = 0, shape: number[] = [], content: Uint8Array | undefined;
  eachField(bytes, (field, reader) => {
    if (field === 1) code = reader.int32();
    else if (field === 2) shape = readShape(reader.bytes());
    else if (field === 4) content = reader.bytes();
    else return false;
    return true;
  });
  const dtype = dtypeOfCode(code);
  if (dtype === undefined) throw new Error(`a tensor has the unknown data type ${code}`);
  const tensor = content !== undefined && dtype !== "string"
    ? tensorFromBytes(dtype, shape, content)
    : { dtype, shape, data: readTensorProto(bytes, dtype) } as Tensor;
  const parts = dtype === "string" ? 1 : numericTypes[dtype].parts;
  if (tensor.data.length !== elementsOf(shape) * parts) {
    throw new Error(`a tensor of shape [${shape}] has ${tensor.data.length / parts} values`);
  }
  return tensor;
}
