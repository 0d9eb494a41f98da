/**
 * Enlarging of components that have fewer samples than the picture has pixels, as libjpeg does it by default: smoothly
 * ("fancy") where a factor is 2, by repetition elsewhere.
 *
 * Smoothly, a pixel takes three parts of its own sample and one of the nearest other one, in each direction that is
 * enlarged. At the edges of the picture, samples repeat.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Box } from "../pixels.ts";
import type { Frame } from "./frame.ts";
import { unsupported } from "./markers.ts";
import type { Plane } from "./planes.ts";

/** Gives a row of a component, enlarged to the picture's pixels; the array is used again for the next row. */
export type RowSource = (y: number) => Uint8ClampedArray;

/**
 * Prepares the rows of a component within a box.
 *
 * @returns a function of the row in the whole picture
 * @throws {TypeError} if the picture's size is no multiple of the component's
 */
export function rowsOf(frame: Frame, plane: Plane, box: Box): RowSource {
  const { h, v, width } = plane.component;
  const across = frame.maxH / h, down = frame.maxV / v;
  if (!Number.isInteger(across) || !Number.isInteger(down)) {
    throw unsupported("with fractional sampling factors");
  }
  if (across === 1 && down === 1) return plainRows(plane, box);
  if (across === 1 && down === 2) return tallRows(plane, box);
  // libjpeg repeats very narrow components, and takes larger factors for rare enough.
  if (across === 2 && down <= 2 && width > 2) return wideRows(plane, box, down === 2);
  return repeatedRows(plane, box, across, down);
}

/** Where a row of samples begins; rows outside of the picture are those at its edges. */
function startOf({ component, stride, top }: Plane, y: number): number {
  return (Math.max(0, Math.min(component.height - 1, y)) - top) * stride;
}

function plainRows(plane: Plane, { x, width }: Box): RowSource {
  return (y) => {
    const start = startOf(plane, y) + x - plane.left;
    return plane.samples.subarray(start, start + width);
  };
}

function repeatedRows(plane: Plane, { x, width }: Box, across: number, down: number): RowSource {
  const row = new Uint8ClampedArray(width), { samples, left } = plane;
  return (y) => {
    const start = startOf(plane, Math.floor(y / down)) - left;
    for (let i = 0; i < width; i++) row[i] = samples[start + Math.floor((x + i) / across)];
    return row;
  };
}

function tallRows(plane: Plane, { x, width }: Box): RowSource {
  const row = new Uint8ClampedArray(width), { samples, left } = plane;
  return (y) => {
    const own = startOf(plane, y >> 1) + x - left, other = startOf(plane, neighbourOf(y)) + x - left;
    const rounding = y & 1 ? 2 : 1;
    for (let i = 0; i < width; i++) row[i] = (3 * samples[own + i] + samples[other + i] + rounding) >> 2;
    return row;
  };
}

/** The sample that is nearest to a pixel but for its own. */
function neighbourOf(pixel: number): number {
  return (pixel >> 1) + (pixel & 1 ? 1 : -1);
}

function wideRows(plane: Plane, box: Box, isTall: boolean): RowSource {
  const { samples, left, component } = plane;
  const first = box.x >> 1, count = ((box.x + box.width - 1) >> 1) + 1 - first;
  const row = new Uint8ClampedArray(2 * count);
  const from = Math.max(0, first - 1), to = Math.min(component.width, first + count + 1);
  // The row's samples with one more on either side, four times as large where rows are mixed, too.
  const mixed = new Int16Array(count + 2), skipped = from - (first - 1);
  return (y) => {
    const own = startOf(plane, isTall ? y >> 1 : y) + from - left;
    if (isTall) {
      const other = startOf(plane, neighbourOf(y)) + from - left;
      for (let i = 0; i < to - from; i++) mixed[skipped + i] = 3 * samples[own + i] + samples[other + i];
    } else {
      for (let i = 0; i < to - from; i++) mixed[skipped + i] = samples[own + i];
    }
    if (skipped > 0) mixed[0] = mixed[1];
    if (skipped + to - from < count + 2) mixed[count + 1] = mixed[count];
    widen(mixed, row, isTall);
    return box.x & 1 ? row.subarray(1) : row;
  };
}

/** Makes two pixels of each sample but the first and the last. */
function widen(mixed: Int16Array, row: Uint8ClampedArray, isTall: boolean): void {
  const shift = isTall ? 4 : 2, even = isTall ? 8 : 1, odd = isTall ? 7 : 2;
  let before = mixed[0], here = mixed[1];
  for (let i = 0; i < row.length; i += 2) {
    const next = mixed[(i >> 1) + 2];
    row[i] = (3 * here + before + even) >> shift;
    row[i + 1] = (3 * here + next + odd) >> shift;
    before = here;
    here = next;
  }
}
