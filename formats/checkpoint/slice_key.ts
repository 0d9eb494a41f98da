/**
 * Table keys of a tensor's slices: TensorFlow's order-preserving encoding of name and extents.
 *
 * The key is a number 0 (so that slices sort before all names), the name, the number of dimensions, then start and length of
 * each, -1 for all of a dimension (`EncodeTensorNameSlice` in `saved_tensor_slice_util.cc`, `ordered_code.cc`).
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Extent } from "./protos.ts";

/** The key under which a table holds one slice of a tensor. */
export function sliceKey(name: string, slice: readonly Extent[]): Uint8Array {
  const out: number[] = [];
  writeUnsigned(out, 0);
  writeString(out, new TextEncoder().encode(name));
  writeUnsigned(out, slice.length);
  for (const { start, length } of slice) {
    writeSigned(out, start);
    writeSigned(out, length ?? -1);
  }
  return Uint8Array.from(out);
}

/** Bytes 0 and 255 are escaped, so that the end mark `00 01` sorts before any longer string. */
function writeString(out: number[], bytes: Uint8Array): void {
  for (const byte of bytes) {
    out.push(byte);
    if (byte === 0x00) out.push(0xff);
    else if (byte === 0xff) out.push(0x00);
  }
  out.push(0x00, 0x01);
}

/** Number of bytes, then the bytes, the highest first. */
function writeUnsigned(out: number[], value: number): void {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  out.push(bytes.length, ...bytes);
}

/**
 * Two's complement in the fewest bytes: `n` bytes hold `7 n - 1` bits and a sign; the first bit is the sign's opposite and as
 * many as there are further bytes repeat it.
 */
function writeSigned(out: number[], value: number): void {
  const wide = BigInt(value);
  let size = 1;
  while (BigInt.asIntN(7 * size, wide) !== wide) size++;
  const marks = ((1n << BigInt(size)) - 1n) << BigInt(7 * size); // the top `size` bits of `8 * size`
  const code = BigInt.asUintN(8 * size, wide) ^ marks;
  for (let i = size - 1; i >= 0; i--) out.push(Number((code >> BigInt(8 * i)) & 0xffn));
}
