/**
 * Histograms as TensorFlow's summaries have them: fixed limits that grow by a tenth, runs of empty buckets merged.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BinaryReader, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { MessageWriter } from "../message_writer.ts";
import { eachField } from "../protobuf.ts";

/** `HistogramProto`: how often values fall between limits. */
export interface Histogram {
  /** Least value; the largest double if there are no values. */
  min: number;
  /** Largest value; minus the largest double if there are no values. */
  max: number;
  /** How many values. */
  num: number;
  sum: number;
  sumSquares: number;
  /** Where each bucket ends; a value equal to a limit belongs to the next bucket. */
  bucketLimit: number[];
  /** How many values each bucket has. */
  bucket: number[];
}

/** The limits of all buckets before any are merged, 1551 of them. */
export const histogramLimits: readonly number[] = makeLimits();

/** 1e-12 and on by factors of 1.1 up to 1e20, the same below zero, zero, and the largest doubles at both ends. */
function makeLimits(): number[] {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  positive.push(Number.MAX_VALUE);
  return [...positive.map((limit) => -limit).reverse(), 0, ...positive];
}

/**
 * Counts values into a histogram.
 *
 * @param tag the summary's name, for the error
 * @throws {RangeError} if a value is NaN or infinite
 *
 * @example Usage
 * ```ts
 * import { histogramOf } from "./histogram.ts";
 *
 * histogramOf("weights", [2.5, 2.5]).bucket; // [0, 2, 0]
 * ```
 */
export function histogramOf(tag: string, values: ArrayLike<number>): Histogram {
  const counts = new Float64Array(histogramLimits.length);
  let min = Number.MAX_VALUE, max = -Number.MAX_VALUE, sum = 0, sumSquares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `Cannot make the histogram "${tag}": value ${i} of ${values.length} is ${value}; ` +
          "look for a diverging training, or leave this summary out",
      );
    }
    counts[bucketOf(value)]++;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  return { min, max, num: values.length, sum, sumSquares, ...mergeEmpty(counts) };
}

/** The first bucket whose limit is above a value; the last one for the largest double. */
function bucketOf(value: number): number {
  let low = 0, high = histogramLimits.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (histogramLimits[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Each run of empty buckets becomes one, which ends where the last of them did. */
function mergeEmpty(counts: Float64Array): Pick<Histogram, "bucketLimit" | "bucket"> {
  const bucketLimit: number[] = [], bucket: number[] = [];
  counts.forEach((count, i) => {
    if (count === 0 && counts[i + 1] === 0) return;
    bucketLimit.push(histogramLimits[i]);
    bucket.push(count);
  });
  return { bucketLimit, bucket };
}

/** Serializes a `HistogramProto`. */
export function encodeHistogram(histogram: Histogram): Uint8Array {
  return new MessageWriter()
    .double(1, histogram.min).double(2, histogram.max).double(3, histogram.num)
    .double(4, histogram.sum).double(5, histogram.sumSquares)
    .doubles(6, histogram.bucketLimit).doubles(7, histogram.bucket).finish();
}

/**
 * Reads a `HistogramProto`.
 *
 * @throws {Error} if the bytes are no such message
 */
export function decodeHistogram(bytes: Uint8Array): Histogram {
  const histogram: Histogram = {
    min: 0,
    max: 0,
    num: 0,
    sum: 0,
    sumSquares: 0,
    bucketLimit: [],
    bucket: [],
  };
  const numbers = [undefined, "min", "max", "num", "sum", "sumSquares"] as const;
  eachField(bytes, (field, reader, wire) => {
    const name = numbers[field];
    if (name !== undefined) histogram[name] = reader.double();
    else if (field === 6 || field === 7) {
      const list = field === 6 ? histogram.bucketLimit : histogram.bucket;
      if (wire === WireType.LengthDelimited) list.push(...packedDoubles(reader.bytes()));
      else list.push(reader.double());
    } else return false;
    return true;
  });
  return histogram;
}

function* packedDoubles(bytes: Uint8Array): Generator<number> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) yield reader.double();
}
