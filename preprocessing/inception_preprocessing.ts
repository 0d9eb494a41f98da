/**
 * Preprocessing of Inception, MobileNet, NASNet and others: values from -1 to 1.
 *
 * Szegedy et al., "Going Deeper with Convolutions", 2015; the changes of colour are Howard's ("Some Improvements on Deep
 * Convolutional Neural Network Based Image Classification", 2013).
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Draws } from "../random/philox.ts";
import { changeColors } from "../tape/ops/image.ts";
import { type ColorChanges, colorChanges } from "./color_changes.ts";
import { distortedBox } from "./distorted_box.ts";
import { type Preprocessing, sampledImages } from "./preprocessing.ts";
import { resizeMethods } from "./resize_taps.ts";
import { type PictureSize, type PixelBox, resizeCrop } from "./sampling.ts";

/** Share of each side that evaluation keeps. */
const CENTRAL_FRACTION = 0.875;
/** Bytes to 0..1, and from there to -1..1. */
const UNIT = 1 / 255, SIGNED = { mean: 0.5, factor: 2 };
/** Largest change of brightness and of hue; range of the factors of saturation and contrast. */
const BRIGHTNESS = 32 / 255, HUE = 0.2, FACTORS = [0.5, 1.5] as const;

/** Orders of the changes of colour, by TF-Slim's `color_ordering`; in fast mode neither hue nor contrast changes. */
export const colorOrders = {
  slow: ["bshc", "sbch", "chbs", "hscb"],
  fast: ["bs", "sb", "sb", "sb"],
} as const;

/** The middle of a picture: offsets are rounded down, so what is left is never less than the share. */
export function centralCrop({ height, width }: PictureSize, share: number): PixelBox {
  const [top, left] = [height, width].map((n) => Math.floor((n - n * share) / 2));
  return [top, left, height - 2 * top, width - 2 * left];
}

function randomColors(draws: Draws, fastMode: boolean, numOrders: number): ColorChanges {
  return colorChanges(colorOrders[fastMode ? "fast" : "slow"][draws.below(numOrders)], {
    brightness: draws.uniform(-BRIGHTNESS, BRIGHTNESS),
    saturation: draws.uniform(...FACTORS),
    hue: draws.uniform(-HUE, HUE),
    contrast: draws.uniform(...FACTORS),
  });
}

/** The family, with so many of the orders of changes in fast mode. */
function family(numFastOrders: number): Preprocessing {
  return {
    choose: (
      picture,
      { height, width, isTraining, fastMode = true, cropImage = true, augmentation },
      draws,
    ) => {
      const whole: PixelBox = [0, 0, picture.height, picture.width], size = [height, width] as const;
      if (!isTraining) {
        return {
          sampling: resizeCrop(cropImage ? centralCrop(picture, CENTRAL_FRACTION) : whole, size, "bilinear"),
        };
      }
      const crop = cropImage ? distortedBox(picture, picture.boxes, draws) : whole;
      const method = resizeMethods[fastMode ? 0 : draws.below(resizeMethods.length)];
      const sampling = resizeCrop(crop, size, method, draws.chance());
      if (augmentation?.randAugment) return { sampling };
      return { sampling, colors: randomColors(draws, fastMode, fastMode ? numFastOrders : 4) };
    },
    record: (feeds, { height, width, isTraining, fastMode = true, useGrayscale: gray, augmentation }) => {
      const size = [height, width] as const;
      if (!isTraining || augmentation?.randAugment) {
        return sampledImages(feeds, { size, scale: UNIT, gray, ...SIGNED });
      }
      const images = sampledImages(feeds, { size, scale: UNIT });
      return changeColors(images, feeds.pictures, { contrast: !fastMode, clip: true, gray, ...SIGNED });
    },
    range: (channels) => ({ low: new Array(channels).fill(-1), high: new Array(channels).fill(1) }),
  };
}

/**
 * For training: a random crop of at least a tenth of the picture, or of one of its boxes, resized without regard to its
 * shape; flips; changes of brightness and saturation, without `fastMode` also of hue and contrast, in one of four orders,
 * and resizing by one of four methods. For evaluation: the central 87.5% of each side, resized.
 *
 * TF-Slim's training script hands no boxes on; here a picture's boxes count where the data set has them.
 */
export const inceptionPreprocessing: Preprocessing = family(1);

/** As {@linkcode inceptionPreprocessing}, but in fast mode saturation may change before brightness, as in TF-Slim's copy. */
export const xceptionPreprocessing: Preprocessing = family(4);
