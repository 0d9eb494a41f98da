/**
 * What a preprocessing family is: a choice for each picture, made by the host, and pixel work, recorded on the tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Draws } from "../random/philox.ts";
import type { Value } from "../tape/tape.ts";
import type { PreparedPicture } from "./batch_images.ts";
import type { Picture } from "./sampling.ts";

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
}

/** Packed pictures on a tape, as batch_images.ts packs them. */
export interface PictureFeeds {
  /** Taps and pixels, u8. */
  readonly packed: Value;
  /** A record an image, [n, PICTURE_WORDS], u32. */
  readonly pictures: Value;
  /** Of the pictures: 1 grey, 3 red, green and blue. */
  readonly channels: number;
}

/** A family of TF-Slim's. */
export interface Preprocessing {
  /** Decides what is made of a picture; `draws` are random, and there only in training. */
  readonly choose: (
    picture: Picture,
    options: PreprocessingOptions,
    draws: Draws,
  ) => Omit<PreparedPicture, "picture">;
  /** Records the way from packed pictures to what a net takes, [n, height, width, channels]. */
  readonly record: (feeds: PictureFeeds, options: PreprocessingOptions) => Value;
}
