/**
 * Which picture goes to which file: TF-Slim deals a list out to threads and each thread's part to its files, both times at
 * even places cut to integers.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { shardSuffix } from "../../formats/paths.ts";
import { PythonRandom } from "../../random/python_random.ts";

/** One file of records to be. */
export interface Shard {
  /** Its number, counted from 0. */
  index: number;
  /** The thread whose part it belongs to. */
  thread: number;
  /** Its pictures: those of the list from `start` up to, not with, `end`. */
  start: number;
  end: number;
}

/** The seed of TF-Slim's shuffle. */
const shuffleSeed = 12345;

/**
 * Deals pictures out to files.
 *
 * @param numImages how many there are
 * @param numShards how many files
 * @param numThreads how many threads TF-Slim would use; the places of the cuts depend on it
 * @throws {RangeError} if the files cannot be divided among the threads
 */
export function planShards(numImages: number, numShards: number, numThreads: number): Shard[] {
  if (numShards % numThreads !== 0) {
    throw new RangeError(
      `Cannot divide ${numShards} shards among ${numThreads} threads: choose numbers of shards that --num_threads divides`,
    );
  }
  const each = numShards / numThreads;
  const spacing = threadSpacing(numImages, numThreads);
  return Array.from({ length: numThreads }, (_, thread) => {
    const cuts = evenSpacing(spacing[thread], spacing[thread + 1], each);
    return cuts.slice(1).map((end, s) => ({ index: thread * each + s, thread, start: cuts[s], end }));
  }).flat();
}

/** Where the part of each thread begins, and behind these the number of all pictures. */
export function threadSpacing(numImages: number, numThreads: number): number[] {
  return evenSpacing(0, numImages, numThreads);
}

/** `numpy.linspace(start, stop, parts + 1).astype(int)`: one multiplication, one addition, cut to an integer. */
function evenSpacing(start: number, stop: number, parts: number): number[] {
  const step = (stop - start) / parts;
  return Array.from({ length: parts + 1 }, (_, i) => i === parts ? stop : Math.trunc(i * step + start));
}

/** The name of a file of records: `train-00002-of-01024`. */
export function shardName(split: string, index: number, count: number): string {
  return `${split}-${shardSuffix(index, count)}`;
}

/** The numbers 0 to `count` - 1 in the order of TF-Slim's sources: shuffled by Python with a fixed seed. */
export function shuffledIndexes(count: number): number[] {
  const indexes = Array.from({ length: count }, (_, i) => i);
  new PythonRandom(shuffleSeed).shuffle(indexes);
  return indexes;
}
