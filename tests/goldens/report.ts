/** What the topics of the golden runner share: cases, exact checks, JSON that keeps large integers, the run itself. */

import { reasonOf } from "../../formats/errors.ts";

/** Result of a case; it passes if `error <= tolerance`. */
export interface Outcome {
  readonly error: number;
  readonly tolerance: number;
  /** Where the largest error is, or what was compared. */
  readonly detail?: string;
}

/** One comparison with reference data. */
export interface GoldenCase {
  /** Unique in its topic, such as `raw/records.tfrecord`. */
  name: string;
  run(): Promise<Outcome> | Outcome;
}

/** Lists the cases of a directory. */
export type Topic = (directory: string) => AsyncIterable<GoldenCase>;

/** A topic's module. */
export interface TopicModule {
  cases: Topic;
  /** Gives cases that compute in a browser, which is open as long as they run. */
  inBrowser?<T>(run: (cases: Topic) => Promise<T>): Promise<T>;
}

/** Counts of a run. */
export interface Tally {
  passed: number;
  failed: number;
}

/** Runs the case named `only`, or where there is none those whose name contains it, printing a line for each. A case that throws has failed. */
export async function runCases(
  cases: AsyncIterable<GoldenCase>,
  only: string,
  print: (line: string) => void,
): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 }, all = await Array.fromAsync(cases);
  const exact = all.filter(({ name }) => name === only);
  for (const { name, run } of exact.length > 0 ? exact : all.filter(({ name }) => name.includes(only))) {
    let line: string, passed = false;
    try {
      const { error, tolerance, detail } = await run();
      passed = error <= tolerance;
      line = `error ${shorten(error)}, tolerance ${shorten(tolerance)}${detail ? `  (${detail})` : ""}`;
    } catch (thrown) {
      line = `error: ${thrown instanceof Error ? thrown.name + ": " : ""}${reasonOf(thrown)}`;
    }
    print(`${passed ? "ok  " : "FAIL"}  ${name}  ${line.replaceAll("\n", " ")}`);
    tally[passed ? "passed" : "failed"]++;
  }
  return tally;
}

function shorten(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

/** Collects checks that allow no tolerance; its error is the number of those that failed. */
export class ExactChecks implements Outcome {
  readonly tolerance = 0;
  #checks = 0;
  #failures: string[] = [];

  /** Notes one check. */
  check(holds: boolean, what: string): void {
    this.#checks++;
    if (!holds) this.#failures.push(what);
  }

  /** Checks that two values are the same: numbers bit for bit but for NaN, bytes, and lists of these. */
  equal(actual: unknown, expected: unknown, what: string): void {
    this.check(same(actual, expected), `${what}: ${show(actual)} instead of ${show(expected)}`);
  }

  get error(): number {
    return this.#checks === 0 ? Infinity : this.#failures.length;
  }

  get detail(): string {
    if (this.#checks === 0) return "nothing was compared";
    return this.#failures[0] ?? `${this.#checks} exact checks`;
  }
}

function same(a: unknown, b: unknown): boolean {
  if (!isList(a) || !isList(b)) return Object.is(a, b);
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
  return true;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function show(value: unknown): string {
  const text = isList(value)
    ? `[${Array.from(value, String).slice(0, 20).join(", ")}]`
    : Object.is(value, -0)
    ? "-0"
    : String(value);
  return text.length > 120 ? text.slice(0, 117) + "..." : text;
}

/** A case that fails because the runner has no notion of it. */
export function unknownCase(name: string, what: string): GoldenCase {
  return {
    name,
    run: () => {
      throw new Error(`${what} is unknown to this runner; teach it, or move the file away`);
    },
  };
}

/** Reads a text, gzipped where the name says so. */
export async function readText(path: string): Promise<string> {
  if (!path.endsWith(".gz")) return await Deno.readTextFile(path);
  const { readable } = await Deno.open(path);
  return await new Response(readable.pipeThrough(new DecompressionStream("gzip"))).text();
}

/** Reads JSON, gzipped where the name says so; integers that a double cannot hold become bigints. */
// deno-lint-ignore no-explicit-any
export async function readJson(path: string): Promise<any> {
  return JSON.parse(await readText(path), (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    return context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
  });
}

/** A number as the reference files write it: as such, or as a string where JSON has no number for it. */
export function numberOf(value: number | bigint | string): number {
  return Number(value);
}

/** Bytes from hexadecimal digits. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Names in a directory, sorted; a trailing slash marks directories. */
export async function listDirectory(directory: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(directory));
  return entries.map(({ name, isDirectory }) => isDirectory ? name + "/" : name).sort();
}
