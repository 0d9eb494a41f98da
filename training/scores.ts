/**
 * The best classes of a row of scores.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A class and its score. */
export interface Score {
  readonly index: number;
  readonly score: number;
}

/** The best `count` scores, all if left out, best first; of equal ones the first class, as TensorFlow's top_k. */
export function topScores(scores: Float32Array, count: number = scores.length): Score[] {
  const order = Array.from(scores, (_, index) => index).sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, count).map((index) => ({ index, score: scores[index] }));
}
