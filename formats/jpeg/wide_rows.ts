/**
 * Components that have half as many samples across as the picture has pixels, as the colours of most photos (4:2:0, 4:2:2).
 *
 * A pixel takes three parts of its own sample and one of the nearest other one; down the picture likewise, where there are
 * half as many rows, too.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Box } from "../pixels.ts";
import { type RowWriter, writeYcc } from "./colors.ts";
import { neighbourOf, type Plane, type RowSource, startOf } from "./rows.ts";

/** The samples within a box. */
export interface WideRows {
  readonly plane: Plane;
  /** Whether rows are enlarged as well. */
  readonly isTall: boolean;
  /** Columns of the samples that the box shows, and of those next to them. */
  readonly first: number;
  readonly last: number;
  readonly before: number;
  readonly behind: number;
  /** What libjpeg adds to the left and to the right pixel of a sample before it drops the fraction, in sixteenths. */
  readonly even: number;
  readonly odd: number;
}

/** Prepares the samples of a component within a box. */
export function wideRows(plane: Plane, box: Box, isTall: boolean): WideRows {
  const first = box.x >> 1, last = (box.x + box.width - 1) >> 1;
  return {
    plane,
    isTall,
    first,
    last,
    before: Math.max(0, first - 1),
    behind: Math.min(plane.component.width - 1, last + 1),
    even: isTall ? 8 : 4,
    odd: isTall ? 7 : 8,
  };
}

/** Places of the row of samples nearest to a row of pixels, and of the one that is mixed into it. */
function startsOf({ plane, isTall }: WideRows, y: number): [own: number, other: number] {
  const own = startOf(plane, isTall ? y >> 1 : y) - plane.left;
  return [own, isTall ? startOf(plane, neighbourOf(y)) - plane.left : own];
}

/** Enlarges one row after another. */
export function enlargedRows(rows: WideRows, box: Box): RowSource {
  const { first, last, before, behind, even, odd, plane: { samples } } = rows;
  const row = new Uint8Array(2 * (last - first + 1));
  return (y) => {
    const [own, other] = startsOf(rows, y);
    let previous = mix(samples, own + before, other + before),
      here = mix(samples, own + first, other + first);
    for (let x = first, i = 0; x <= last; x++, i += 2) {
      const column = x < last ? x + 1 : behind, next = mix(samples, own + column, other + column);
      row[i] = (3 * here + previous + even) >> 4;
      row[i + 1] = (3 * here + next + odd) >> 4;
      previous = here;
      here = next;
    }
    return box.x & 1 ? row.subarray(1) : row;
  };
}

/**
 * Enlarges two colour differences and writes the colours at once, which spares the enlarged rows.
 *
 * @param blueness of the same shape as `redness`
 */
export function wideYccWriter(
  brightness: RowSource,
  blueness: WideRows,
  redness: WideRows,
  box: Box,
): RowWriter {
  const { even, odd, plane: { samples: cb, component } } = blueness, cr = redness.plane.samples;
  const end = box.x + box.width;
  // Samples with both neighbours whose two pixels are in the box; the pixels beside them are written one by one.
  const from = Math.min(Math.max(1, (box.x + 1) >> 1), end >> 1);
  const to = Math.max(from, Math.min(component.width - 1, end >> 1));
  return (y, out, start, _) => {
    const luma = brightness(y), [own, other] = startsOf(blueness, y);
    const write = (pixel: number) => {
      const x = pixel >> 1, next = Math.max(0, Math.min(component.width - 1, neighbourOf(pixel)));
      const rounding = pixel & 1 ? odd : even;
      const value = (samples: Uint8Array) =>
        (3 * mix(samples, own + x, other + x) + mix(samples, own + next, other + next) + rounding) >> 4;
      writeYcc(out, start + 3 * (pixel - box.x), luma[pixel - box.x], value(cb), value(cr));
    };
    for (let pixel = box.x; pixel < Math.min(end, 2 * from); pixel++) write(pixel);
    const left = 2 * from - box.x;
    if (to > from) {
      writePairs(cb, cr, own + from, other + from, to - from, even, odd, luma, left, out, start + 3 * left);
    }
    for (let pixel = 2 * to; pixel < end; pixel++) write(pixel);
  };
}

/** Writes the two pixels of each of `count` samples that have both neighbours. */
function writePairs(
  cb: Uint8Array,
  cr: Uint8Array,
  own: number,
  other: number,
  count: number,
  even: number,
  odd: number,
  luma: Uint8Array,
  i: number,
  out: Uint8Array,
  at: number,
): void {
  let blueBefore = mix(cb, own - 1, other - 1), redBefore = mix(cr, own - 1, other - 1);
  let blue = mix(cb, own, other), red = mix(cr, own, other);
  for (let x = 1; x <= count; x++, i += 2, at += 6) {
    const blueNext = mix(cb, own + x, other + x), redNext = mix(cr, own + x, other + x);
    writeYcc(out, at, luma[i], (3 * blue + blueBefore + even) >> 4, (3 * red + redBefore + even) >> 4);
    writeYcc(out, at + 3, luma[i + 1], (3 * blue + blueNext + odd) >> 4, (3 * red + redNext + odd) >> 4);
    blueBefore = blue;
    redBefore = red;
    blue = blueNext;
    red = redNext;
  }
}

/** Three parts of a sample and one of another. */
function mix(samples: Uint8Array, own: number, other: number): number {
  return 3 * samples[own] + samples[other];
}
