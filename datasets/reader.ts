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

import { DataLossError } from "../formats/errors.ts";
import type { Box } from "../formats/pixels.ts";
import type { ChoosePart, Dataset, LabelledImage } from "./dataset.ts";
import type { BatchOrder } from "./order.ts";

/** Some images and their labels. */
export interface Batch {
  /** Number of the batch in its order. */
  readonly index: number;
  /** Places in the batch. */
  readonly batchSize: number;
  /** The decoded images, each of its own size, as the source gave them: not to be changed. */
  readonly images: readonly LabelledImage[];
  /** Number of the record that each image was read from, `[count]`. */
  readonly records: Uint32Array;
  /** Classes, `[batchSize]`; places from `count` on hold 0. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** How many of the places hold an image: in training all; in evaluation, the last batch and damaged records have fewer. */
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
  /**
   * Called for a damaged record, each time it is met. In training the next one in the data set that is not damaged takes its
   * place; in evaluation it is left out. Without this function such a record is an error.
   */
  onDamaged?: (record: number, reason: DataLossError) => void;
  /** Chooses the part of a picture that is needed at a place of a batch. @default {all of it} */
  choosePart?: (picture: Parameters<ChoosePart>[0], batch: number, place: number) => Box;
}

/** So many damaged records one after another are no accident. */
const MOST_DAMAGED = 100;

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
  readonly #options: Pick<ReaderOptions, "onDamaged" | "choosePart">;
  readonly #queue: Promise<DecodedBatch>[] = [];
  #nextToDecode: number;
  #closed = false;

  /** Begins to decode at once. */
  constructor(dataset: Dataset, order: BatchOrder, options: ReaderOptions = {}) {
    const { start = 0, queueSize = 4 } = options;
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
    this.#options = options;
    this.#nextToDecode = start;
    this.#decodeAhead();
  }

  /**
   * The next batch, or `undefined` after the last one and after {@linkcode BatchReader.close}.
   *
   * @throws {Error} if a record of the batch cannot be read or has other channels; the next call goes on with the batch after it
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
      const previous = this.#queue.at(-2);
      const t = this.#nextToDecode++;
      // Two at a time: decoders need not wait for a batch's end, and later batches never hold up the one needed first.
      const pending = Promise.resolve(previous).catch(() => {}).then(() => this.#decode(t));
      pending.catch(() => {}); // reported by next()
      this.#queue.push(pending);
    }
  }

  async #decode(t: number): Promise<DecodedBatch> {
    const { batchSize } = this.#order, wanted = Array.from(this.#order.records(t));
    const found = await Promise.all(wanted.map((record, place) => this.#image(record, t, place)));
    const good = found.filter((one) => one !== undefined), labels = new Int32Array(batchSize);
    labels.set(good.map(({ image }) => image.label));
    return {
      index: t,
      batchSize,
      images: good.map(({ image }) => image),
      records: Uint32Array.from(good, ({ record }) => record),
      labels,
      count: good.length,
    };
  }

  /** The image of a record, or of the one that takes its place; `undefined` if it is left out. */
  async #image(
    first: number,
    t: number,
    place: number,
  ): Promise<{ image: LabelledImage; record: number } | undefined> {
    const { source } = this.#dataset, { onDamaged, choosePart } = this.#options;
    const choose: ChoosePart | undefined = choosePart && ((picture) => choosePart(picture, t, place));
    for (let tries = 0; tries < Math.min(MOST_DAMAGED, source.size); tries++) {
      const record = (first + tries) % source.size;
      try {
        const image = await source.get(record, choose);
        this.#check(image, record);
        return { image, record };
      } catch (thrown) {
        if (!onDamaged || !(thrown instanceof DataLossError)) throw thrown;
        onDamaged(record, thrown);
        if (this.#order.numBatches < Infinity) return undefined;
      }
    }
    throw new DataLossError(
      `Cannot replace ${
        source.describe(first)
      }: it is damaged, and so are all that follow it; make the data set again`,
    );
  }

  #check({ data, height, width, channels, part }: LabelledImage, record: number): void {
    const { source, channels: needed } = this.#dataset;
    const where = () => `Cannot batch ${source.describe(record)}: its image of ${height} x ${width} pixels`;
    if (channels !== needed) {
      throw new RangeError(`${where()} has ${channels} channels, and the data set ${needed}`);
    }
    const pixels = part ? part.height * part.width : height * width;
    if (height < 1 || width < 1 || data.length !== pixels * channels) {
      throw new RangeError(`${where()} and ${channels} channels has ${data.length} values`);
    }
  }
}
