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
import { type RowWriter, yccWriter } from "./colors.ts";
import { unsupported } from "./markers.ts";
import { neighbourOf, type Plane, type RowSource, startOf } from "./rows.ts";
import { enlargedRows, wideRows, wideYccWriter } from "./wide_rows.ts";

/**
 * Prepares the rows of a component within a box.
 *
 * @returns a function of the row in the whole picture
 * @throws {TypeError} if the picture's size is no multiple of the component's
 */
export function rowsOf(frame: Frame, plane: Plane, box: Box): RowSource {
  const { across, down } = factorsOf(frame, plane);
  if (across === 1 && down === 1) return plainRows(plane, box);
  if (across === 1 && down === 2) return tallRows(plane, box);
  if (isWide(frame, plane)) return enlargedRows(wideRows(plane, box, down === 2), box);
  return repeatedRows(plane, box, across, down);
}

/** How many pixels a sample stands for. */
function factorsOf({ maxH, maxV }: Frame, { component: { h, v } }: Plane): { across: number; down: number } {
  const across = maxH / h, down = maxV / v;
  if (Number.isInteger(across) && Number.isInteger(down)) return { across, down };
  throw unsupported("with fractional sampling factors");
}

/** Whether a component is enlarged smoothly to twice its width; libjpeg repeats very narrow ones, and larger factors. */
function isWide(frame: Frame, plane: Plane): boolean {
  const { across, down } = factorsOf(frame, plane);
  return across === 2 && down <= 2 && plane.component.width > 2;
}

/** Prepares the writing of the colours of a picture in brightness and colour differences. */
export function yccWriterOf(frame: Frame, planes: readonly Plane[], box: Box): RowWriter {
  const [brightness, blueness, redness] = planes, { down } = factorsOf(frame, blueness);
  const isCommon = isWide(frame, blueness) && isWide(frame, redness) &&
    factorsOf(frame, redness).down === down;
  const isTall = down === 2, first = rowsOf(frame, brightness, box);
  return isCommon
    ? wideYccWriter(first, wideRows(blueness, box, isTall), wideRows(redness, box, isTall), box)
    : yccWriter([first, rowsOf(frame, blueness, box), rowsOf(frame, redness, box)]);
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
