/**
 * The best classes of a row of scores.
 *
 * @module
 */

/** A class and its score. */
export interface Score {
  readonly index: number;
  readonly score: number;
}

/** The best `count` scores, best first; of equal ones the first class, as TensorFlow's top_k. */
export function topScores(scores: Float32Array, count: number): Score[] {
  const order = Array.from(scores, (_, index) => index).sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, count).map((index) => ({ index, score: scores[index] }));
}

/** A number in six digits, as C++ streams print it. */
export function sixDigits(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [digits, exponent] = value.toExponential(5).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  return `${Number(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
