/**
 * Preprocessing of CifarNet.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { changeColors, perImageStandardization } from "../tape/ops/image.ts";
import { colorChanges } from "./color_changes.ts";
import { type Preprocessing, sampledImages } from "./preprocessing.ts";
import { cropOrPad, windowOf } from "./sampling.ts";

/** Zeros on each side before the random crop. */
const PADDING = 4;
/** Largest change of brightness, of 255, and range of the factor of contrast. */
const BRIGHTNESS = 63, CONTRAST = [0.2, 1.8] as const;

/**
 * For training: four zeros around, a random crop, flips, brightness, contrast, standardization. For evaluation: crop or pad
 * to size, standardization.
 *
 * In evaluation height and width change places, as in TF-Slim, which shows only where they differ. A picture too small for
 * the random crop, which stops TF-Slim, is centred amid more zeros.
 */
export const cifarnetPreprocessing: Preprocessing = {
  choose: (picture, { height, width, isTraining, augmentation }, draws) => {
    if (!isTraining) return { sampling: cropOrPad(picture, [width, height]) };
    const corner = (from: number, to: number) => {
      const room = from + 2 * PADDING - to;
      return room < 0 ? Math.trunc((from - to) / 2) : draws.below(room + 1) - PADDING;
    };
    const place = [corner(picture.height, height), corner(picture.width, width)] as const;
    const sampling = windowOf(picture, place, [height, width], draws.chance());
    if (augmentation?.randAugment) return { sampling };
    const brightness = draws.uniform(-BRIGHTNESS, BRIGHTNESS), contrast = draws.uniform(...CONTRAST);
    return { sampling, colors: colorChanges("bc", { brightness, contrast }) };
  },
  record: (feeds, { height, width, isTraining, useGrayscale: gray, augmentation }) => {
    const size = isTraining ? [height, width] as const : [width, height] as const;
    const images = sampledImages(feeds, { size, gray }), changes = isTraining && !augmentation?.randAugment;
    return perImageStandardization(
      changes ? changeColors(images, feeds.pictures, { contrast: true }) : images,
    );
  },
  range: (channels) => ({ low: new Array(channels).fill(-2), high: new Array(channels).fill(2) }),
};
