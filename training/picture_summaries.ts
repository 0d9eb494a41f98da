/**
 * Pictures for TensorBoard: what the net got, and which part of a photo that was.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Batch } from "../datasets/reader.ts";
import { imageSummaries } from "../formats/events/image_summary.ts";
import type { SummaryValue } from "../formats/events/summary.ts";
import { drawBoundingBoxes } from "../preprocessing/draw_boxes.ts";
import type { ImageFeeder } from "./feeding.ts";

/** TF-Slim's tag of a picture with its crop. */
const CROP_TAG = "distort_image/images_with_distorted_bounding_box";

/**
 * The first picture of a batch as far as it was decoded, with its boxes and, last, the crop that the net saw; nothing where
 * it has no boxes and the net saw all of it.
 */
export function cropSummaries({ images: [picture], index }: Batch, feeder: ImageFeeder): SummaryValue[] {
  const { channels, data, boxes = new Float32Array(0) } = picture;
  const decoded = picture.part ?? { x: 0, y: 0, width: picture.width, height: picture.height };
  const crop = feeder.part(picture, index, 0), { height, width } = decoded;
  const isAll = crop.height === height && crop.width === width;
  if (boxes.length === 0 && isAll) return [];
  const vertical = (row: number) => (row - decoded.y) / height,
    horizontal = (column: number) => (column - decoded.x) / width;
  const frames = Array.from(
    boxes,
    (v, i) => i % 2 === 0 ? vertical(v * picture.height) : horizontal(v * picture.width),
  );
  frames.push(
    vertical(crop.y),
    horizontal(crop.x),
    vertical(crop.y + crop.height),
    horizontal(crop.x + crop.width),
  );
  const pixels = drawBoundingBoxes(data, { height, width, channels }, frames, 255);
  return imageSummaries(CROP_TAG, { shape: [1, height, width, channels], data: pixels });
}
