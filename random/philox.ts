/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011),
 * which TensorFlow uses as well.
 *
 * A number is a function of (key, counter) and of nothing else, so that a run can be taken up anywhere. philox.wgsl is the
 * same generator for kernels.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** High 32 bits of the 64-bit product of two unsigned words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32: exact in a double
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

/**
 * One block: four random words for a counter of four words and a key of two.
 *
 * @param out receives the words, to spare callers in a loop the allocation
 */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let c0 = counter[0] >>> 0, c1 = counter[1] >>> 0, c2 = counter[2] >>> 0, c3 = counter[3] >>> 0;
  let k0 = key[0] >>> 0, k1 = key[1] >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0), low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2), low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/** An integer of at most 53 bits as two words, two's complement. */
export function words2(value: number): [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32) >>> 0];
}

/** FNV-1a of a name's UTF-8 bytes: the stream of a named thing. */
export function hash32(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** An endless stream of numbers in [0, 1) with 32 random bits each; `seed` is an integer of at most 53 bits. */
export function uniforms(seed: number, stream: number): () => number {
  const key = words2(seed), block = new Uint32Array(4), counter = [0, 0, stream, 0];
  let used = 4;
  return () => {
    if (used === 4) {
      philox4x32(counter, key, block);
      counter[0] = (counter[0] + 1) >>> 0;
      if (counter[0] === 0) counter[1]++;
      used = 0;
    }
    return block[used++] / 2 ** 32;
  };
}

/** Where random numbers are drawn: one of the operations that draw, a training step, a place in its batch. */
export interface DrawPlace {
  /** The operation's stream, such as {@linkcode hash32} of its name. */
  readonly stream: number;
  readonly step: number;
  readonly place: number;
}

/** Draws of one place, one after another: functions of seed, place and their number alone. */
export class Draws {
  readonly #key: readonly [number, number];
  readonly #counter: number[];
  readonly #block = new Uint32Array(4);
  #used = 4;

  /** @param seed an integer of at most 53 bits */
  constructor(seed: number, { stream, step, place }: DrawPlace) {
    this.#key = words2(seed);
    this.#counter = [0, place, step, stream];
  }

  /** 32 random bits. */
  bits(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      this.#counter[0]++;
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /** A number in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.uniform(0, count));
  }

  /** True with the given probability. */
  chance(probability = 0.5): boolean {
    return this.uniform() < probability;
  }
}
