/**
 * TFRecord files: length, masked CRC-32C of the length, data, masked CRC-32C of the data, record after record.
 *
 * The meaning of damage follows TensorFlow's `RecordReader`: every record before the damage is good; a file that ends inside
 * the 12 bytes in front of a record's data ends cleanly; anything else is a {@linkcode DataLossError}.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { crc32c, maskCrc } from "./crc32c.ts";
import { DataLossError } from "./errors.ts";
import type { Files } from "./files.ts";
import { notFound } from "./files.ts";
import { type Compression, deflateChunks, detectCompression, inflate } from "./compression.ts";

export type { Compression } from "./compression.ts";

/** Bytes in front of a record's data: its length (8) and the length's checksum (4). */
const headerSize = 12;
/** Bytes after a record's data: its checksum. */
const footerSize = 4;
/** Records from this length on are so far apart that only their headers are read to list them. */
const sparseLength = 2 ** 14;

/** Options of {@linkcode decodeTfRecords}. */
export interface DecodeOptions {
  /** The file's name, for error messages. */
  path?: string;
  /** How the whole stream is compressed; found out from the first bytes if left out. */
  compression?: Compression;
  /**
   * Most bytes that a compressed file may unpack to.
   *
   * @default {2 ** 31}
   */
  maxBytes?: number;
}

/** Where one record's data lies in an uncompressed file. */
export interface TfRecordEntry {
  /** Byte offset of the record (of its length field, as TensorFlow counts). */
  offset: number;
  /** Bytes of data. */
  length: number;
}

/**
 * Gives the records of a whole file, one after the other.
 *
 * Records of an uncompressed file are views of `bytes`, not copies.
 *
 * @param bytes the file
 * @throws {DataLossError} at the first damaged record, after all good ones before it were given
 *
 * @example Usage
 * ```ts
 * import { decodeTfRecords, encodeTfRecords } from "./tfrecord.ts";
 * import { concatenateArrays } from "./files.ts";
 *
 * const file = concatenateArrays([...encodeTfRecords([new Uint8Array([1, 2])])]);
 * for (const record of decodeTfRecords(file)) console.log(record.length); // 2
 * ```
 */
export function* decodeTfRecords(bytes: Uint8Array, options: DecodeOptions = {}): Generator<Uint8Array> {
  const { path, compression = detectCompression(bytes), maxBytes = 2 ** 31 } = options;
  const { data, failure } = inflate(bytes, compression, maxBytes, path);
  let offset = 0;
  for (let record = 0; offset + headerSize <= data.length; record++) {
    const length = checkHeader(data, offset, offset, { path, record });
    const start = offset + headerSize;
    const end = start + length;
    if (end + footerSize > data.length) {
      if (failure) break;
      throw truncated(length, data.length, { path, offset, record });
    }
    const content = data.subarray(start, end);
    checkData(content, readUint32(data, end), { path, offset: start, record });
    yield content;
    offset = end + footerSize;
  }
  if (failure) throw failure;
}

/** Options of {@linkcode indexTfRecords}. */
export interface IndexOptions {
  /**
   * Bytes read at a time.
   *
   * @default {2 ** 20}
   */
  blockSize?: number;
}

/**
 * Lists where the records of an uncompressed file lie, reading headers only, so that a shuffling reader can pick any.
 *
 * Checks every length checksum; the data is checked when {@linkcode readTfRecord} reads it. Long records are
 * stepped over without being read.
 *
 * @throws {NotFoundError} if there is no such file
 * @throws {DataLossError} at the first damaged header or cut record; `record` says how many good ones come before it
 * @throws {TypeError} if the file is compressed, where no record can be reached without all before it
 */
export async function indexTfRecords(
  files: Files,
  path: string,
  { blockSize = 2 ** 20 }: IndexOptions = {},
): Promise<TfRecordEntry[]> {
  const size = await files.size(path);
  if (size === undefined) throw notFound(path);
  const entries: TfRecordEntry[] = [];
  let block = await files.readRange(path, 0, blockSize);
  let blockStart = 0;
  const compression = detectCompression(block);
  if (compression !== "") {
    throw new TypeError(
      `Cannot index "${path}": it is ${compression} compressed; read it whole with decodeTfRecords or store it uncompressed`,
    );
  }
  let offset = 0;
  while (offset + headerSize <= size) {
    if (offset + headerSize > blockStart + block.length) {
      const isSparse = (entries.at(-1)?.length ?? 0) >= sparseLength;
      block = await files.readRange(path, offset, isSparse ? headerSize : Math.max(blockSize, headerSize));
      blockStart = offset;
      if (block.length < headerSize) break;
    }
    const record = entries.length;
    const length = checkHeader(block, offset - blockStart, offset, { path, record });
    const end = offset + headerSize + length + footerSize;
    if (end > size) throw truncated(length, size, { path, offset, record });
    entries.push({ offset, length });
    offset = end;
  }
  return entries;
}

