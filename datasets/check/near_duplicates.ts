/**
 * Pictures that look alike: the same photo in another size, of another quality, or as another file.
 *
 * Two pictures look alike if the root mean square of the differences of their thumbnails is small. Comparing all pairs takes
 * too long for large sets; but pictures that are near each other are so in every projection as well. So pictures are put into
 * the cells of a grid along a few coarse features, and only neighbours are compared: no pair is missed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { THUMBNAIL_SIDE } from "./look.ts";

/** Greatest root mean square of the differences of two thumbnails that look alike, of 255. */
export const ALIKE = 5;
/** Least standard deviation within a thumbnail that can be compared: plain ones all look alike. */
export const PLAIN = 10;

const size = THUMBNAIL_SIDE ** 2;
/** The greatest distance between two thumbnails that look alike. */
const reach = ALIKE * THUMBNAIL_SIDE;

/** Waves over a side of a thumbnail, of 0 to 3 half turns and of length 1. */
const waves = [0, 1, 2, 3].map((k) => {
  const wave = Array.from(
    { length: THUMBNAIL_SIDE },
    (_, i) => Math.cos(Math.PI * k * (i + 0.5) / THUMBNAIL_SIDE),
  );
  const length = Math.hypot(...wave);
  return wave.map((value) => value / length);
});
/** The coarse features, by waves down and across: the mean, the gradients, then finer ones. Orthogonal, of length 1. */
const features = waves.flatMap((down, k) => waves.map((across, l) => ({ down, across, order: k + l })))
  .sort((a, b) => a.order - b.order)
  .map(({ down, across }) =>
    Float64Array.from(
      { length: size },
      (_, i) => down[Math.floor(i / THUMBNAIL_SIDE)] * across[i % THUMBNAIL_SIDE],
    )
  );
/** How many of them make the grid. */
const dimensions = 4;

/** Cells along a feature; thumbnails have features of at most 16 x 255 either way, which is 51 cells. */
const line = 128;
/** The number of a cell from its places along the features. */
const cellNumber = (places: readonly number[]) =>
  places.reduce((number, place) => number * line + place + line / 2, 0);
/** What the numbers of a cell's neighbours, and of itself, lie away from its own. */
const neighbours = features.slice(0, dimensions).reduce(
  (all) => all.flatMap((offset) => [-1, 0, 1].map((d) => offset * line + d)),
  [0],
);

/**
 * For each picture the first of those before it that looks like it; -1 if none does or the picture is plain.
 *
 * @param thumbnails brightness, `[16, 16]` each
 */
export function findAlike(thumbnails: readonly Uint8Array[]): Int32Array {
  const alike = new Int32Array(thumbnails.length).fill(-1), cells = new Map<number, number[]>();
  const coarse = new Float32Array(thumbnails.length * features.length);
  thumbnails.forEach((thumbnail, i) => {
    if (deviation(thumbnail) < PLAIN) return;
    const own = coarse.subarray(i * features.length, (i + 1) * features.length);
    features.forEach((feature, k) => own[k] = dot(thumbnail, feature));
    const cell = cellNumber(Array.from(own.subarray(0, dimensions), (value) => Math.floor(value / reach)));
    let first = i;
    for (const offset of neighbours) {
      for (const j of cells.get(cell + offset) ?? []) {
        if (j < first && mayBeAlike(coarse, i, j) && isAlike(thumbnail, thumbnails[j])) first = j;
      }
    }
    if (first < i) alike[i] = first;
    const members = cells.get(cell);
    if (members) members.push(i);
    else cells.set(cell, [i]);
  });
  return alike;
}

/** Whether the coarse features alone do not tell two thumbnails apart; a thousandth for their rounding. */
function mayBeAlike(coarse: Float32Array, i: number, j: number): boolean {
  const most = reach * reach * 1.001, count = features.length;
  let sum = 0;
  for (let k = 0; k < count && sum <= most; k++) {
    const difference = coarse[i * count + k] - coarse[j * count + k];
    sum += difference * difference;
  }
  return sum <= most;
}

/** Standard deviation of the values of a thumbnail. */
export function deviation(thumbnail: Uint8Array): number {
  let sum = 0, squares = 0;
  for (const value of thumbnail) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / size - (sum / size) ** 2));
}

function dot(a: Uint8Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += a[i] * b[i];
  return sum;
}

function isAlike(a: Uint8Array, b: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < size && sum <= reach * reach; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum <= reach * reach;
}
