/**
 * Choosing between kernels that compute the same: what the user forces, else what was measured on the adapter, else a default.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";

/** Chooses a way; see {@linkcode Emitter.choose}. */
export type Choose = Emitter<unknown>["choose"];

/**
 * All ways that some operation has: register tiles, a tile in workgroup memory, plain convolutions or Winograd's, depthwise ones
 * of a texture or a buffer.
 */
export const WAYS = [
  ...["16x16", "8x8", "8x32", "7x32", "1x32", "shared"],
  ...["direct", "winograd"],
  ...["texture", "buffer"],
] as const;

/** What is known of an adapter. */
export interface Preferences {
  /** A real GPU or a processor. */
  readonly kind: "gpu" | "software";
  /** Ways taken wherever an operation has them: those of {@linkcode WAYS}. */
  readonly forced?: readonly string[];
  /** The fastest way of an operation and shape class, see {@linkcode shapeClass}. */
  readonly measured?: ReadonlyMap<string, string>;
}

/** Ways that GPUs like where nothing was measured. */
const GPU_WAYS: readonly string[] = ["shared", "direct", "buffer"];

/** Workgroups that keep an adapter busy: processors have few cores, GPUs dozens to hundreds, each with several at a time. */
export const WORKGROUPS = { software: 24, gpu: 768 } as const;

/** Name of what is measured once: an operation, and its sizes rounded up to powers of two. */
export function shapeClass(operation: string, sizes: readonly number[]): string {
  return `${operation} ${sizes.map((s) => 2 ** Math.ceil(Math.log2(Math.max(1, s)))).join("x")}`;
}

/** Chooses by preferences. @throws {RangeError} where a forced way does not exist */
export function chooserOf({ kind, forced = [], measured }: Preferences): Choose {
  const unknown = forced.find((way) => !(WAYS as readonly string[]).includes(way));
  if (unknown !== undefined) {
    throw new RangeError(`Cannot force variant ${unknown}: the known ones are ${WAYS.join(", ")}`);
  }
  const fallback = kind === "gpu" ? GPU_WAYS : [];
  return (operation, sizes, ways, byDefault) => {
    const known = measured?.get(shapeClass(operation, sizes));
    const preferred = known === undefined ? fallback : [known];
    return ways.find((way) => forced.includes(way)) ?? ways.find((way) => preferred.includes(way)) ??
      byDefault;
  };
}
