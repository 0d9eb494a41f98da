/**
 * Reads sorted string tables, the container of V1 checkpoints and of V2 indexes (LevelDB's format).
 *
 * A table is a row of blocks, an index block that names the last key of each, and a footer. Every block carries a masked
 * CRC-32C, which is checked whenever the block is read.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { crc32c, maskCrc } from "../crc32c.ts";
import { DataLossError } from "../errors.ts";
import { compareBytes } from "../bytes.ts";
import { type Files, notFound } from "../files.ts";
import { decodeSnappy } from "./snappy.ts";

/** Bytes of the footer: two block handles, padded, and the magic number. */
const footerSize = 48;
/** Bytes after each block: compression, checksum. */
const trailerSize = 5;
/** Last eight bytes of a table, little-endian. */
export const tableMagic = 0xdb4775248b80fb57n;

/** Whether a file ends as a table does. */
export async function isTable(files: Files, path: string): Promise<boolean> {
  const size = await files.size(path);
  if (size === undefined || size < footerSize) return false;
  const end = await files.readRange(path, size - 8, 8);
  return new DataView(end.buffer, end.byteOffset).getBigUint64(0, true) === tableMagic;
}

/** One key and its value. */
export interface TableEntry {
  key: Uint8Array;
  value: Uint8Array;
}

interface BlockHandle {
  offset: number;
  size: number;
}

/** A table that is open for reading; blocks are read when they are needed. */
export class Table {
  readonly #files: Files;
  /** The table's file. */
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  /** The last key of each data block (or one just after it), and where the block lies. */
  readonly #blocks: { lastKey: Uint8Array; handle: BlockHandle }[] = [];

  private constructor(files: Files, path: string, size: number) {
    this.#files = files;
    this.path = path;
    this.size = size;
  }

  /**
   * Opens a table and reads its index.
   *
   * @throws {NotFoundError} if there is no such file
   * @throws {DataLossError} if it is no table, or its footer or index is damaged
   */
  static async open(files: Files, path: string): Promise<Table> {
    const size = await files.size(path);
    if (size === undefined) throw notFound(path);
    const table = new Table(files, path, size);
    if (size < footerSize) throw table.#damaged(`it has ${size} bytes, too few for a table`, size);
    const footer = await files.readRange(path, size - footerSize, footerSize);
    const magic = new DataView(footer.buffer, footer.byteOffset).getBigUint64(footerSize - 8, true);
    if (magic !== tableMagic) throw table.#damaged("it is no table (bad magic number)", size - 8);
    const reader = new VarintReader(footer);
    table.#handle(reader, size - footerSize); // of the meta index, which is always empty
    const index = table.#handle(reader, size - footerSize);
    for (const { key, value } of await table.#readBlock(index)) {
      table.#blocks.push({ lastKey: key, handle: table.#handle(new VarintReader(value), index.offset) });
    }
    return table;
  }

  /** Number of data blocks. */
  get blockCount(): number {
    return this.#blocks.length;
  }

  /** How each data block is compressed: 0 not at all, 1 by Snappy. */
  async compressions(): Promise<number[]> {
    return await Promise.all(this.#blocks.map(async ({ handle }) => {
      const [byte] = await this.#files.readRange(this.path, handle.offset + handle.size, 1);
      return byte;
    }));
  }

  /** All entries in order. */
  async *entries(): AsyncGenerator<TableEntry> {
    for (const { handle } of this.#blocks) yield* await this.#readBlock(handle);
  }

  /** The value of a key, or `undefined`; reads one block. */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const block = this.#blocks.find(({ lastKey }) => compareBytes(lastKey, key) >= 0);
    if (block === undefined) return undefined;
    const entries = await this.#readBlock(block.handle);
    return entries.find((entry) => compareBytes(entry.key, key) === 0)?.value;
  }

  #handle(reader: VarintReader, at: number): BlockHandle {
    const offset = reader.next(), size = reader.next();
    if (offset === undefined || size === undefined || offset + size + trailerSize > this.size) {
      throw this.#damaged("a block lies outside of it", at);
    }
    return { offset, size };
  }

  async #readBlock({ offset, size }: BlockHandle): Promise<TableEntry[]> {
    const stored = await this.#files.readRange(this.path, offset, size + trailerSize);
    if (stored.length < size + trailerSize) throw this.#damaged("a block is cut short", offset);
    const crc = new DataView(stored.buffer, stored.byteOffset).getUint32(size + 1, true);
    if (maskCrc(crc32c(stored.subarray(0, size + 1))) !== crc) {
      throw this.#damaged("block checksum mismatch", offset);
    }
    const compression = stored[size];
    if (compression > 1) {
      throw this.#damaged(`a block has compression ${compression}, which is unknown`, offset);
    }
    const packed = stored.subarray(0, size);
    const block = compression === 1 ? decodeSnappy(packed) : packed;
    if (block === undefined) throw this.#damaged("a Snappy block cannot be unpacked", offset);
    const entries = parseBlock(block);
    if (entries === undefined) throw this.#damaged("a block's entries are malformed", offset);
    return entries;
  }

  #damaged(reason: string, offset: number): DataLossError {
    return new DataLossError(
      `Cannot read "${this.path}": ${reason}; copy the checkpoint again or use an older one`,
      { path: this.path, offset },
    );
  }
}

/** Entries of a block: each key shares its first bytes with the one before. `undefined` if something does not fit. */
function parseBlock(block: Uint8Array): TableEntry[] | undefined {
  if (block.length < 4) return undefined;
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const restarts = view.getUint32(block.length - 4, true);
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) return undefined;
  const entries: TableEntry[] = [];
  const reader = new VarintReader(block.subarray(0, end));
  let key = new Uint8Array(0);
  while (reader.position < end) {
    const shared = reader.next(), fresh = reader.next(), length = reader.next();
    if (shared === undefined || fresh === undefined || length === undefined) return undefined;
    const start = reader.position;
    if (shared > key.length || start + fresh + length > end) return undefined;
    const grown = new Uint8Array(shared + fresh);
    grown.set(key.subarray(0, shared));
    grown.set(block.subarray(start, start + fresh), shared);
    key = grown;
    reader.position = start + fresh + length;
    entries.push({ key, value: block.subarray(start + fresh, reader.position) });
  }
  return entries;
}

/** Reads variable-length integers below 2^53. */
export class VarintReader {
  position = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next integer, or `undefined` if the bytes end in it or it is too large. */
  next(): number | undefined {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56 && this.position < this.#bytes.length; scale *= 128) {
      const byte = this.#bytes[this.position++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined;
    }
    return undefined;
  }
}
