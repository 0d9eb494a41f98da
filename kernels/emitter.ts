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
  /** A float32 buffer of `elements` values that lives only within this operation. */
  scratch(elements: number): T;
}
