/**
 * Values of ONNX's tensors: as raw bytes, or in the field of their type.
 *
 * This module is browser compatible.
 *
 * @module
 */

import {
  elementsOf,
  numericTypes,
  type RealDtype,
  type Tensor,
  tensorFromBytes,
} from "../checkpoint/tensor.ts";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType as Type } from "./onnx_pb.ts";

/** Our names of the format's types, and the fields that hold their values. */
const types = {
  [Type.FLOAT]: ["float32", "floatData"],
  [Type.DOUBLE]: ["float64", "doubleData"],
  [Type.FLOAT16]: ["float16", "int32Data"],
  [Type.BFLOAT16]: ["bfloat16", "int32Data"],
  [Type.INT8]: ["int8", "int32Data"],
  [Type.INT16]: ["int16", "int32Data"],
  [Type.INT32]: ["int32", "int32Data"],
  [Type.INT64]: ["int64", "int64Data"],
  [Type.UINT8]: ["uint8", "int32Data"],
  [Type.UINT16]: ["uint16", "int32Data"],
  [Type.UINT32]: ["uint32", "uint64Data"],
  [Type.UINT64]: ["uint64", "uint64Data"],
  [Type.BOOL]: ["bool", "int32Data"],
} as const satisfies Partial<Record<Type, readonly [RealDtype, keyof TensorProto]>>;

/** What an element type is called. */
export function nameOfOnnxType(code: number): string {
  return Type[code] ?? `type ${code}`;
}

/**
 * Shape of a tensor, compared with the bytes that are there; its values are not touched.
 *
 * @throws {TypeError} if the type is not supported, or the values lie in another file
 * @throws {RangeError} if the shape is impossible or does not fit the values
 */
export function checkTensor(proto: TensorProto): number[] {
  const [dtype, field] = typeOf(proto), shape = proto.dims.map(Number), count = elementsOf(shape);
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(count)) {
    throw new RangeError(`it has the impossible shape [${shape}]`);
  }
  const { size } = numericTypes[dtype], isRaw = proto.rawData.length > 0 || proto[field].length === 0;
  const there = isRaw ? proto.rawData.length / size : proto[field].length;
  if (there !== count) {
    throw new RangeError(`shape [${shape}] of ${dtype} needs ${count} values, and there are ${there}`);
  }
  return shape;
}

/**
 * Reads a tensor; raw bytes are not copied where they are aligned.
 *
 * @throws {TypeError | RangeError} as {@linkcode checkTensor} does
 */
export function onnxTensor(proto: TensorProto): Tensor<RealDtype> {
  const shape = checkTensor(proto), [dtype, field] = typeOf(proto);
  if (proto.rawData.length > 0) return tensorFromBytes(dtype, shape, proto.rawData) as Tensor<RealDtype>;
  const { size, array } = numericTypes[dtype], values = proto[field];
  const data = new array(new ArrayBuffer(values.length * size), 0, values.length);
  const isNarrower = dtype === "uint32"; // it comes as integers of 64 bits
  (data as { set(values: ArrayLike<unknown>): void }).set(isNarrower ? Array.from(values, Number) : values);
  return { dtype, shape, data } as Tensor<RealDtype>;
}

function typeOf({ dataType, dataLocation, externalData }: TensorProto) {
  if (dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const file = externalData.find(({ key }) => key === "location")?.value;
    throw new TypeError(
      `its values lie in another file${
        file === undefined ? "" : `, "${file}"`
      }; save the model with all data in one`,
    );
  }
  const type = (types as Partial<Record<number, typeof types[keyof typeof types]>>)[dataType];
  if (type === undefined) {
    throw new TypeError(`it has the type ${nameOfOnnxType(dataType)}, which is not supported`);
  }
  return type;
}
