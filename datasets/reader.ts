/**
 * The reader: decodes batches ahead of the step that will use them.
 *
 * What a batch holds depends on its number alone ({@linkcode BatchOrder}), never on timing: the queue only decides how
 * early it is decoded. A run that stopped after step t goes on with `start: t + 1` and sees what it would have seen.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Dataset, LabelledImage } from "./dataset.ts";
import type { BatchOrder } from "./order.ts";

/** Some images and their labels. */
export interface Batch {
  /** Number of the batch in its order. */
  readonly index: number;
  /** Places in the batch. */
  readonly batchSize: number;
  /** The decoded images, each of its own size, as the source gave them: not to be changed. */
  readonly images: readonly LabelledImage[];
  /** Number of the record that each image was read from. */
  readonly records: Uint32Array;
  /** Classes, `[batchSize]`; places from `count` on hold 0. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** How many of the places hold an image; fewer than all only in the last batch of an evaluation. */
  readonly count: number;
  /** Milliseconds that the caller waited for the batch; near 0 if it had been decoded in time. */
  readonly waitMs: number;
}

/** How far ahead and from where to read. */
export interface ReaderOptions {
  /** First batch. @default {0} */
  start?: number;
  /** How many batches to decode ahead. @default {4} */
  queueSize?: number;
}

type DecodedBatch = Omit<Batch, "waitMs">;

/**
 * Reads the batches of an order one after another, decoding ahead.
 *
 * @example
 * ```ts ignore
 * const order = trainingOrder(dataset.numSamples, { batchSize: 32, seed: 1 });
 * await using reader = new BatchReader(dataset, order, { start: step });
 * for await (const { images, labels } of reader) train(images, labels);
 * ```
 */
export class BatchReader implements AsyncIterable<Batch>, AsyncDisposable {
  readonly #dataset: Dataset;
  readonly #order: BatchOrder;
  readonly #queueSize: number;
  readonly #queue: Promise<DecodedBatch>[] = [];
  #nextToDecode: number;
  #closed = false;

  /** Begins to decode at once. */
  constructor(dataset: Dataset, order: BatchOrder, { start = 0, queueSize = 4 }: ReaderOptions = {}) {
    if (!Number.isSafeInteger(start) || start < 0) {
      throw new RangeError(`Cannot start at batch ${start}: it must be an integer of at least 0`);
    }
    if (!Number.isInteger(queueSize) || queueSize < 1) {
      throw new RangeError(
        `Cannot decode ${queueSize} batches ahead: the queue size must be a positive integer`,
      );
    }
    this.#dataset = dataset;
    this.#order = order;
    this.#queueSize = queueSize;
    this.#nextToDecode = start;
    this.#decodeAhead();
  }

  /**
   * The next batch, or `undefined` after the last one and after {@linkcode BatchReader.close}.
   *
   * @throws {Error} if a record of the batch is damaged or has other channels; the next call goes on with the batch after it
   */
  async next(): Promise<Batch | undefined> {
    const pending = this.#queue.shift();
    if (pending === undefined) return undefined;
    const start = performance.now();
    try {
      return { ...await pending, waitMs: performance.now() - start };
    } finally {
      this.#decodeAhead();
    }
  }

  /** Decodes batch `t`, out of turn and without the queue. */
  batch(t: number): Promise<Batch> {
    if (!Number.isInteger(t) || t < 0 || t >= this.#order.numBatches) {
      return Promise.reject(
        new RangeError(`Cannot read batch ${t}: there are batches 0 to ${this.#order.numBatches - 1}`),
      );
    }
    const start = performance.now();
    return this.#decode(t).then((decoded) => ({ ...decoded, waitMs: performance.now() - start }));
  }

  /** Stops to decode ahead and waits for what is under way. Batches decoded but not read are dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#queue.splice(0));
  }

  /** Closes the reader at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The batches from the next one on; leaving the loop closes the reader. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    try {
      for (let batch = await this.next(); batch !== undefined; batch = await this.next()) yield batch;
    } finally {
      await this.close();
    }
  }

  #decodeAhead(): void {
    while (
      !this.#closed && this.#queue.length < this.#queueSize && this.#nextToDecode < this.#order.numBatches
    ) {
      const previous = this.#queue.at(-1);
      const t = this.#nextToDecode++;
      // One after another: the batch needed first is never held up by later ones.
      const pending = Promise.resolve(previous).catch(() => {}).then(() => this.#decode(t));
      pending.catch(() => {}); // reported by next()
      this.#queue.push(pending);
    }
  }

  async #decode(t: number): Promise<DecodedBatch> {
    const { batchSize } = this.#order, records = this.#order.records(t), { source } = this.#dataset;
    const images = await Promise.all(Array.from(records, (record) => source.get(record)));
    const labels = new Int32Array(batchSize);
    images.forEach((image, i) => {
      this.#check(image, records[i]);
      labels[i] = image.label;
    });
    return { index: t, batchSize, images, records, labels, count: records.length };
  }

  #check({ data, height, width, channels }: LabelledImage, record: number): void {
    const { source, channels: needed } = this.#dataset;
    const where = () => `Cannot batch ${source.describe(record)}: its image of ${height} x ${width} pixels`;
    if (channels !== needed) {
      throw new RangeError(`${where()} has ${channels} channels, and the data set ${needed}`);
    }
    if (height < 1 || width < 1 || data.length !== height * width * channels) {
      throw new RangeError(`${where()} and ${channels} channels has ${data.length} values`);
    }
  }
}
