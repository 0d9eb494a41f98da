/** Compares many numbers with a reference and keeps the one that is worst for its tolerance. */

/** Samples of a tensor, as reference files hold them. */
export interface Samples {
  readonly shape?: readonly number[];
  readonly index: readonly number[];
  readonly values: readonly number[];
  readonly sum: number;
  readonly l2: number;
}

/** How far a number may be off: absolutely, relative to the expected number, or to the tensor's l2 norm. */
export type Tolerance = { absolute: number } | { relative: number } | { l2: number };

/** What is worst so far; it holds where `error <= tolerance`. */
export class Comparison {
  error = 0;
  tolerance = 0;
  detail = "";
  /** Numbers compared. */
  count = 0;

  /** Whether everything was within its tolerance. */
  get holds(): boolean {
    return this.count > 0 && this.error <= this.tolerance;
  }

  /** Compares one number. */
  number(what: string, actual: number, expected: number, tolerance: Tolerance): void {
    const scale = "relative" in tolerance ? Math.max(Math.abs(expected), Number.MIN_VALUE) : 1;
    this.#add(what, Math.abs(actual - expected) / scale, Object.values(tolerance)[0]);
  }

  /** Compares a whole list; errors can be relative to its largest number, as where some cancel out and have fewer digits. */
  list(
    what: string,
    actual: ArrayLike<number>,
    expected: readonly number[],
    tolerance: Tolerance | { largest: number },
  ): void {
    if ("largest" in tolerance) {
      const absolute = tolerance.largest * Math.max(...expected.map(Math.abs));
      return this.list(what, actual, expected, { absolute });
    }
    if (actual.length !== expected.length) {
      return this.fail(`${what}: ${actual.length} values for ${expected.length}`);
    }
    expected.forEach((value, i) => this.number(`${what}[${i}]`, actual[i], value, tolerance));
  }

  /** Compares two lists of names; fails at the first difference. */
  names(what: string, actual: readonly string[], expected: readonly string[]): void {
    const length = Math.max(actual.length, expected.length);
    const at = Array.from({ length }, (_, i) => actual[i] !== expected[i]).indexOf(true);
    if (at < 0) this.count++;
    else this.fail(`${what} ${at} is ${actual[at] ?? "missing"} instead of ${expected[at] ?? "nothing"}`);
  }

  /**
   * Compares samples, sum and l2 norm of a tensor. Where every value is within t, the sum is within size * t and the l2
   * norm within sqrt(size) * t; where the difference's l2 norm is within t, the sum is within sqrt(size) * t.
   */
  samples(what: string, actual: Float32Array, expected: Samples | undefined, tolerance: Tolerance): void {
    if (!expected) return this.fail(`${what}: the reference has no such tensor`);
    const size = expected.shape?.reduce((a, b) => a * b, 1);
    if (size !== undefined && size !== actual.length) {
      return this.fail(`${what}: ${actual.length} values for ${size}`);
    }
    const bound = "l2" in tolerance ? tolerance.l2 * expected.l2 : Object.values(tolerance)[0];
    expected.index.forEach((at, i) =>
      this.#add(`${what}[${at}]`, Math.abs(actual[at] - Math.fround(expected.values[i])), bound)
    );
    if (expected.sum === undefined) return;
    let sum = 0, squares = 0;
    for (const v of actual) {
      sum += v;
      squares += v * v;
    }
    const l2 = Math.sqrt(squares),
      root = Math.sqrt(actual.length),
      norm = "l2" in tolerance ? bound : bound * root;
    this.#add(`${what} sum`, Math.abs(sum - expected.sum), norm * root + 1e-9 * l2 * root);
    this.#add(`${what} l2`, Math.abs(l2 - expected.l2), norm + 1e-9 * l2);
  }

  /** Records something that no tolerance excuses. */
  fail(what: string): void {
    this.#add(what, Infinity, 0);
  }

  /** The worst error as a multiple of its tolerance. */
  get weight(): number {
    return weigh(this.error, this.tolerance);
  }

  #add(what: string, error: number, tolerance: number): void {
    this.count++;
    const weight = Number.isNaN(error) ? Infinity : weigh(error, tolerance);
    if (this.detail && !(weight > this.weight)) return;
    Object.assign(this, { error: Number.isNaN(error) ? Infinity : error, tolerance, detail: what });
  }
}

function weigh(error: number, tolerance: number): number {
  return tolerance > 0 ? error / tolerance : error === 0 ? 0 : Infinity;
}
