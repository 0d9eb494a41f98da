/**
 * Python's `random` module as far as TF-Slim's converters use it: seeded with an integer, they shuffle lists of files, and
 * who wants the same splits and shards needs the same shuffle.
 *
 * The generator is MT19937 (Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8, 1998), seeded by `init_by_array`;
 * a shuffle is Fisher and Yates's from the end, as CPython 3 does it.
 *
 * This module is browser compatible.
 *
 * @module
 */

const stateSize = 624;
const shiftSize = 397;

/** Random numbers of one seed; a second `random.seed` is a new object. */
export class PythonRandom {
  readonly #state = new Uint32Array(stateSize);
  #position = stateSize;

  /**
   * As `random.seed(seed)`.
   *
   * @param seed an integer that a double holds exactly; Python takes its absolute value
   * @throws {RangeError} if it is no such integer
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`Cannot seed with ${seed}: it is no integer below 2^53; give a smaller one`);
    }
    const size = Math.abs(seed), high = Math.floor(size / 2 ** 32);
    this.#seedByArray(high === 0 ? [size] : [size >>> 0, high]);
  }

  /** A number of up to 32 random bits, as `random.getrandbits(bits)`. */
  randomBits(bits: number): number {
    return this.#next() >>> (32 - bits);
  }

  /** A number from 0 to 1, 1 excluded, of 53 random bits, as `random.random()`. */
  random(): number {
    const high = this.#next() >>> 5, low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** An integer from 0 to `limit` - 1, all alike; `limit` is 1 to 2^32 - 1. As CPython's `_randbelow`. */
  below(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    let drawn = this.randomBits(bits);
    while (drawn >= limit) drawn = this.randomBits(bits);
    return drawn;
  }

  /** Puts a list into random order in place, as `random.shuffle(list)` of Python 3. */
  shuffle<T>(list: T[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }

  #seedByArray(words: readonly number[]): void {
    const state = this.#state;
    state[0] = 19650218;
    for (let i = 1; i < stateSize; i++) state[i] = Math.imul(1812433253, mixed(state[i - 1])) + i;
    let i = 1;
    const advance = () => {
      if (++i < stateSize) return;
      state[0] = state[stateSize - 1];
      i = 1;
    };
    for (let k = 0; k < stateSize; k++) {
      const j = k % words.length;
      state[i] = (state[i] ^ Math.imul(mixed(state[i - 1]), 1664525)) + words[j] + j;
      advance();
    }
    for (let k = 1; k < stateSize; k++) {
      state[i] = (state[i] ^ Math.imul(mixed(state[i - 1]), 1566083941)) - i;
      advance();
    }
    state[0] = 0x80000000;
  }

  #next(): number {
    if (this.#position === stateSize) this.#twist();
    let word = this.#state[this.#position++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < stateSize; i++) {
      const word = (state[i] & 0x80000000) | (state[(i + 1) % stateSize] & 0x7fffffff);
      state[i] = state[(i + shiftSize) % stateSize] ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

function mixed(word: number): number {
  return word ^ (word >>> 30);
}
