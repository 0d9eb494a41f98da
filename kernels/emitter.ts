/**
 * What a planning function is given to say its launches with.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Launch } from "./kernel.ts";

/** Elements at whose multiples windows begin: 256 bytes of float16, WebGPU's strictest binding alignment. */
export const WINDOW_UNIT = 128;

/** Receives the launches of an operation in order. `T` names a buffer. */
export interface Emitter<T> {
  /** Appends a launch. */
  emit(launch: Launch<T>): void;
  /** Elements of the largest storage binding; a launch may not bind more of one buffer. */
  readonly limit: number;
  /** Workgroups of a product that keep the adapter busy: with fewer, its sums are split. */
  readonly workgroups: number;
  /** Whether a subgroup holds eight invocations, and kernels may use it. */
  readonly subgroups: boolean;
  /**
   * Of how long sums the sums of a product are made: shorter ones cost time and round less. Forward in training they are short, and
   * the shortest where batch normalization magnifies every rounding.
   */
  readonly sums: "long" | "short" | "shortest";
  /** Whether a buffer holds the same at each run, so that what is made of it alone is made once. */
  isLasting(buffer: T): boolean;
  /** A buffer of rows of so many elements as rows of whole vec4 with zeros at their ends, where there is such a copy. */
  inFours(buffer: T, columns: number): T | undefined;
  /** `count` elements of a buffer, from `first` on: a multiple of {@linkcode WINDOW_UNIT}. */
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
  /** A buffer of `elements` values that lives only within this operation: float32, or the type of what it holds copies of. */
  scratch(elements: number, copiesOf?: T): T;
}
