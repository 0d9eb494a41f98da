/**
 * Counter-based random numbers for the order of the training images.
 *
 * A number is a function of (key, counter) and of nothing else, so that the order of epoch 7 needs no run through epochs
 * 0 to 6, and a resumed run draws what the uninterrupted one would have drawn. The generator is Philox4x32-10 of Salmon
 * et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), which TensorFlow uses as well.
 *
 * This module is browser compatible.
 *
 * @module
 */

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Four unsigned 32-bit words. */
export type Words4 = [number, number, number, number];

/**
 * One block of Philox4x32-10: four random words from a counter and a key.
 *
 * @param counter four unsigned 32-bit words
 * @param key two unsigned 32-bit words
 * @returns four unsigned 32-bit words
 */
export function philox4x32(counter: Readonly<Words4>, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The high 32 bits of the 64-bit product of two unsigned 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16;
  const bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32: exact in a double
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

/**
 * A random permutation of 0 to `size` - 1, the same for the same (seed, stream).
 *
 * Fisher and Yates' shuffle over numbers of 53 bits: each permutation is as likely as the next to within `size` / 2^53.
 *
 * @param size how many numbers to permute, up to 2^32
 * @param seed key of the generator, an integer of at most 53 bits, negative ones included
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
  const [streamLow, streamHigh] = words2(stream);
  const permutation = Uint32Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last -= 2) { // a block of four words gives two numbers of 53 bits
    const [a, b, c, d] = philox4x32([last, 0, streamLow, streamHigh], key);
    swap(permutation, last, below(last + 1, a, b));
    if (last > 1) swap(permutation, last - 1, below(last, c, d));
  }
  return permutation;
}

/** An integer as two words, two's complement. */
function words2(value: number): [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32) >>> 0];
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
