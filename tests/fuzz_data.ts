/**
 * Reads damaged copies of data files, many of them: each must give a result or a clear error, soon, in bounded memory.
 *
 * Usage: deno run --allow-read --v8-flags=--expose-gc tests/fuzz_data.ts --help. The tests do the same with a few hundred.
 * Without that flag decompressors, which lie outside of the collected heap, are freed late, and memory is told too high.
 *
 * @module
 */

import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { ExampleError } from "../formats/example.ts";
import { defineFlags, runTool } from "../tools/_flags.ts";
import { fuzzTargets } from "./_fuzz_targets.ts";
import { mutate, numbers } from "./_mutations.ts";

const flags = defineFlags("Reads damaged copies of data files.", {
  only: { type: "string", default: "", help: "Readers whose name contains this" },
  mutations: { type: "int", default: 100_000, min: 1, help: "Copies for each reader" },
  seed: { type: "int", default: 1, help: "Other seeds give other copies" },
});

/** A reader that takes longer for one of these small files hangs. */
const MOST_MS = 1000;
/** A process that grows by more holds on to something. */
const MOST_BYTES = 256 * 2 ** 20;

/** Copies between two collections of garbage. */
const COLLECTED_EVERY = 1000;
const { gc = () => {} } = globalThis as { gc?: () => void };

/** What the copies for one reader came to. */
export interface FuzzResult {
  readonly results: number;
  /** Clear errors by class. */
  readonly errors: ReadonlyMap<string, number>;
  /** What was neither a result nor a clear error, or took too long or too much. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

const clear = [DataLossError, NotFoundError, ExampleError, SyntaxError, RangeError, TypeError];
/** What engines say where code is wrong; it begins like our own messages. */
const bug = /^Cannot (read propert|set propert|destructure|convert undefined|mix BigInt)/;

/** Has one reader read damaged copies. */
export async function fuzz(name: string, mutations: number, seed: number): Promise<FuzzResult> {
  const { seeds, repair, read } = fuzzTargets[name], random = numbers(seed);
  const failures: string[] = [], errors = new Map<string, number>(), before = Deno.memoryUsage().rss;
  let results = 0, slowestMs = 0;
  for (let trial = 0; trial < mutations; trial++) {
    if (trial % COLLECTED_EVERY === 0) gc();
    const damaged = mutate(seeds[trial % seeds.length], random);
    const bytes = repair && trial % 2 === 0 ? await repair(damaged) : damaged, begin = performance.now();
    try {
      await read(bytes);
      results++;
    } catch (thrown) {
      const { message } = thrown as Error;
      if (
        !clear.some((one) => thrown instanceof one) || !message.startsWith("Cannot ") || bug.test(message)
      ) {
        failures.push(`${name}, copy ${trial}: ${(thrown as Error).stack}`);
      }
      const { name: errorName } = thrown as Error;
      errors.set(errorName, (errors.get(errorName) ?? 0) + 1);
    }
    const elapsed = performance.now() - begin;
    slowestMs = Math.max(slowestMs, elapsed);
    if (elapsed > MOST_MS) failures.push(`${name}, copy ${trial}: took ${Math.round(elapsed)} ms`);
  }
  const growth = Deno.memoryUsage().rss - before;
  if (growth > MOST_BYTES) failures.push(`${name}: the process grew by ${Math.round(growth / 2 ** 20)} MiB`);
  return { results, errors, failures, slowestMs };
}

/** Runs all readers; 1 if one of them failed. */
export async function main(args: string[]): Promise<number> {
  const { only, mutations, seed } = flags.parse(args);
  let failed = 0;
  for (const name of Object.keys(fuzzTargets).filter((name) => name.includes(only))) {
    const start = performance.now(),
      { results, errors, failures, slowestMs } = await fuzz(name, mutations, seed);
    const kinds = [...errors].map(([kind, count]) => `${count} ${kind}`).join(", ");
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(`${name}: ${results} results, ${kinds}; ${seconds} s, slowest ${Math.round(slowestMs)} ms`);
    for (const failure of failures.slice(0, 5)) console.log(`FAIL ${failure}`);
    failed += failures.length;
  }
  console.log(`${failed} failures`);
  return failed > 0 ? 1 : 0;
}

if (import.meta.main) await runTool(main);
