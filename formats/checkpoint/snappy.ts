/**
 * Decoding of Snappy blocks, which old checkpoints' tables may hold.
 *
 * Own code because the one small library for it (`snappyjs`) neither checks that the output is complete nor ends on every
 * hostile input. The format: google/snappy, `format_description.txt`.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** No element stands for more output bytes than this per input byte (a copy: 64 from 3). */
const maxRatio = 22;

/**
 * Unpacks a Snappy block.
 *
 * @returns the bytes, or `undefined` if the block is malformed
 */
export function decodeSnappy(packed: Uint8Array): Uint8Array | undefined {
  let at = 0, size = 0;
  for (let shift = 1;; shift *= 128) {
    if (at >= packed.length || at === 5) return undefined;
    const byte = packed[at++];
    size += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
  }
  if (size > packed.length * maxRatio) return undefined;
  const out = new Uint8Array(size);
  let filled = 0;
  while (at < packed.length) {
    const tag = packed[at++];
    const kind = tag & 3;
    let length = (tag >> 2) + 1;
    if (kind === 0) { // a literal; lengths above 60 follow in 1 to 4 bytes
      if (length > 60) {
        const width = length - 60;
        if (at + width > packed.length) return undefined;
        length = littleEndian(packed, at, width) + 1;
        at += width;
      }
      if (at + length > packed.length || filled + length > size) return undefined;
      out.set(packed.subarray(at, at + length), filled);
      at += length;
      filled += length;
      continue;
    }
    const width = kind === 3 ? 4 : kind;
    if (at + width > packed.length) return undefined;
    let distance = littleEndian(packed, at, width);
    at += width;
    if (kind === 1) {
      distance += (tag >> 5) << 8;
      length = ((tag >> 2) & 7) + 4;
    }
    if (distance === 0 || distance > filled || filled + length > size) return undefined;
    for (let i = 0; i < length; i++, filled++) out[filled] = out[filled - distance]; // may overlap itself
  }
  return filled === size ? out : undefined;
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
