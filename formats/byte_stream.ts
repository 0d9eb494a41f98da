/**
 * Bytes that come in chunks, read as many at a time as are wanted.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, reasonOf } from "./errors.ts";
import { concatenateArrays, type Files, notFound } from "./files.ts";

/** Reads chunks of any size as if they were one array, without holding more than a chunk and what is asked for. */
export class ByteStream {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes were read or passed over. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes; fewer than `count` only at the end. */
  async read(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.parts(count)) parts.push(part);
    return parts.length === 1 ? parts[0] : concatenateArrays(parts);
  }

  /** The next bytes in pieces as they come; fewer than `count` only at the end. */
  async *parts(count: number): AsyncGenerator<Uint8Array> {
    while (count > 0) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done) return;
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, count);
      this.#rest = this.#rest.subarray(part.length);
      this.#position += part.length;
      count -= part.length;
      yield part;
    }
  }

  /** Passes over bytes; returns how many there were, fewer than `count` only at the end. */
  async skip(count: number): Promise<number> {
    const start = this.#position;
    for await (const _ of this.parts(count));
    return this.#position - start;
  }

  /** Ends the reading, so that the chunks' source can be closed. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Bytes of a file that are read at a time. */
const chunkSize = 2 ** 18;
/** Packed bytes that are unpacked at a time: they become at most a thousand times as many. */
const packedSize = 2 ** 15;

/**
 * The bytes of a file, unpacked if it is gzipped, a piece at a time.
 *
 * @throws {NotFoundError} if there is no such file
 * @throws {DataLossError} if it is gzipped and damaged or cut; found out at the end, after its bytes were given
 */
export async function* readUnpacked(files: Files, path: string): AsyncGenerator<Uint8Array> {
  const size = await files.size(path);
  if (size === undefined) throw notFound(path);
  const [first, second] = await files.readRange(path, 0, 2);
  const isGzip = first === 0x1f && second === 0x8b;
  if (!isGzip) {
    for (let at = 0; at < size; at += chunkSize) yield await files.readRange(path, at, chunkSize);
    return;
  }
  let at = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (at >= size) return controller.close();
      controller.enqueue(await files.readRange(path, at, packedSize));
      at += packedSize;
    },
  }, { highWaterMark: 1 });
  try {
    yield* packed.pipeThrough(new DecompressionStream("gzip"));
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw new DataLossError(
      `Cannot unpack "${path}": its gzip data are damaged, cut, or followed by something else (${
        reasonOf(thrown)
      }); ` +
        "download the file again",
      { path, offset: at },
      { cause: thrown },
    );
  }
}
