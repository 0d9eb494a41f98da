/**
 * IDX files, the format of MNIST and Fashion-MNIST: a big-endian header, then bytes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { gunzipWhole } from "./compression.ts";
import { DataLossError } from "./errors.ts";

/** Grey pictures of one size. */
export interface IdxImages {
  /** Number of pictures. */
  count: number;
  /** Height of each. */
  rows: number;
  /** Width of each. */
  columns: number;
  /** Pixels, picture after picture, row after row: `count * rows * columns` bytes. */
  data: Uint8Array;
}

/** First four bytes: two zeros, type 8 (unsigned byte), number of dimensions. */
const imagesMagic = 0x00000803;
const labelsMagic = 0x00000801;

/** Most bytes that a gzipped file may unpack to; MNIST's largest is 47 MB. */
const maxBytes = 2 ** 30;

/**
 * Reads a file of grey pictures, gzipped or plain.
 *
 * @param bytes the file
 * @param path its name, for error messages
 * @throws {SyntaxError} if it is no IDX file of pictures
 * @throws {DataLossError} if it is cut, damaged or too long
 */
export function parseIdxImages(bytes: Uint8Array, path: string): IdxImages {
  const { dimensions: [count, rows, columns], data } = parseIdx(bytes, path, imagesMagic, "pictures");
  return { count, rows, columns, data };
}

/**
 * Reads a file of labels (0 to 255), gzipped or plain.
 *
 * @param bytes the file
 * @param path its name, for error messages
 * @throws {SyntaxError} if it is no IDX file of labels
 * @throws {DataLossError} if it is cut, damaged or too long
 */
export function parseIdxLabels(bytes: Uint8Array, path: string): Uint8Array {
  return parseIdx(bytes, path, labelsMagic, "labels").data;
}

function parseIdx(
  bytes: Uint8Array,
  path: string,
  magic: number,
  what: string,
): { dimensions: number[]; data: Uint8Array } {
  const isGzip = bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  const file = isGzip ? gunzipWhole(bytes, maxBytes, path) : bytes;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const found = file.length >= 4 ? view.getUint32(0) : undefined;
  if (found !== undefined && found !== magic) {
    throw new SyntaxError(
      `Cannot read ${what} from "${path}": it starts with ${hex(found)}, not with ${hex(magic)}; ` +
        "check that it is the right file of the data set",
    );
  }
  const rank = magic & 0xff;
  const headerSize = 4 + 4 * rank;
  if (file.length < headerSize) throw cut(what, path, headerSize, file.length);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = headerSize + dimensions.reduce((product, size) => product * size, 1);
  if (file.length < expected) throw cut(`${what} (${dimensions.join(" x ")})`, path, expected, file.length);
  if (file.length > expected) {
    throw new DataLossError(
      `Cannot read ${what} from "${path}": its header announces ${
        dimensions.join(" x ")
      } bytes but more follow; ` +
        "download the file again",
      { path, offset: expected },
    );
  }
  return { dimensions, data: file.subarray(headerSize, expected) };
}

function cut(what: string, path: string, expected: number, size: number): DataLossError {
  return new DataLossError(
    `Cannot read ${what} from "${path}": it should have ${expected} bytes but has ${size}; download the file again`,
    { path, offset: size },
  );
}

function hex(word: number): string {
  return "0x" + word.toString(16).padStart(8, "0");
}
