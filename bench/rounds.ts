/**
 * Runs a case on several engines: first compares their results, then times them in alternating rounds.
 *
 * @module
 */
import { type Case, training } from "./cases.ts";
import type { Engine, Workload } from "./engine.ts";

/** Times of one engine on one case. */
export interface Timing {
  readonly engine: string;
  /** Milliseconds an iteration, one number a round. */
  readonly rounds: readonly number[];
}

/** What came of a case. */
export interface Row {
  readonly case: Case;
  /** The first is ours. */
  readonly timings: readonly Timing[];
  /** Engines that failed or computed something else than ours did; they are not timed. */
  readonly failures: readonly string[];
}

/** Iterations before the comparison: training has to update what it updated. */
const STEPS_COMPARED = 2;
/** Length of a round in milliseconds, and the most iterations in it; one iteration at least. */
const ROUND_MS = 400, MOST_ITERATIONS = 50;
/** Largest relative distance (L2 norm) between the results of two engines. */
const TOLERANCE = { operation: 1e-5, training: 2e-3 };

interface Entrant {
  readonly engine: Engine;
  readonly work: Workload;
  readonly iterations: number;
  readonly rounds: number[];
}

/**
 * Times a case. An engine that fails or disagrees with the first one is left out; the first one must not fail.
 *
 * @param tell receives lines for the person who waits
 */
export async function runCase(
  c: Case,
  engines: readonly Engine[],
  rounds: number,
  tell: (line: string) => void,
): Promise<Row> {
  const entrants: Entrant[] = [], works: Workload[] = [], failures: string[] = [];
  let reference: Map<string, Float32Array> | undefined;
  try {
    for (const engine of engines) {
      try {
        const start = performance.now(), work = await engine.prepare(c);
        works.push(work);
        for (let i = 0; i < (c.kind === "train" ? STEPS_COMPARED : 1); i++) work.run();
        await work.sync();
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        const results = increments(c, await work.results());
        const distance = compare(c, results, reference ??= results).toExponential(1);
        entrants.push({ engine, work, iterations: await fitRound(work), rounds: [] });
        tell(`${c.name}: ${engine.name} ready in ${seconds} s, distance from ours ${distance}`);
      } catch (error) {
        if (engine === engines[0]) throw error;
        failures.push(engine.name);
        tell(`${c.name}: ${engine.name} is left out: ${error instanceof Error ? error.message : error}`);
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const { work, iterations, rounds } of entrants) rounds.push(await time(work, iterations));
    }
  } finally {
    for (const work of works) work.dispose();
  }
  const timings = entrants.map(({ engine, rounds }) => ({ engine: engine.name, rounds }));
  return { case: c, timings, failures };
}

/** Milliseconds an iteration: all are submitted, then waited for once. */
async function time(work: Workload, iterations: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < iterations; i++) work.run();
  await work.sync();
  return (performance.now() - start) / iterations;
}

async function fitRound(work: Workload): Promise<number> {
  const once = await time(work, 1);
  return Math.max(1, Math.min(MOST_ITERATIONS, Math.round(ROUND_MS / once)));
}

/** Results to compare; of a variable its change, as its value would hide that. */
function increments(c: Case, results: Map<string, Float32Array>): Map<string, Float32Array> {
  if (c.kind !== "train") return results;
  const { variables } = training(c);
  return new Map([...results].map(([name, values]) => {
    const initial = variables.get(name)?.data;
    return [name, initial ? values.map((v, i) => v - initial[i]) : values];
  }));
}

/** Largest relative distance of results from the reference. @throws {Error} where it is too large */
function compare(
  c: Case,
  results: ReadonlyMap<string, Float32Array>,
  reference: ReadonlyMap<string, Float32Array>,
): number {
  const most = c.kind === "train" ? TOLERANCE.training : TOLERANCE.operation;
  let largest = 0;
  for (const [name, expected] of reference) {
    const distance = relativeDistance(results.get(name)!, expected);
    if (!(distance <= most)) throw new Error(`its ${name} is ${distance.toExponential(1)} away from ours`);
    largest = Math.max(largest, distance);
  }
  return largest;
}

function relativeDistance(values: Float32Array, expected: Float32Array): number {
  if (values.length !== expected.length) return NaN;
  let distance = 0, norm = 0;
  for (let i = 0; i < expected.length; i++) {
    distance += (values[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(distance / norm);
}
