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
export type RowSource = (y: number) => Uint8Array;

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
  const row = new Uint8Array(width), { samples, left } = plane;
  return (y) => {
    const start = startOf(plane, Math.floor(y / down)) - left;
    for (let i = 0; i < width; i++) row[i] = samples[start + Math.floor((x + i) / across)];
    return row;
  };
}

function tallRows(plane: Plane, { x, width }: Box): RowSource {
  const row = new Uint8Array(width), { samples, left } = plane;
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
  const first = box.x >> 1, last = (box.x + box.width - 1) >> 1, row = new Uint8Array(2 * (last - first + 1));
  const before = Math.max(0, first - 1), behind = Math.min(component.width - 1, last + 1);
  // In sixteenths, rows mixed or not: what libjpeg adds before it drops the fraction.
  const even = isTall ? 8 : 4, odd = isTall ? 7 : 8;
  return (y) => {
    const own = startOf(plane, isTall ? y >> 1 : y) - left;
    const other = startOf(plane, isTall ? neighbourOf(y) : y) - left;
    const mixed = (x: number) => 3 * samples[own + x] + samples[other + x];
    let previous = mixed(before), here = mixed(first);
    for (let x = first, i = 0; x <= last; x++, i += 2) {
      const next = x < last ? mixed(x + 1) : mixed(behind);
      row[i] = (3 * here + previous + even) >> 4;
      row[i + 1] = (3 * here + next + odd) >> 4;
      previous = here;
      here = next;
    }
    return box.x & 1 ? row.subarray(1) : row;
  };
}
