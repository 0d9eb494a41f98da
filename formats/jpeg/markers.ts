/**
 * The markers of JPEG files, and what is said where a file breaks their rules.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "../errors.ts";

/** Second byte of the markers that the decoder knows by name. */
export const MARKER = {
  DHT: 0xc4,
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  DQT: 0xdb,
  DRI: 0xdd,
  APP0: 0xe0,
  APP1: 0xe1,
  APP14: 0xee,
} as const;

/** Whether a marker code is one of RST0 to RST7. */
export function isRestart(code: number): boolean {
  return (code & 0xf8) === 0xd0;
}

/** Whether a marker stands alone, without a length and content. */
export function isAlone(code: number): boolean {
  return isRestart(code) || code === 0x01;
}

/**
 * Offset of the next marker's 0xff at or behind `start`, past fill bytes.
 *
 * @throws {DataLossError} if the file ends before
 */
export function nextMarker(bytes: Uint8Array, start: number): number {
  for (
    let at = bytes.indexOf(0xff, start);
    at >= 0 && at + 1 < bytes.length;
    at = bytes.indexOf(0xff, at + 1)
  ) {
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  }
  throw damaged("the file ends too early", bytes.length);
}

/** The error for a damaged file. */
export function damaged(reason: string, offset: number): DataLossError {
  return new DataLossError(`Cannot decode a JPEG: ${reason} (at byte ${offset}); replace the image`, {
    offset,
  });
}

/** The error for a file of a kind that is left out. */
export function unsupported(what: string): TypeError {
  return new TypeError(`Cannot decode a JPEG ${what}; save it as a baseline or progressive JPEG of 8 bits`);
}
