/**
 * What a planning function is given to say its launches with.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Launch } from "./kernel.ts";

/** Receives the launches of an operation in order. `T` names a buffer. */
export interface Emitter<T> {
  /** Appends a launch. */
  emit(launch: Launch<T>): void;
  /** Elements of the largest storage binding; a launch may not bind more of one buffer. */
  readonly limit: number;
  /** `count` elements of a buffer, from `first` on: a multiple of 64. */
  window(buffer: T, first: number, count: number): T;
  /**
   * One of several ways to compute the same: what measurements on the adapter have found fastest for an operation of such sizes,
   * what the user forces, or `byDefault`.
   */
  choose<W extends string>(
    operation: string,
    sizes: readonly number[],
    ways: readonly W[],
    byDefault: W,
  ): W;
  /** A float32 buffer of `elements` values that lives only within this operation. */
  scratch(elements: number): T;
}
