/**
 * Preprocessing of VGG and ResNet: the means of ImageNet's channels are subtracted, values go on to 255.
 *
 * Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Preprocessing, type PreprocessingOptions, sampledImages } from "./preprocessing.ts";
import { roundHalfToEven } from "./resize_taps.ts";
import type { Pair, PictureSize } from "./sampling.ts";

/** Means of the channels over ImageNet, and their luminance, for grey images. */
const MEANS = [123.68, 116.78, 103.94], GRAY_MEAN = [0.2989 * 123.68 + 0.587 * 116.78 + 0.114 * 103.94];
/** The paper's sizes: the net's, and the range of the smaller side of the resized picture. */
const NET_SIDE = 224, SIDE_MIN = 256, SIDE_MAX = 512;

function meansOf(channels: number): number[] {
  return channels === 1 ? GRAY_MEAN : MEANS;
}

/** Height and width after resizing so that the smaller side is `side`, in float32 as in TF-Slim. */
export function smallestSizeAtLeast(
  { height, width }: PictureSize,
  side: number,
): Pair {
  const scale = Math.fround(side / Math.min(height, width));
  return [roundHalfToEven(Math.fround(height * scale)), roundHalfToEven(Math.fround(width * scale))];
}

/** Range of the smaller side after resizing: the paper's, or in the same proportion to a larger output. */
function resizeSides(
  { height, width, resizeSideMin, resizeSideMax }: PreprocessingOptions,
): [number, number] {
  const output = Math.max(height, width), growth = output > SIDE_MIN ? output / NET_SIDE : 1;
  const least = resizeSideMin ?? Math.round(SIDE_MIN * growth);
  if (least < output) {
    throw new RangeError(
      `Cannot cut images of ${height} x ${width} from pictures whose smaller side is ${least}; ` +
        "give a larger resizeSideMin",
    );
  }
  return [least, Math.max(least, resizeSideMax ?? Math.round(SIDE_MAX * growth))];
}

/**
 * For training: resized so that the smaller side is a random one from 256 to 512 pixels, a random crop, flips. For
 * evaluation: the smaller side 256, the central crop. Then the means are subtracted.
 *
 * Where the output is larger than 256, which stops TF-Slim, these sides grow with it (`resizeSideMin`, `resizeSideMax`).
 * Grey images get the luminance of the means subtracted, where TF-Slim stops as well.
 */
export const vggPreprocessing: Preprocessing = {
  choose: (picture, options, draws) => {
    const { height, width, isTraining } = options, [least, most] = resizeSides(options);
    const resized = smallestSizeAtLeast(picture, isTraining ? least + draws.below(most - least + 1) : least);
    const corner = (room: number) => isTraining ? draws.below(room + 1) : Math.floor(room / 2);
    return {
      sampling: {
        crop: [0, 0, picture.height, picture.width],
        resized,
        method: "bilinear",
        corner: [corner(resized[0] - height), corner(resized[1] - width)],
        size: [height, width],
        flip: isTraining && draws.chance(),
      },
    };
  },
  record: (feeds, { height, width, useGrayscale: gray }) =>
    sampledImages(feeds, { size: [height, width], gray, mean: meansOf(gray ? 1 : feeds.channels) }),
  range: (channels) => ({
    low: meansOf(channels).map((mean) => -mean),
    high: meansOf(channels).map((mean) => 255 - mean),
  }),
};
