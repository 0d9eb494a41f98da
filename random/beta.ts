/**
 * Random numbers of the beta distribution.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Draws } from "./philox.ts";

/** A number of the standard normal distribution (Box and Muller, 1958). */
function normal(draws: Draws): number {
  return Math.sqrt(-2 * Math.log(1 - draws.uniform())) * Math.cos(2 * Math.PI * draws.uniform());
}

/** A number of the gamma distribution with that shape and scale 1 (Marsaglia and Tsang, 2000). */
function gamma(draws: Draws, shape: number): number {
  if (shape < 1) return gamma(draws, shape + 1) * (1 - draws.uniform()) ** (1 / shape);
  const d = shape - 1 / 3, c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(draws), v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - draws.uniform()) < x * x / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A number in 0..1 of the beta distribution with both parameters `alpha`, above 0: the smaller, the nearer to the ends. */
export function symmetricBeta(draws: Draws, alpha: number): number {
  const a = gamma(draws, alpha), b = gamma(draws, alpha);
  return a + b > 0 ? a / (a + b) : draws.chance() ? 1 : 0; // both vanish where alpha is very small
}
