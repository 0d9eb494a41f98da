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

/** What a number in `types.proto` is called that {@linkcode dtypeOfCode} does not know. */
export function nameOfCode(code: number): string {
  return otherTypes[code] ?? `type ${code}`;
}

const otherTypes: Readonly<Record<number, string>> = {
  11: "qint8",
  12: "quint8",
  13: "qint32",
  15: "qint16",
  16: "quint16",
  20: "resource",
  21: "variant",
  24: "float8_e5m2",
  25: "float8_e4m3fn",
};

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

/**
 * Checks a tensor before it is written.
 *
 * @throws {TypeError} if its values do not fit its type and shape
 */
export function assertFits(name: string, { dtype, shape, data }: Tensor): void {
  const wanted = elementsOf(shape) * (dtype === "string" ? 1 : numericTypes[dtype].parts);
  if (data.length !== wanted) {
    throw new TypeError(
      `Cannot write tensor "${name}": shape [${shape.join(", ")}] of ${dtype} needs ${wanted} array ` +
        `elements but there are ${data.length}; correct the shape`,
    );
  }
  if (dtype !== "string" && !(data instanceof numericTypes[dtype].array)) {
    throw new TypeError(
      `Cannot write tensor "${name}": values of ${dtype} belong into a ${numericTypes[dtype].array.name}`,
    );
  }
}

/** Data types whose values are real numbers. */
export type RealDtype = Exclude<NumericDtype, "complex64" | "complex128">;

/** Whether the values of a type are real numbers; booleans are 0 and 1. */
export function isReal(dtype: Dtype): dtype is RealDtype {
  return dtype !== "string" && numericTypes[dtype].parts === 1;
}

/** Gives a tensor's values one by one as numbers; 64-bit integers are rounded from 2^53 on. */
export function numberAt({ dtype, data }: Tensor<RealDtype>): (index: number) => number {
  if (dtype === "float16") return (i) => halfToNumber(data[i]);
  if (dtype === "bfloat16") return (i) => bfloat16ToNumber(data[i]);
  return (i) => Number(data[i]);
}

/** A tensor's values, each rounded to float32. */
export function toFloat32(tensor: Tensor<RealDtype>): Float32Array {
  if (tensor.dtype === "float32") return tensor.data;
  const at = numberAt(tensor), values = new Float32Array(tensor.data.length);
  for (let i = 0; i < values.length; i++) values[i] = at(i);
  return values;
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
  upperHalf.setUint16(0, bits);
  return upperHalf.getFloat32(0);
}

const upperHalf = new DataView(new ArrayBuffer(4));
