/**
 * What planning knows of values by the launches so far: which hold the same in each run, and of which there are copies in fours.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Fours, type Launch, sizeOf } from "../kernels/kernel.ts";
import type { LabelledLaunch } from "./memory.ts";
import type { Places } from "./places.ts";
import { isGiven } from "./preparation.ts";
import type { Value } from "./tape.ts";

/** What is known of the values of a program. */
export class Known {
  readonly #places: Places;
  readonly #changesParameters: boolean;
  readonly #lasting = new Set<Value>();
  readonly #fours = new Map<Value, Fours<Value>>();

  constructor(places: Places, { changesParameters }: { changesParameters: boolean }) {
    this.#places = places;
    this.#changesParameters = changesParameters;
  }

  /** Whether a value is computed from nothing but parameters and constants, and a run changes none of them. */
  isLasting(value: Value): boolean {
    const root = this.#places.root(value);
    return this.#lasting.has(root) || isGiven(root) && !this.#changesParameters;
  }

  /** See {@linkcode Emitter.inFours}. */
  inFours(value: Value, columns: number): Value | undefined {
    const known = this.#isWhole(value) ? this.#fours.get(this.#places.root(value)) : undefined;
    return known?.columns === columns ? known.wide : undefined;
  }

  /** Takes in a launch that follows the others. */
  learn({ buffers, writes, fours }: Launch<Value>): void {
    const read = buffers.filter((_, b) => !writes.includes(b)), written = writes.map((b) => buffers[b]);
    if (read.every((value) => this.isLasting(value))) written.forEach((value) => this.#lasting.add(value));
    if (fours && this.#isWhole(fours.narrow)) this.#fours.set(this.#places.root(fours.narrow), fours);
  }

  /** Whether a value is all of what lies in its memory, and changes no more in a run once it is there. */
  #isWhole(value: Value): boolean {
    const root = this.#places.root(value);
    return root.source?.kind !== "state" && sizeOf(root.shape) === sizeOf(value.shape);
  }
}

/** Launches without those that take the ends of rows off what all others read with these. */
export function withoutUnread(
  launches: readonly LabelledLaunch[],
  needed: Iterable<Value>,
  places: Places,
): LabelledLaunch[] {
  const root = (value: Value) => places.root(value), read = new Set([...needed].map(root));
  return launches.toReversed().filter(({ launch: { fours, buffers, writes } }) => {
    if (fours && writes.every((b) => !read.has(root(buffers[b])))) return false;
    for (const value of buffers) read.add(root(value));
    return true;
  }).toReversed();
}
