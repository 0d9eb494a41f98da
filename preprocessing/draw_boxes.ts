/**
 * Pictures with boxes drawn on them, for people to look at.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { PictureAbout } from "./sampling.ts";

/** Colours of the boxes one after another, as `tf.image.draw_bounding_boxes` takes them: red, green, blue. */
const COLORS = [
  [1, 1, 0],
  [0, 0, 1],
  [1, 0, 0],
  [0, 1, 0],
  [0.5, 0, 0.5],
  [0.5, 0.5, 0],
  [0.5, 0, 0],
  [0, 0, 0.5],
  [0, 1, 1],
  [1, 0, 1],
] as const;

/**
 * Draws frames one pixel wide, as `tf.image.draw_bounding_boxes`.
 *
 * @param pixels [height, width, channels]; a grey image gets white frames
 * @param boxes [boxes, 4]: ymin, xmin, ymax, xmax, each 0 to 1; what lies outside of the image is not drawn
 * @param white value of full brightness: 1, or 255 for bytes
 * @returns a copy with the frames
 */
export function drawBoundingBoxes<T extends Float32Array | Uint8Array>(
  pixels: T,
  { height, width, channels }: PictureAbout,
  boxes: ArrayLike<number>,
  white: number,
): T {
  const image = pixels.slice() as T;
  for (let box = 0; 4 * box < boxes.length; box++) {
    const color = COLORS[box % COLORS.length];
    const place = (i: number, size: number) => Math.trunc(Math.fround(boxes[4 * box + i] * (size - 1)));
    const [top, left, bottom, right] = [place(0, height), place(1, width), place(2, height), place(3, width)];
    if (top > bottom || left > right || bottom < 0 || right < 0 || top >= height || left >= width) continue;
    const paint = (row: number, column: number) => {
      if (row < 0 || row >= height || column < 0 || column >= width) return;
      for (let c = 0; c < channels; c++) {
        const share = channels < 3 ? 1 : color[c] ?? 1; // a fourth channel is opacity
        image[(row * width + column) * channels + c] = white * share;
      }
    };
    for (let column = left; column <= right; column++) [top, bottom].forEach((row) => paint(row, column));
    for (let row = top; row <= bottom; row++) [left, right].forEach((column) => paint(row, column));
  }
  return image;
}
