/**
 * Planes of samples, and rows of pixels made of them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { FrameComponent } from "./frame.ts";

/** The samples of a component. */
export interface Plane {
  readonly component: FrameComponent;
  /** Rows of `stride` samples; where nothing could be read, middle grey. */
  readonly samples: Uint8Array;
  readonly stride: number;
  /** Column of the first sample in the whole picture. */
  readonly left: number;
  /** Row of the first sample. */
  readonly top: number;
}

/** Gives a row of a component, enlarged to the picture's pixels; the array is used again for the next row. */
export type RowSource = (y: number) => Uint8Array;

/** Where a row of samples begins; rows outside of the picture are those at its edges. */
export function startOf({ component, stride, top }: Plane, y: number): number {
  return (Math.max(0, Math.min(component.height - 1, y)) - top) * stride;
}

/** The sample that is nearest to a pixel of an enlarged row or column, but for its own. */
export function neighbourOf(pixel: number): number {
  return (pixel >> 1) + (pixel & 1 ? 1 : -1);
}
