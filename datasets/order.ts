/**
 * Which records make up which batch: pure functions of the batch's number.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { randomPermutation } from "./permutation.ts";

/** The records of every batch of a run. */
export interface BatchOrder {
  /** How many batches there are; `Infinity` in training. */
  readonly numBatches: number;
  /** Places in a batch. */
  readonly batchSize: number;
  /** The records of batch `t`, in order; fewer than `batchSize` only in the last batch of an evaluation. */
  records(t: number): Uint32Array;
}

/**
 * The order of training: one endless stream of records, epoch after epoch, cut into batches.
 *
 * Epoch e visits every record once, in the permutation of (seed, e). Batch t takes positions t * batchSize to
 * (t + 1) * batchSize - 1 of the stream, across the ends of epochs, so that no record is dropped and every batch is full.
 *
 * @param size records in the data set
 * @param shuffle `false` visits every epoch in file order
 */
export function trainingOrder(
  size: number,
  { batchSize, seed = 0, shuffle = true }: { batchSize: number; seed?: number; shuffle?: boolean },
): BatchOrder {
  checkSizes(size, batchSize);
  const fileOrder = shuffle ? undefined : Uint32Array.from({ length: size }, (_, index) => index);
  let latest = { epoch: -1, order: new Uint32Array(0) };
  const epochOrder = (epoch: number): Uint32Array => {
    if (fileOrder) return fileOrder;
    if (latest.epoch !== epoch) latest = { epoch, order: randomPermutation(size, seed, epoch) };
    return latest.order;
  };
  return {
    numBatches: Infinity,
    batchSize,
    records(t) {
      const records = new Uint32Array(batchSize);
      for (let i = 0; i < batchSize; i++) {
        const position = t * batchSize + i;
        records[i] = epochOrder(Math.floor(position / size))[position % size];
      }
      return records;
    },
  };
}

/**
 * The order of evaluation: every record once, in file order.
 *
 * The last batch holds what is left, so that no record counts twice.
 */
export function evaluationOrder(size: number, { batchSize }: { batchSize: number }): BatchOrder {
  checkSizes(size, batchSize);
  return {
    numBatches: Math.ceil(size / batchSize),
    batchSize,
    records(t) {
      const start = t * batchSize;
      return Uint32Array.from({ length: Math.min(batchSize, size - start) }, (_, i) => start + i);
    },
  };
}

function checkSizes(size: number, batchSize: number): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`Cannot make batches of ${size} records: the data set needs at least one`);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `Cannot make batches of ${batchSize} images: the batch size must be a positive integer`,
    );
  }
}
