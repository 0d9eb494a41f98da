/**
 * What a preprocessing family is: a choice for each picture, made by the host, and pixel work, recorded on the tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Draws } from "../random/philox.ts";
import { distortImages, type MappingOptions, type NoiseRange, sampleImages } from "../tape/ops/image.ts";
import type { Value } from "../tape/tape.ts";
import type { Augmentation } from "./augmentation.ts";
import type { PreparedPicture } from "./batch_images.ts";
import type { PictureAbout } from "./sampling.ts";

/** What the images are prepared for. */
export interface PreprocessingOptions {
  /** Height and width that the net takes. */
  readonly height: number;
  readonly width: number;
  /** With random distortions, or as they are for evaluation. */
  readonly isTraining: boolean;
  /** Whether pictures in colour become grey: images of one channel. @default {false} */
  readonly useGrayscale?: boolean;
  /** "inception" in training: only bilinear resizing and changes of brightness and saturation. @default {true} */
  readonly fastMode?: boolean;
  /** "inception": a part of the picture, else the whole. @default {true} */
  readonly cropImage?: boolean;
  /** "vgg": smaller side of the resized picture, in training the smallest. @default {256, more for outputs above 256} */
  readonly resizeSideMin?: number;
  /** "vgg" in training: the largest smaller side. @default {512, more for outputs above 256} */
  readonly resizeSideMax?: number;
  /** In training: what TF-Slim does not do. @default {nothing} */
  readonly augmentation?: Augmentation;
}

/** Packed pictures on a tape, as batch_images.ts packs them. */
export interface PictureFeeds {
  /** Taps and pixels, u8. */
  readonly packed: Value;
  /** A record an image, [n, PICTURE_WORDS], u32. */
  readonly pictures: Value;
  /** Records of each image's operations of RandAugment, [n, operations, DISTORTION_WORDS], u32; left out: none. */
  readonly distortions?: Value;
  /** Of the pictures: 1 grey, 3 red, green and blue. */
  readonly channels: number;
}

/** A family of TF-Slim's. */
export interface Preprocessing {
  /** Decides what is made of a picture; `draws` are random, and there only in training. */
  readonly choose: (
    picture: PictureAbout,
    options: PreprocessingOptions,
    draws: Draws,
  ) => Omit<PreparedPicture, "picture">;
  /** Records the way from packed pictures to what a net takes, [n, height, width, channels]. */
  readonly record: (feeds: PictureFeeds, options: PreprocessingOptions) => Value;
  /** Values that black and white have in the end, by channel; of standardized images about where they are. */
  readonly range: (channels: number) => NoiseRange;
}

/** Records the sampling of packed pictures, and the operations of RandAugment where there are any. */
export function sampledImages(
  { packed, pictures, channels, distortions }: PictureFeeds,
  options: MappingOptions & { size: readonly [number, number]; scale?: number },
): Value {
  if (!distortions) return sampleImages(packed, pictures, { ...options, channels });
  const { size, scale = 1, mean = 0, factor = 1, gray } = options;
  const means = typeof mean === "number" ? mean / scale : mean.map((m) => m / scale);
  const images = sampleImages(packed, pictures, { size, channels });
  return distortImages(images, distortions, { mean: means, factor: factor * scale, gray });
}
