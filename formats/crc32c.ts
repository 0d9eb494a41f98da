/**
 * CRC-32C (Castagnoli) and the masked form which TFRecord files and checkpoints store.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The Castagnoli polynomial, bits reversed. */
const polynomial = 0x82f63b78;

/** Added after the rotation in the masked form (`kMaskDelta` in TensorFlow's `crc32c.h`). */
const maskDelta = 0xa282ead8;

/**
 * Eight tables of 256: `tables[k * 256 + b]` is the remainder of byte `b` followed by `k` zero bytes, so that eight bytes
 * are taken at once ("slicing by 8", Kounavis and Berry 2005).
 */
const tables = makeTables();

function makeTables(): Int32Array {
  const t = new Int32Array(8 * 256);
  for (let b = 0; b < 256; b++) {
    let crc = b;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    t[b] = crc;
  }
  for (let i = 256; i < t.length; i++) t[i] = (t[i - 256] >>> 8) ^ t[t[i - 256] & 0xff];
  return t;
}

/**
 * The CRC-32C of bytes.
 *
 * @param bytes what to sum
 * @param previous the checksum of the bytes before these, to go on from
 * @returns an unsigned 32-bit number
 *
 * @example Usage
 * ```ts
 * import { crc32c } from "./crc32c.ts";
 *
 * const whole = crc32c(new TextEncoder().encode("123456789")); // 0xe3069283
 * ```
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const t = tables;
  let crc = ~previous;
  let i = 0;
  for (const whole = bytes.length - 7; i < whole; i += 8) {
    const low = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc = t[1792 + (low & 0xff)] ^ t[1536 + ((low >>> 8) & 0xff)] ^
      t[1280 + ((low >>> 16) & 0xff)] ^ t[1024 + (low >>> 24)] ^
      t[768 + bytes[i + 4]] ^ t[512 + bytes[i + 5]] ^ t[256 + bytes[i + 6]] ^ t[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}

/** Masks a checksum, so that a checksum over bytes which hold checksums stays a good one. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

/** Undoes {@linkcode maskCrc}. */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - maskDelta) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
