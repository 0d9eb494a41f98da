/**
 * SafeTensors files: the length of a header, the header in JSON, then all values without gaps.
 *
 * The format: github.com/huggingface/safetensors, `README.md`. It has no checksums; what the header says is checked against
 * the file's size. Names are TensorFlow's, as in checkpoints.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { compareBytes } from "./bytes.ts";
import { type Bundle, damagedTensor, isShape, type TensorInfo } from "./checkpoint/bundle.ts";
import {
  assertFits,
  bytesOfTensor,
  elementsOf,
  type NumericDtype,
  numericTypes,
  type Tensor,
  tensorFromBytes,
} from "./checkpoint/tensor.ts";
import { DataLossError, NotFoundError, reasonOf } from "./errors.ts";
import { type Files, notFound } from "./files.ts";
import { parseStrictJson } from "./strict_json.ts";

/** Our names of the format's data types. */
const dtypes: Readonly<Record<string, NumericDtype>> = {
  BOOL: "bool",
  U8: "uint8",
  I8: "int8",
  I16: "int16",
  U16: "uint16",
  F16: "float16",
  BF16: "bfloat16",
  I32: "int32",
  U32: "uint32",
  F32: "float32",
  C64: "complex64",
  F64: "float64",
  I64: "int64",
  U64: "uint64",
};

/** Bytes of the header's length. */
const lengthSize = 8;
/** Most bytes that a header may have, as in the format's own library. */
const maxHeaderSize = 100_000_000;
/** The header's field for texts about the file. */
const metadataKey = "__metadata__";

/** Where a tensor lies: bytes from the header's end on. */
interface Range {
  name: string;
  begin: number;
  end: number;
}

/** An open SafeTensors file. */
export class SafetensorsFile implements Bundle {
  readonly format = "SafeTensors";
  readonly tensors = new Map<string, TensorInfo>();
  readonly unsupported = new Map<string, string>();
  /** The texts under `__metadata__`. */
  readonly metadata = new Map<string, string>();
  readonly #files: Files;
  readonly #path: string;
  readonly #ranges = new Map<string, Range>();
  /** Where the values start. */
  readonly #start: number;

