/**
 * Whether two engines computed the same.
 *
 * @module
 */
import type { Case } from "./cases.ts";
import { dataOf } from "./nets.ts";

/** Results by name. */
export type Results = ReadonlyMap<string, Float32Array>;

/** When and how closely engines must agree. */
interface Agreement {
  /** Iterations before the comparison. */
  readonly iterations: number;
  /** Largest relative distance (L2 norm) between the results of two engines. */
  readonly tolerance: number;
}

/**
 * Training has to update what it updated, so it is compared after two steps. With batch normalization after one: the gradients
 * of a new net grow from layer to layer, a ReLU that is near zero on one engine only is 1% of the first layer's, and the
 * second step starts from there.
 */
export function agreementOf(c: Case): Agreement {
  if (c.kind !== "train") return { iterations: 1, tolerance: 1e-5 };
  const isNormalized = [...dataOf(c).variables.keys()].some((name) => name.endsWith("/moving_mean"));
  return isNormalized ? { iterations: 1, tolerance: 0.1 } : { iterations: 2, tolerance: 2e-3 };
}

/** What is compared of results: of a trained variable its change, as its value would hide that. */
export function comparable(c: Case, results: Results): Results {
  if (c.kind !== "train") return results;
  const { variables } = dataOf(c);
  return new Map([...results].map(([name, values]) => {
    const initial = variables.get(name)?.data;
    return [name, initial ? values.map((v, i) => v - initial[i]) : values];
  }));
}

/** Largest relative distance of results from the reference. @throws {Error} where it is too large */
export function distanceOf(c: Case, results: Results, reference: Results): number {
  const { tolerance } = agreementOf(c);
  let largest = 0;
  for (const [name, expected] of reference) {
    const distance = relativeDistance(results.get(name)!, expected);
    if (!(distance <= tolerance)) {
      throw new Error(`its ${name} is ${distance.toExponential(1)} away from ours`);
    }
    largest = Math.max(largest, distance);
  }
  return largest;
}

function relativeDistance(values: Float32Array | undefined, expected: Float32Array): number {
  if (values?.length !== expected.length) return NaN;
  let distance = 0, norm = 0;
  for (let i = 0; i < expected.length; i++) {
    distance += (values[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(distance / norm);
}
