/**
 * Where the values of a program lie, and what touches them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Launch } from "../kernels/kernel.ts";
import type { Origin } from "./origin.ts";
import type { Value } from "./tape.ts";
import type { TextureOperand } from "./textures.ts";

/** What holds values on the device. */
export type Memory =
  | { readonly kind: "block"; readonly index: number }
  | { readonly kind: "arena"; readonly slot: string; readonly initial: number; readonly page: number }
  /** A feed, constant, state or page of updates, in a buffer of its own. */
  | { readonly kind: "source"; readonly value: Value };

/** A part of some memory, in bytes. */
export interface Region {
  readonly memory: Memory;
  readonly offset: number;
  readonly size: number;
}

/** A part of the memory of a value, `root`, in bytes. */
export interface Part {
  readonly root: Value;
  readonly offset: number;
  readonly size: number;
}

/** A launch and what it is for. */
export interface LabelledLaunch {
  readonly launch: Launch<Value>;
  readonly origin: Origin;
  readonly label: string;
}

/** A launch with those of its operands, by binding, that it reads from textures. */
export interface PlannedLaunch extends LabelledLaunch {
  readonly textures: ReadonlyMap<number, TextureOperand<Value>>;
}
