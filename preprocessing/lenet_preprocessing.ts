/**
 * Preprocessing of LeNet: the same in training and evaluation.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sampleImages } from "../tape/ops/image.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { cropOrPad } from "./sampling.ts";

/**
 * Crops or pads to size and maps 0..255 to -1..1 as (x - 128) / 128, padding (0) to -1.
 *
 * As in TF-Slim, height and width change places on the way, which shows only where they differ.
 */
export const lenetPreprocessing: Preprocessing = {
  choose: (picture, { height, width }) => ({ sampling: cropOrPad(picture, [width, height]) }),
  record: ({ packed, pictures, channels }, { height, width, useGrayscale }) =>
    sampleImages(packed, pictures, {
      size: [width, height],
      channels,
      gray: useGrayscale,
      mean: 128,
      factor: 1 / 128,
    }),
};
