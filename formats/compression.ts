/**
 * Files compressed as a whole: GZIP and ZLIB, told apart, unpacked within bounds, packed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { Gunzip, Gzip, Unzlib, Zlib } from "npm:fflate@0.8.3";
import { compareBytes } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import { crc32c, maskCrc } from "./crc32c.ts";
import { DataLossError, reasonOf } from "./errors.ts";
import { concatenateArrays } from "./files.ts";

/** Compression of a whole file, in TensorFlow's spelling; `""` is none. */
export type Compression = "" | "GZIP" | "ZLIB";

/** Compressed bytes unpacked at a time: what one step can grow to stays bounded (deflate gives 1032 for 1 at most). */
const stepSize = 2 ** 14;

/**
 * Finds out how a TFRecord file is compressed.
 *
 * A good header of a plain file wins, since its first bytes can look like those of the other two.
 */
export function detectCompression(bytes: Uint8Array): Compression {
  if (bytes.length >= 12) {
    const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
    if (maskCrc(crc32c(bytes.subarray(0, 8))) === stored) return "";
  }
  if (bytes.length >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return "GZIP";
  const isZlib = bytes.length >= 2 && (bytes[0] & 0x0f) === 8 && bytes[0] >> 4 <= 7 &&
    ((bytes[0] << 8) | bytes[1]) % 31 === 0;
  return isZlib ? "ZLIB" : "";
}

/** Unpacked bytes, and what went wrong after them. */
export interface Inflated {
  /** All bytes before the damage. */
  data: Uint8Array;
  /** The damage, if there is any. */
  failure?: DataLossError;
}

/**
 * Unpacks a whole file; damage does not lose what comes before it.
 *
 * A stream that merely stops is no failure here: whoever reads the data knows whether something is missing.
 *
 * @throws {RangeError} if the file unpacks to more than `maxBytes`
 */
export function inflate(
  bytes: Uint8Array,
  compression: Compression,
  maxBytes: number,
  path?: string,
): Inflated {
  if (compression === "" || bytes.length === 0) return { data: bytes };
  const what = path === undefined ? "the file" : `"${path}"`;
  const parts: Uint8Array[] = [];
  let total = 0;
  const take = (chunk: Uint8Array): void => {
    total += chunk.length;
    parts.push(chunk);
  };
  const inflater = compression === "GZIP" ? new Gunzip(take) : new Unzlib(take);
  for (let at = 0; at < bytes.length; at += stepSize) {
    try {
      inflater.push(bytes.subarray(at, at + stepSize), false);
    } catch (thrown) {
      const failure = new DataLossError(
        `Cannot unpack ${what}: its ${compression} data is damaged near byte ${at} (${reasonOf(thrown)}); ` +
          "make or download the file again",
        { path, offset: at },
        { cause: thrown },
      );
      return { data: concatenateArrays(parts), failure };
    }
    if (total > maxBytes) {
      throw new RangeError(
        `Cannot unpack ${
          path === undefined ? "the file" : `"${path}"`
        }: its ${bytes.length} bytes become more ` +
          `than ${maxBytes}; raise maxBytes if the file is trusted`,
      );
    }
  }
  return { data: concatenateArrays(parts) };
}

/**
 * Unpacks a gzip file that must be whole and undamaged, as its checksum and length at the end say.
 *
 * @throws {DataLossError} if it is cut or damaged
 * @throws {RangeError} if it unpacks to more than `maxBytes`
 */
export function gunzipWhole(bytes: Uint8Array, maxBytes: number, path: string): Uint8Array {
  const { data, failure } = inflate(bytes, "GZIP", maxBytes, path);
  if (failure) throw failure;
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc32(data), true);
  trailer.setUint32(4, data.length, true);
  if (compareBytes(bytes.subarray(-8), new Uint8Array(trailer.buffer)) !== 0) {
    throw new DataLossError(
      `Cannot unpack "${path}": its data do not match the checksum and length at its end, it is cut or damaged; ` +
        "download the file again",
      { path, offset: bytes.length },
    );
  }
  return data;
}

/** Packs chunks into one GZIP or ZLIB stream; the same bytes give the same stream. */
export function* deflateChunks(
  chunks: Iterable<Uint8Array>,
  compression: Exclude<Compression, "">,
): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const take = (chunk: Uint8Array): void => {
    if (chunk.length > 0) ready.push(chunk);
  };
  const deflater = compression === "GZIP" ? new Gzip({ mtime: 0 }, take) : new Zlib({}, take);
  for (const chunk of chunks) {
    deflater.push(chunk, false);
    yield* ready;
    ready = [];
  }
  deflater.push(new Uint8Array(0), true);
  yield* ready;
}
