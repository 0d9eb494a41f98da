/**
 * String tensors in V2 data files: lengths, a checksum of the lengths, then all bytes.
 *
 * Both checksums run over the lengths as fixed-width integers, not over the stored varints
 * (`WriteStringTensor` in `tensor_bundle.cc`).
 *
 * This module is browser compatible.
 *
 * @module
 */

import { crc32c, maskCrc } from "../crc32c.ts";
import { concatenateArrays } from "../files.ts";
import { VarintReader } from "./table.ts";

/** A string tensor as it is stored. */
export interface StoredStrings {
  bytes: Uint8Array;
  /** Unmasked checksum for the entry. */
  crc: number;
}

/** Serializes strings. */
export function encodeStrings(values: readonly Uint8Array[]): StoredStrings {
  const lengths = values.map((value) => value.length);
  const lengthsCrc = lengths.reduce((crc, length) => crc32c(fixedWidth(length), crc), 0);
  const stored = uint32(maskCrc(lengthsCrc));
  const bytes = concatenateArrays([...lengths.map(varint), stored, ...values]);
  const crc = values.reduce((crc, value) => crc32c(value, crc), crc32c(stored, lengthsCrc));
  return { bytes, crc };
}

/**
 * Reads `count` strings back.
 *
 * @returns the strings and the checksum that the entry must have, or what is wrong
 */
export function decodeStrings(
  bytes: Uint8Array,
  count: number,
): { values: Uint8Array[]; crc: number } | string {
  const reader = new VarintReader(bytes);
  const lengths: number[] = [];
  let crc = 0;
  for (let i = 0; i < count; i++) {
    const length = reader.next();
    if (length === undefined) return "the lengths of its strings are cut short";
    lengths.push(length);
    crc = crc32c(fixedWidth(length), crc);
  }
  if (reader.position + 4 > bytes.length) return "the lengths of its strings are cut short";
  const stored = bytes.subarray(reader.position, reader.position + 4);
  if (new DataView(stored.buffer, stored.byteOffset).getUint32(0, true) !== maskCrc(crc)) {
    return "checksum of its strings' lengths does not match";
  }
  let at = reader.position + 4;
  if (lengths.reduce((sum, length) => sum + length, at) !== bytes.length) {
    return "its strings are not as long as the checkpoint says";
  }
  crc = crc32c(bytes.subarray(at), crc32c(stored, crc));
  const values = lengths.map((length) => bytes.slice(at, at += length));
  return { values, crc };
}

/** Four bytes, or eight from 2^32 on. */
function fixedWidth(length: number): Uint8Array {
  if (length < 2 ** 32) return uint32(length);
  const wide = new Uint8Array(8);
  new DataView(wide.buffer).setBigUint64(0, BigInt(length), true);
  return wide;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** A variable-length integer. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
  return Uint8Array.from([...bytes, rest]);
}