  private constructor(files: Files, path: string, start: number) {
    this.#files = files;
    this.#path = path;
    this.#start = start;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws {NotFoundError} if there is no such file
   * @throws {DataLossError} if it is no SafeTensors file, damaged or cut short
   */
  static async open(files: Files, path: string): Promise<SafetensorsFile> {
    const size = await files.size(path);
    if (size === undefined) throw notFound(path);
    try {
      if (size < lengthSize) throw new Error(`it has ${size} bytes, too few for SafeTensors`);
      const length = await files.readRange(path, 0, lengthSize);
      const headerSize = Number(new DataView(length.buffer, length.byteOffset).getBigUint64(0, true));
      if (headerSize > maxHeaderSize) {
        throw new Error(`its header of ${headerSize} bytes is longer than the ${maxHeaderSize} allowed`);
      }
      const start = lengthSize + headerSize;
      if (start > size) throw new Error(`its header of ${headerSize} bytes is longer than the file`);
      const file = new SafetensorsFile(files, path, start);
      const header = parseHeader(await files.readRange(path, lengthSize, headerSize));
      for (const [name, value] of Object.entries(header)) {
        if (name === metadataKey) file.#addMetadata(value);
        else file.#addTensor(name, value);
      }
      assertContiguous([...file.#ranges.values()], size - start);
      return file;
    } catch (thrown) {
      if (thrown instanceof NotFoundError) throw thrown;
      throw new DataLossError(
        `Cannot read "${path}": ${reasonOf(thrown)}; copy the file again or use another one`,
        { path },
        { cause: thrown },
      );
    }
  }

  /** Reads one tensor. */
  async read(name: string): Promise<Tensor> {
    const { dtype, shape } = this.tensors.get(name)!, { begin, end } = this.#ranges.get(name)!;
    const bytes = await this.#files.readRange(this.#path, this.#start + begin, end - begin);
    if (bytes.length < end - begin) {
      throw damagedTensor(name, this.#path, "truncated file", this.#start + begin);
    }
    return tensorFromBytes(dtype as NumericDtype, [...shape], bytes);
  }

  #addMetadata(value: unknown): void {
    const isTexts = isObject(value) && Object.values(value).every((text) => typeof text === "string");
    if (!isTexts) throw new Error(`its ${metadataKey} holds something else than texts`);
    for (const [key, text] of Object.entries(value)) this.metadata.set(key, text as string);
  }

  #addTensor(name: string, value: unknown): void {
    const { dtype: type, shape, data_offsets: offsets } = isObject(value) ? value : {};
    const cannot = `tensor "${name}"`;
    if (typeof type !== "string") throw new Error(`${cannot} has no dtype`);
    if (!Array.isArray(shape) || !isShape(shape)) throw new Error(`${cannot} has no possible shape`);
    const [begin, end, ...more]: unknown[] = Array.isArray(offsets) ? offsets : [];
    if (!isSize(begin) || !isSize(end) || begin > end || more.length > 0) {
      throw new Error(`${cannot} has no possible data_offsets`);
    }
    this.#ranges.set(name, { name, begin, end });
    const dtype = Object.hasOwn(dtypes, type) ? dtypes[type] : undefined;
    if (dtype === undefined) {
      this.unsupported.set(name, type);
      return;
    }
    const wanted = elementsOf(shape) * numericTypes[dtype].size;
    if (end - begin !== wanted) {
      const about = `shape [${shape.join(", ")}] of ${type} needs ${wanted} bytes`;
      throw new Error(`${cannot} has ${end - begin} bytes at [${begin}, ${end}] but ${about}`);
    }
    this.tensors.set(name, { dtype, shape });
  }
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header;
  try {
    header = parseStrictJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (thrown) {
    throw new Error(`its header is malformed: ${reasonOf(thrown)}`, { cause: thrown });
  }
  if (!isObject(header)) throw new Error("its header is no object");
  return header;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Checks that the tensors fill the rest of the file, none over another. */
function assertContiguous(ranges: Range[], size: number): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0, last = "the header";
  for (const { name, begin, end } of ranges) {
    if (begin < at) throw new Error(`tensor "${name}" overlaps ${last}`);
    if (begin > at) throw new Error(`${begin - at} bytes before tensor "${name}" belong to none`);
    if (end > size) {
      throw new Error(`tensor "${name}" ends at byte ${end} of ${size}: the file is cut short`);
    }
    [at, last] = [end, `tensor "${name}"`];
  }
  if (at < size) throw new Error(`${size - at} bytes after ${last} belong to none`);
}

/** A tensor that is fetched when its turn comes; the header needs its type and shape before. */
export interface LazyTensor extends TensorInfo {
  /** Fetches it. */
  read(): Tensor | Promise<Tensor>;
}

/**
 * Writes tensors as a SafeTensors file, whole or not at all.
 *
 * Types of more bytes come first, so that all values are aligned, then names in code point order; one tensor is in memory at
 * a time.
 *
 * @param files where to write
 * @param path the file, such as `lenet.safetensors`
 * @param tensors by name
 * @param metadata texts to go with them
 * @throws {TypeError} if the format has no such type or name, or a tensor's data does not fit its type and shape
 */
export async function writeSafetensors(
  files: Files,
  path: string,
  tensors: ReadonlyMap<string, Tensor | LazyTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const encoder = new TextEncoder();
  const all = [...tensors].map(([name, source]) => {
    const { type, size } = typeOf(name, source);
    return { name, key: encoder.encode(name), source, type, size };
  });
  all.sort((a, b) => b.size - a.size || compareBytes(a.key, b.key));
  const fields: [string, unknown][] = metadata.size > 0 ? [[metadataKey, Object.fromEntries(metadata)]] : [];
  let at = 0;
  for (const { name, source: { shape }, type, size } of all) {
    const begin = at;
    at += elementsOf(shape) * size;
    fields.push([name, { dtype: type, shape, data_offsets: [begin, at] }]);
  }
  const json = encoder.encode(JSON.stringify(Object.fromEntries(fields)));
  const header = new Uint8Array(lengthSize + Math.ceil(json.length / 8) * 8).fill(0x20); // spaces up to the values
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - lengthSize), true);
  header.set(json, lengthSize);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield header;
    for (const { name, source } of all) {
      const tensor = "read" in source ? await source.read() : source;
      const { dtype, shape } = tensor;
      if (dtype !== source.dtype || String(shape) !== String(source.shape)) {
        throw new TypeError(
          `Cannot write tensor "${name}": it is ${dtype} [${shape}], not ${source.dtype} [${source.shape}] as announced`,
        );
      }
      assertFits(name, tensor);
      yield bytesOfTensor(tensor as Tensor<NumericDtype>);
    }
  }
  await files.write(path, chunks());
}

function typeOf(name: string, { dtype }: TensorInfo): { type: string; size: number } {
  const type = Object.keys(dtypes).find((type) => dtypes[type] === dtype);
  if (name === metadataKey || type === undefined) {
    const reason = type === undefined ? `SafeTensors has no type for ${dtype}` : "the format keeps this name";
    throw new TypeError(`Cannot write tensor "${name}": ${reason}; leave it out, or write a V2 checkpoint`);
  }
  return { type, size: numericTypes[dtypes[type]].size };
}
