/**
 * Tensors as checkpoints hold them, and TensorFlow's table of data types.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What holds the values of each data type, flat and row-major. */
export interface DataOf {
  float32: Float32Array;
  float64: Float64Array;
  /** IEEE half precision as bits; see {@linkcode halfToNumber}. */
  float16: Uint16Array;
  /** The upper half of a float32 as bits; see {@linkcode bfloat16ToNumber}. */
  bfloat16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** One byte a value, 0 or 1. */
  bool: Uint8Array;
  /** Real and imaginary part in turn. */
  complex64: Float32Array;
  /** Real and imaginary part in turn. */
  complex128: Float64Array;
  /** One array a string. */
  string: Uint8Array[];
}

/** Name of a data type, as TensorFlow spells it. */
export type Dtype = keyof DataOf;

/** Data types of a fixed size. */
export type NumericDtype = Exclude<Dtype, "string">;

/** A tensor of one known or any data type. */
export type Tensor<D extends Dtype = Dtype> = { [K in D]: { dtype: K; shape: number[]; data: DataOf[K] } }[D];

interface NumericType {
  /** Number in `types.proto`. */
  code: number;
  /** Bytes a value. */
  size: number;
  /** Typed array elements a value. */
  parts: number;
  /** Its typed array. */
  array: new (buffer: ArrayBuffer, byteOffset: number, length: number) => DataOf[NumericDtype];
}

/** The fixed-size types. */
export const numericTypes: { readonly [D in NumericDtype]: NumericType } = {
  float32: { code: 1, size: 4, parts: 1, array: Float32Array },
  float64: { code: 2, size: 8, parts: 1, array: Float64Array },
  int32: { code: 3, size: 4, parts: 1, array: Int32Array },
  uint8: { code: 4, size: 1, parts: 1, array: Uint8Array },
  int16: { code: 5, size: 2, parts: 1, array: Int16Array },
  int8: { code: 6, size: 1, parts: 1, array: Int8Array },
  complex64: { code: 8, size: 8, parts: 2, array: Float32Array },
  int64: { code: 9, size: 8, parts: 1, array: BigInt64Array },
  bool: { code: 10, size: 1, parts: 1, array: Uint8Array },
  bfloat16: { code: 14, size: 2, parts: 1, array: Uint16Array },
  uint16: { code: 17, size: 2, parts: 1, array: Uint16Array },
  complex128: { code: 18, size: 16, parts: 2, array: Float64Array },
  float16: { code: 19, size: 2, parts: 1, array: Uint16Array },
  uint32: { code: 22, size: 4, parts: 1, array: Uint32Array },
  uint64: { code: 23, size: 8, parts: 1, array: BigUint64Array },
};

/** `DT_STRING` in `types.proto`. */
const stringCode = 7;

/** The number of a data type in `types.proto`. */
export function codeOfDtype(dtype: Dtype): number {
  return dtype === "string" ? stringCode : numericTypes[dtype].code;
}

/** The data type of a number in `types.proto`, or `undefined` if checkpoints of variables do not hold it. */
export function dtypeOfCode(code: number): Dtype | undefined {
  if (code === stringCode) return "string";
  return (Object.keys(numericTypes) as NumericDtype[]).find((dtype) => numericTypes[dtype].code === code);
}

/** Number of values that a shape holds. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Takes bytes as the values of a tensor, without copying where they are aligned. */
export function tensorFromBytes<D extends NumericDtype>(
  dtype: D,
  shape: number[],
  bytes: Uint8Array,
): Tensor<D> {
  const { size, parts, array } = numericTypes[dtype];
  const aligned = bytes.byteOffset % (size / parts) === 0 && bytes.buffer instanceof ArrayBuffer
    ? bytes
    : bytes.slice();
  const data = new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / size * parts);
  return { dtype, shape, data } as unknown as Tensor<D>;
}

/** The bytes of a fixed-size tensor, as a view. */
export function bytesOfTensor(tensor: Tensor<NumericDtype>): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** The value of half precision bits. */
export function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The value of bfloat16 bits. */
export function bfloat16ToNumber(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0];
}