/**
 * Reads one record of an uncompressed file and checks it.
 *
 * @param record its number, for the message
 * @throws {DataLossError} if the file was cut or the data does not match its checksum
 */
export async function readTfRecord(
  files: Files,
  path: string,
  entry: TfRecordEntry,
  record?: number,
): Promise<Uint8Array> {
  const start = entry.offset + headerSize;
  const bytes = await files.readRange(path, start, entry.length + footerSize);
  if (bytes.length < entry.length + footerSize) {
    throw truncated(entry.length, start + bytes.length, { path, offset: entry.offset, record });
  }
  const content = bytes.subarray(0, entry.length);
  checkData(content, readUint32(bytes, entry.length), { path, offset: start, record });
  return content;
}

/**
 * Finds where the last whole record of an uncompressed file ends. What lies behind it no reader reaches: mostly a record that
 * a writer began before it was stopped.
 *
 * @returns a byte offset; the file's length if all is whole
 */
export function endOfTfRecords(bytes: Uint8Array): number {
  let end = 0;
  try {
    for (const record of decodeTfRecords(bytes, { compression: "" })) {
      end += headerSize + record.length + footerSize;
    }
  } catch (thrown) {
    if (!(thrown instanceof DataLossError)) throw thrown;
  }
  return end;
}

/**
 * Turns records into the bytes of a TFRecord file, chunk by chunk.
 *
 * @param records the data of each record
 * @param options.compression how to pack the whole stream; not at all by default
 */
export function encodeTfRecords(
  records: Iterable<Uint8Array>,
  { compression = "" }: { compression?: Compression } = {},
): Iterable<Uint8Array> {
  const chunks = encodePlain(records);
  return compression === "" ? chunks : deflateChunks(chunks, compression);
}

function* encodePlain(records: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const record of records) {
    const chunk = new Uint8Array(headerSize + record.length + footerSize);
    const view = new DataView(chunk.buffer);
    view.setBigUint64(0, BigInt(record.length), true);
    view.setUint32(8, maskCrc(crc32c(chunk.subarray(0, 8))), true);
    chunk.set(record, headerSize);
    view.setUint32(headerSize + record.length, maskCrc(crc32c(record)), true);
    yield chunk;
  }
}

/** Checks the header at `at` and returns the record's length, which may be larger than any file. */
function checkHeader(bytes: Uint8Array, at: number, offset: number, place: RecordPlace): number {
  if (maskCrc(crc32c(bytes.subarray(at, at + 8))) !== readUint32(bytes, at + 8)) {
    throw new DataLossError(
      `Cannot read ${
        describe(place)
      }: corrupted record at ${offset}, its length does not match its checksum; ` +
        "make or download the file again",
      { ...place, offset },
    );
  }
  return readUint32(bytes, at) + readUint32(bytes, at + 4) * 2 ** 32;
}

function checkData(content: Uint8Array, stored: number, place: RecordPlace & { offset: number }): void {
  if (maskCrc(crc32c(content)) === stored) return;
  throw new DataLossError(
    `Cannot read ${
      describe(place)
    }: corrupted record at ${place.offset}, its data does not match its checksum; ` +
      "make or download the file again",
    place,
  );
}

function truncated(length: number, size: number, place: RecordPlace & { offset: number }): DataLossError {
  return new DataLossError(
    `Cannot read ${
      describe(place)
    }: truncated record at ${place.offset}, it has ${length} bytes of data but the file ` +
      `ends at ${size}; make or download the file again`,
    place,
  );
}

interface RecordPlace {
  path?: string;
  record?: number;
}

function describe({ path, record }: RecordPlace): string {
  return `${record === undefined ? "a record" : `record ${record}`} of ${
    path === undefined ? "the TFRecord file" : `"${path}"`
  }`;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
