/**
 * Metrics of a classifier, as TF counts them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The class with the largest logit; of equal ones the first, and NaN never (0 where all are). */
export function argmax(row: ArrayLike<number>): number {
  let best = 0, value = -Infinity;
  for (let c = 0; c < row.length; c++) {
    if (row[c] > value) [best, value] = [c, row[c]];
  }
  return best;
}

/** Whether fewer than k logits exceed the label's (TF's in_top_k): ties count, a row with NaN or infinity never does. */
export function inTopK(row: ArrayLike<number>, label: number, k: number): boolean {
  if (label < 0 || label >= row.length) return false;
  let larger = 0;
  for (let c = 0; c < row.length; c++) {
    if (!Number.isFinite(row[c])) return false;
    if (row[c] > row[label]) larger++;
  }
  return larger < k;
}

/** What one class did. */
export interface ClassMetrics {
  /** Images of this class. */
  readonly count: number;
  /** Share of them that was found; NaN if there are none. */
  readonly recall: number;
  /** Share of the images called so that are; NaN if none was. */
  readonly precision: number;
}

/** Images of one class that were taken for another. */
export interface Confusion {
  readonly label: number;
  readonly prediction: number;
  /** How many there are, at least one. */
  readonly count: number;
  /** Their share of all images of the label. */
  readonly share: number;
}

/** Counts predictions. */
export class Metrics {
  /** confusion[label][prediction] */
  readonly confusion: number[][];
  /** In the order of the images. */
  readonly predictions: number[] = [];
  #inTop5 = 0;

  constructor(readonly numClasses: number) {
    this.confusion = Array.from({ length: numClasses }, () => new Array<number>(numClasses).fill(0));
  }

  /**
   * Adds the first `count` rows of logits [n, numClasses] with their labels [n].
   *
   * @throws {RangeError} at a label that is no class; the images before it are counted
   */
  add(logits: Float32Array, labels: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const row = logits.subarray(i * this.numClasses, (i + 1) * this.numClasses), label = labels[i];
      if (!(label >= 0 && label < this.numClasses)) {
        throw new RangeError(
          `Cannot count image ${this.count}: its label (less labels_offset) is ${label}, but the classes are ` +
            `0 to ${
              this.numClasses - 1
            }; check labels_offset, and that data set and net have the same classes`,
        );
      }
      const prediction = argmax(row);
      this.predictions.push(prediction);
      if (inTopK(row, label, 5)) this.#inTop5++;
      this.confusion[label][prediction]++;
    }
  }

  /** Images counted. */
  get count(): number {
    return this.predictions.length;
  }

  /** Share of the images whose prediction is the label; 0 before any. */
  get accuracy(): number {
    return this.count === 0 ? 0 : this.confusion.reduce((sum, row, c) => sum + row[c], 0) / this.count;
  }

  /** Share of the images whose label is among the five largest logits; 0 before any. */
  get recall5(): number {
    return this.count === 0 ? 0 : this.#inTop5 / this.count;
  }

  /** One entry a class. */
  get perClass(): ClassMetrics[] {
    return this.confusion.map((row, c) => {
      const count = sum(row), called = this.confusion.reduce((sum, r) => sum + r[c], 0);
      return { count, recall: row[c] / count, precision: row[c] / called };
    });
  }

  /** The pairs of label and prediction that were confused most often, at most `limit`; of equal ones the first. */
  mostConfused(limit = 5): Confusion[] {
    const pairs = this.confusion.flatMap((row, label) => {
      const all = sum(row), wrong = [...row.entries()].filter(([c, count]) => c !== label && count > 0);
      return wrong.map(([prediction, count]) => ({ label, prediction, count, share: count / all }));
    });
    return pairs.sort((a, b) => b.count - a.count).slice(0, limit);
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((a, b) => a + b, 0);
}
