/**
 * Reads V2 checkpoints ("tensor bundles"): `PREFIX.index` is a table of entries, `PREFIX.data-*` the bytes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { crc32c, maskCrc } from "../crc32c.ts";
import { DataLossError, NotFoundError, reasonOf } from "../errors.ts";
import type { Files } from "../files.ts";
import {
  assemble,
  assertCovered,
  type Bundle,
  damagedTensor,
  isShape,
  sliceShape,
  type TensorInfo,
} from "./bundle.ts";
import { shardSuffix } from "../paths.ts";
import { type BundleEntry, readBundleEntry, readBundleHeader } from "./protos.ts";
import { sliceKey } from "./slice_key.ts";
import { decodeStrings } from "./strings.ts";
import { Table } from "./table.ts";
import {
  type Dtype,
  dtypeOfCode,
  elementsOf,
  nameOfCode,
  numericTypes,
  type Tensor,
  tensorFromBytes,
} from "./tensor.ts";

/** File of one shard of the data. */
export function dataPath(prefix: string, shard: number, shards: number): string {
  return `${prefix}.data-${shardSuffix(shard, shards)}`;
}

/** Newest `min_consumer` that this reader understands (`kTensorBundleVersion`). */
const version = 1;

/** An open V2 checkpoint. */
export class BundleV2 implements Bundle {
  readonly format = "V2";
  readonly tensors = new Map<string, TensorInfo>();
  readonly unsupported = new Map<string, string>();
  readonly #files: Files;
  readonly #prefix: string;
  readonly #shards: number;
  /** All entries, those of slices too, by key as hexadecimal digits. */
  readonly #entries: ReadonlyMap<string, BundleEntry>;

  private constructor(
    files: Files,
    prefix: string,
    shards: number,
    entries: ReadonlyMap<string, BundleEntry>,
  ) {
    this.#files = files;
    this.#prefix = prefix;
    this.#shards = shards;
    this.#entries = entries;
    for (const [key, { dtypeCode, shape }] of entries) {
      if (key.startsWith("00")) continue; // a slice
      const dtype = dtypeOfCode(dtypeCode), name = utf8.decode(fromHex(key));
      if (dtype === undefined) this.unsupported.set(name, nameOfCode(dtypeCode));
      else this.tensors.set(name, { dtype, shape });
    }
  }

  /** Opens a checkpoint and reads its index. */
  static async open(files: Files, prefix: string): Promise<BundleV2> {
    const table = await Table.open(files, prefix + ".index");
    const entries = new Map<string, BundleEntry>();
    let shards: number | undefined;
    try {
      for await (const { key, value } of table.entries()) {
        if (key.length === 0) {
          shards = readHeader(value);
          continue;
        }
        const entry = readBundleEntry(value);
        if (!isShape(entry.shape)) throw new Error(`the shape of key ${toHex(key)} is impossible`);
        entries.set(toHex(key), entry);
      }
      if (shards === undefined) throw new Error("it has no header");
    } catch (thrown) {
      if (thrown instanceof DataLossError || thrown instanceof NotFoundError) throw thrown;
      throw new DataLossError(
        `Cannot read "${table.path}": ${reasonOf(thrown)}; copy the checkpoint again or use an older one`,
        { path: table.path },
        { cause: thrown },
      );
    }
    return new BundleV2(files, prefix, shards, entries);
  }

  /** Reads one tensor, putting its slices together. */
  async read(name: string): Promise<Tensor> {
    const info = this.tensors.get(name)!;
    const entry = this.#entries.get(toHex(new TextEncoder().encode(name)))!;
    if (entry.slices.length === 0) return await this.#readEntry(name, entry, info.dtype);
    const path = this.#prefix + ".index";
    assertCovered(name, info.shape, entry.slices, path);
    const pieces = [];
    for (const slice of entry.slices) {
      const part = this.#entries.get(toHex(sliceKey(name, slice)));
      if (part === undefined) throw damagedTensor(name, path, "one of its slices is missing");
      if (elementsOf(part.shape) !== elementsOf(sliceShape(slice, info.shape)!)) {
        throw damagedTensor(name, path, "one of its slices has another size than it says");
      }
      const { data } = await this.#readEntry(name, part, info.dtype);
      pieces.push({ slice, data });
    }
    return assemble(info, pieces);
  }

  async #readEntry(name: string, entry: BundleEntry, dtype: Dtype): Promise<Tensor> {
    const { shape, shardId, offset, size } = entry;
    const path = dataPath(this.#prefix, shardId, this.#shards);
    const count = elementsOf(shape);
    const possible = dtypeOfCode(entry.dtypeCode) === dtype && offset >= 0 && size >= 0 &&
      (dtype === "string" || size === count * numericTypes[dtype].size);
    if (!possible) {
      throw damagedTensor(name, this.#prefix + ".index", "its entry does not fit its type and shape");
    }
    const bytes = await this.#files.readRange(path, offset, size);
    if (bytes.length < size) {
      throw damagedTensor(
        name,
        path,
        `truncated file, ${bytes.length} of ${size} bytes at ${offset} are there`,
        offset,
      );
    }
    if (dtype === "string") {
      const decoded = decodeStrings(bytes, count);
      if (typeof decoded === "string") throw damagedTensor(name, path, decoded, offset);
      this.#check(name, path, entry, decoded.crc);
      return { dtype, shape: [...shape], data: decoded.values };
    }
    this.#check(name, path, entry, crc32c(bytes));
    return tensorFromBytes(dtype, [...shape], bytes);
  }

  #check(name: string, path: string, { crc, offset }: BundleEntry, calculated: number): void {
    if (maskCrc(calculated) !== crc) throw damagedTensor(name, path, "checksum does not match", offset);
  }
}

/** Checks the header; returns the number of data files. */
function readHeader(bytes: Uint8Array): number {
  const header = readBundleHeader(bytes);
  if (header.endianness !== 0) {
    throw new Error("it was written on a big-endian machine, which is not supported");
  }
  if (header.minConsumer > version) {
    throw new Error(`it needs a reader of version ${header.minConsumer}, this is version ${version}`);
  }
  if (header.numShards < 1) throw new Error("its header names no data files");
  return header.numShards;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
