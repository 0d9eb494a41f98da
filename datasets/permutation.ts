/**
 * Random permutations by number, for the order of the training images.
 *
 * The permutation of epoch 7 is a function of the seed and 7: it needs no run through epochs 0 to 6, and a resumed run
 * visits what the uninterrupted one would have visited.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { hash32, philox4x32, words2 } from "../random/philox.ts";

/** Keeps these numbers apart from all others that are drawn with the same seed. */
const purpose = hash32("datasets/permutation");

/**
 * A random permutation of 0 to `size` - 1, the same for the same (seed, stream).
 *
 * Fisher and Yates' shuffle over numbers of 53 bits: each permutation is as likely as the next to within `size` / 2^53.
 *
 * @param size how many numbers to permute, up to 2^32
 * @param seed an integer of at most 53 bits, negative ones included
 * @param stream which of the permutations of this seed, for instance the epoch; 0 to 2^53 - 1
 * @throws {RangeError} if a number is not an integer of its range
 */
export function randomPermutation(size: number, seed: number, stream: number): Uint32Array<ArrayBuffer> {
  if (!Number.isInteger(size) || size < 0 || size > 2 ** 32) {
    throw new RangeError(`Cannot permute ${size} numbers: the size must be an integer from 0 to 2^32`);
  }
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot shuffle with seed ${seed}: it must be an integer of at most 53 bits`);
  }
  if (!Number.isSafeInteger(stream) || stream < 0) {
    throw new RangeError(`Cannot shuffle stream ${stream}: it must be an integer from 0 to 2^53 - 1`);
  }
  const key = words2(seed);
  const counter = [0, purpose, ...words2(stream)];
  const words = new Uint32Array(4);
  const permutation = Uint32Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last -= 2) { // a block of four words gives two numbers of 53 bits
    counter[0] = last;
    philox4x32(counter, key, words);
    swap(permutation, last, below(last + 1, words[0], words[1]));
    if (last > 1) swap(permutation, last - 1, below(last, words[2], words[3]));
  }
  return permutation;
}

/** A number of 0 to `bound` - 1 from 53 of the bits of two random words. */
function below(bound: number, high: number, low: number): number {
  return Math.floor((high * 2 ** 21 + (low >>> 11)) / 2 ** 53 * bound);
}

function swap(array: Uint32Array, i: number, j: number): void {
  const held = array[i];
  array[i] = array[j];
  array[j] = held;
}
