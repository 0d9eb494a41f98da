/**
 * Writes sorted string tables, byte for byte as TensorFlow does (`table_builder.cc`, uncompressed).
 *
 * This module is browser compatible.
 *
 * @module
 */

import { crc32c, maskCrc } from "../crc32c.ts";
import { concatenateArrays } from "../files.ts";
import { varint } from "./strings.ts";
import { type TableEntry, tableMagic } from "./table.ts";

/** A data block is closed once it has this many bytes (`table_options.h`). */
const blockSize = 262144;
/** Every so many keys of a data block one is stored whole. */
const restartInterval = 16;

/** Serializes entries, whose keys must ascend, as a table. */
export function buildTable(entries: Iterable<TableEntry>): Uint8Array {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const writeBlock = (block: Uint8Array): Uint8Array => {
    const handle = concatenateArrays([varint(offset), varint(block.length)]);
    const stored = new Uint8Array(block.length + 5); // a zero byte: no compression
    stored.set(block);
    new DataView(stored.buffer).setUint32(
      block.length + 1,
      maskCrc(crc32c(stored.subarray(0, block.length + 1))),
      true,
    );
    chunks.push(stored);
    offset += stored.length;
    return handle;
  };
  const index = new BlockBuilder(1);
  let data = new BlockBuilder(restartInterval);
  let pending: Uint8Array | undefined; // handle of a closed block that the index does not name yet
  let lastKey = new Uint8Array();
  for (const { key, value } of entries) {
    if (!data.isEmpty && key.length + value.length >= 2 * blockSize) {
      pending = writeBlock(data.finish());
      data = new BlockBuilder(restartInterval);
    }
    if (pending !== undefined) {
      index.add(separator(lastKey, key), pending);
      pending = undefined;
    }
    lastKey = key.slice();
    data.add(key, value);
    if (data.size >= blockSize) {
      pending = writeBlock(data.finish());
      data = new BlockBuilder(restartInterval);
    }
  }
  if (!data.isEmpty) pending = writeBlock(data.finish());
  const metaIndex = writeBlock(new BlockBuilder(restartInterval).finish());
  if (pending !== undefined) index.add(successor(lastKey), pending);
  const handles = concatenateArrays([metaIndex, writeBlock(index.finish())]);
  const footer = new Uint8Array(48);
  footer.set(handles);
  new DataView(footer.buffer).setBigUint64(40, tableMagic, true);
  return concatenateArrays([...chunks, footer]);
}

/** Collects entries, storing of each key only what the one before does not share. */
class BlockBuilder {
  readonly #interval: number;
  readonly #parts: Uint8Array[] = [];
  readonly #restarts = [0];
  #length = 0;
  #sinceRestart = 0;
  #lastKey = new Uint8Array();

  constructor(interval: number) {
    this.#interval = interval;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Bytes that the finished block will have. */
  get size(): number {
    return this.#length + 4 * this.#restarts.length + 4;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    let shared = 0;
    if (this.#sinceRestart < this.#interval) {
      const most = Math.min(key.length, this.#lastKey.length);
      while (shared < most && key[shared] === this.#lastKey[shared]) shared++;
    } else {
      this.#restarts.push(this.#length);
      this.#sinceRestart = 0;
    }
    const fresh = key.subarray(shared);
    for (const part of [varint(shared), varint(fresh.length), varint(value.length), fresh, value]) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    this.#lastKey = key.slice();
    this.#sinceRestart++;
  }

  finish(): Uint8Array {
    const tail = new DataView(new ArrayBuffer(4 * this.#restarts.length + 4));
    this.#restarts.forEach((at, i) => tail.setUint32(4 * i, at, true));
    tail.setUint32(4 * this.#restarts.length, this.#restarts.length, true);
    return concatenateArrays([...this.#parts, new Uint8Array(tail.buffer)]);
  }
}

/** A short key from `last` on and below `next`. */
function separator(last: Uint8Array, next: Uint8Array): Uint8Array {
  const most = Math.min(last.length, next.length);
  let at = 0;
  while (at < most && last[at] === next[at]) at++;
  if (at === most || last[at] === 0xff || last[at] + 1 >= next[at]) return last;
  return raised(last, at);
}

/** A short key from `last` on. */
function successor(last: Uint8Array): Uint8Array {
  const at = last.findIndex((byte) => byte !== 0xff);
  return at < 0 ? last : raised(last, at);
}

function raised(key: Uint8Array, at: number): Uint8Array {
  const short = key.slice(0, at + 1);
  short[at]++;
  return short;
}
