/**
 * Preprocessing of LeNet: the same in training and evaluation.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Preprocessing, sampledImages } from "./preprocessing.ts";
import { cropOrPad } from "./sampling.ts";

/**
 * Crops or pads to size and maps 0..255 to -1..1 as (x - 128) / 128, padding (0) to -1.
 *
 * As in TF-Slim, height and width change places on the way, which shows only where they differ.
 */
export const lenetPreprocessing: Preprocessing = {
  choose: (picture, { height, width }) => ({ sampling: cropOrPad(picture, [width, height]) }),
  record: (feeds, { height, width, useGrayscale: gray }) =>
    sampledImages(feeds, { size: [width, height], gray, mean: 128, factor: 1 / 128 }),
  range: (channels) => ({ low: new Array(channels).fill(-1), high: new Array(channels).fill(127 / 128) }),
};
