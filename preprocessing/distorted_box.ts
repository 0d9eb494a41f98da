/**
 * Random crops that keep what a picture shows, as `tf.image.sample_distorted_bounding_box` draws them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Draws } from "../random/philox.ts";
import { roundHalfToEven } from "./resize_taps.ts";
import type { PictureSize, PixelBox } from "./sampling.ts";

/** What a crop must be like. Defaults are those of Inception's training. */
export interface DistortedBoxOptions {
  /** Share of a box that the crop covers at least; any one box will do. @default {0.1} */
  readonly minObjectCovered?: number;
  /** Width by height. @default {[0.75, 1.33]} */
  readonly aspectRatioRange?: readonly [number, number];
  /** Share of the picture's area. @default {[0.05, 1]} */
  readonly areaRange?: readonly [number, number];
  /** Crops tried before the whole picture is taken. @default {100} */
  readonly maxAttempts?: number;
}

/**
 * Draws a crop of a picture.
 *
 * As in TensorFlow, the height is drawn uniformly, not the area; a crop smaller than the picture never reaches its last row
 * or column; and without boxes the whole picture is the one box, so that `minObjectCovered` bounds the area as well.
 */
export function distortedBox(
  size: PictureSize,
  boxes: Float32Array | undefined,
  draws: Draws,
  options: DistortedBoxOptions = {},
): PixelBox {
  const {
    minObjectCovered = 0.1,
    aspectRatioRange = [0.75, 1.33],
    areaRange = [0.05, 1],
    maxAttempts = 100,
  } = options;
  const objects = pixelBoxes(size, boxes);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const crop = randomCrop(size, draws.uniform(...aspectRatioRange), areaRange, draws);
    if (crop && objects.some((object) => coverage(crop, object) >= minObjectCovered)) return crop;
  }
  return [0, 0, size.height, size.width];
}

/** Boxes in whole pixels; those without any pixel are left out. */
function pixelBoxes({ height, width }: PictureSize, boxes: Float32Array = new Float32Array(0)): PixelBox[] {
  if (boxes.length === 0) return [[0, 0, height, width]];
  return Array.from({ length: boxes.length / 4 }, (_, i): PixelBox => {
    const [ymin, xmin, ymax, xmax] = boxes.subarray(4 * i, 4 * i + 4);
    const top = Math.trunc(ymin * height), left = Math.trunc(xmin * width);
    return [top, left, Math.trunc(ymax * height) - top, Math.trunc(xmax * width) - left];
  }).filter(([, , h, w]) => h > 0 && w > 0);
}

/** Share of a box that a crop covers. */
function coverage(crop: PixelBox, object: PixelBox): number {
  const overlap = (axis: 0 | 1) => {
    const end = Math.min(crop[axis] + crop[2 + axis], object[axis] + object[2 + axis]);
    return Math.max(0, end - Math.max(crop[axis], object[axis]));
  };
  return overlap(0) * overlap(1) / (object[2] * object[3]);
}

/** A crop of that shape at a random place; undefined where rounding leaves none within the areas. */
function randomCrop(
  { height, width }: PictureSize,
  aspectRatio: number,
  areaRange: readonly [number, number],
  draws: Draws,
): PixelBox | undefined {
  const [minArea, maxArea] = areaRange.map((share) => share * width * height);
  const widthOf = (height: number) => roundHalfToEven(height * aspectRatio);
  const heightOf = (area: number) => roundHalfToEven(Math.sqrt(area / aspectRatio));
  let most = heightOf(maxArea);
  if (widthOf(most) > width) most = Math.floor((width + 0.5 - 1e-7) / aspectRatio);
  if (widthOf(most) > width) most--;
  most = Math.min(most, height);
  const least = Math.min(heightOf(minArea), most);
  let h = least + draws.below(most - least + 1);
  if (h * widthOf(h) < minArea) h++;
  if (h * widthOf(h) > maxArea) h--;
  const w = widthOf(h), area = h * w;
  if (area < minArea || area > maxArea || h > height || w > width || h < 1 || w < 1) return undefined;
  const place = (room: number) => room > 0 ? draws.below(room) : 0;
  return [place(height - h), place(width - w), h, w];
}
