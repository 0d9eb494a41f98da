/**
 * Runs a case on several engines: first compares their results, then times them in alternating rounds.
 *
 * @module
 */
import { type Case, flop, isNet } from "./cases.ts";
import { agreementOf, comparable, distanceOf, type Results } from "./compare.ts";
import type { DeviceMemory } from "./device_memory.ts";
import type { Engine, Workload } from "./engine.ts";
import { dataOf, netFlop } from "./nets.ts";

/** What one engine took for a case. */
export interface Timing {
  readonly engine: string;
  /** Milliseconds an iteration, one number a round. */
  readonly rounds: readonly number[];
  /** Milliseconds from the open device and the converted net to the end of the first iteration. */
  readonly firstMs: number;
  /** Most bytes of device memory that it held until then. */
  readonly deviceBytes: number;
  /** By how many bytes the process grew until then, with the library, without what the bench converted for it. */
  readonly processBytes: number;
}

/** What came of a case. */
export interface Row {
  /** Its case's. */
  readonly name: string;
  /** Floating point operations of one iteration; undefined where there are none to speak of. */
  readonly flop?: number;
  /** Adapter of the first engine. */
  readonly adapter: string;
  /** The first is ours. */
  readonly timings: readonly Timing[];
  /** Engines that failed or computed something else than ours did, which are not timed. */
  readonly failures: readonly Failure[];
}

/** Why an engine has no times. */
export interface Failure {
  readonly engine: string;
  readonly reason: string;
}

/** Length of a round in milliseconds, about, and the most iterations in it; one iteration at least. */
const ROUND_MS = 400, MOST_ITERATIONS = 1000;
/** An engine that has run for so many milliseconds sits out the rounds that are left. */
const ENOUGH_MS = 60_000;

/** An engine in the rounds. */
interface Entrant extends Timing {
  readonly adapter?: string;
  readonly work: Workload;
  readonly results: Results;
  readonly iterations: number;
  readonly rounds: number[];
}

/**
 * Times a case. An engine that fails or disagrees with the first one is left out; the first one must not fail.
 *
 * @param loaders engines by name
 * @param turn called with the name of an engine before it does anything
 * @param tell receives lines for the person who waits
 */
export async function runCase(
  c: Case,
  loaders: ReadonlyMap<string, () => Promise<Engine>>,
  { rounds, memory, turn, tell }: {
    rounds: number;
    memory: DeviceMemory;
    turn: (engine: string) => void;
    tell: (line: string) => void;
  },
): Promise<Row> {
  const entrants: Entrant[] = [], failures: Failure[] = [];
  if (isNet(c)) dataOf(c); // drawn before anything is timed
  for (const [engine, load] of loaders) {
    turn(engine);
    try {
      const entrant = await enter(c, engine, load, memory), first = entrants[0] ?? entrant;
      if (entrant.adapter !== undefined && entrant.adapter !== first.adapter) {
        throw new Error(`it computes on ${entrant.adapter}, not on ${first.adapter}`);
      }
      const distance = distanceOf(c, entrant.results, first.results).toExponential(1);
      entrants.push(entrant);
      const seconds = (entrant.firstMs / 1000).toFixed(1);
      tell(`${c.name}: ${engine} ready in ${seconds} s, distance from ours ${distance}`);
    } catch (error) {
      if (entrants.length === 0) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ engine, reason });
      tell(`${c.name}: ${engine} is left out: ${reason}`);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { engine, work, iterations, rounds } of entrants) {
      if (iterations * rounds.reduce((sum, ms) => sum + ms, 0) >= ENOUGH_MS) continue;
      turn(engine);
      rounds.push(await time(work, iterations));
    }
  }
  const timings = entrants.map(({ engine, rounds, firstMs, deviceBytes, processBytes }) => ({
    engine,
    rounds,
    firstMs,
    deviceBytes,
    processBytes,
  }));
  const operations = isNet(c) ? netFlop(c) : flop(c);
  return { name: c.name, flop: operations, adapter: entrants[0].adapter!, timings, failures };
}

/** Loads an engine and runs a case twice: from the start, and once more to see how long it takes. */
async function enter(
  c: Case,
  engine: string,
  load: () => Promise<Engine>,
  memory: DeviceMemory,
): Promise<Entrant> {
  const rss = () => Deno.memoryUsage().rss, before = rss();
  memory.mark();
  const held = memory.live, { adapter, prepare } = await load(), loaded = rss();
  const start = prepare(c), prepared = rss(), begin = performance.now();
  const work = await start();
  await time(work, 1);
  const firstMs = performance.now() - begin;
  const deviceBytes = memory.peak - held, processBytes = rss() - prepared + loaded - before;
  const first = await work.results(), once = await time(work, 1);
  const results = comparable(c, agreementOf(c).iterations === 1 ? first : await work.results());
  const iterations = await iterationsOf(work, once);
  return { engine, adapter, work, results, iterations, rounds: [], firstMs, deviceBytes, processBytes };
}

/** Iterations that fill a round. One alone is no measure: waiting for it may take longer than it runs. */
async function iterationsOf(work: Workload, once: number): Promise<number> {
  let iterations = 1, each = once;
  while (iterations < MOST_ITERATIONS && iterations * each < ROUND_MS / 2) {
    iterations = Math.min(MOST_ITERATIONS, Math.ceil(ROUND_MS / each));
    each = await time(work, iterations);
  }
  return iterations;
}

/** Milliseconds an iteration: all are submitted, then waited for once. */
async function time(work: Workload, iterations: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < iterations; i++) await work.run();
  await work.sync();
  return (performance.now() - start) / iterations;
}
