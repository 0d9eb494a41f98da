/**
 * Operations of preprocessing: pictures of any size to images of one, changes of colour, standardization. None of them has a
 * gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import * as kernels from "../../kernels/image.ts";
import type { ImageShape, Mapping } from "../../kernels/image.ts";
import { distort, DISTORTION_WORDS, type Turn } from "../../kernels/distort.ts";
import { defineOperation, type Operation, type Shape, type Value } from "../tape.ts";

interface SampleAttributes extends Mapping {
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly scale: number;
}
interface ColorAttributes extends Mapping {
  readonly clip: boolean;
}

/** Between which values noise is, by channel. */
export interface NoiseRange {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** How values are mapped at the end: y = (x - mean) * factor. */
export interface MappingOptions {
  /** Subtracted: one number, or one a channel. @default {0} */
  readonly mean?: number | readonly number[];
  /** @default {1} */
  readonly factor?: number;
  /** Whether only the luminance of three channels is kept; the mean is then the first number. @default {false} */
  readonly gray?: boolean;
}

const SCOPE = "preprocessing";

function images(shape: Shape): ImageShape {
  if (shape.length !== 4) throw new RangeError("images need 4 dimensions [n, height, width, channels]");
  return shape as unknown as ImageShape;
}

function checkRecords([n, words]: Shape, count: number): void {
  if (n !== count || words !== kernels.PICTURE_WORDS) {
    throw new RangeError(`there must be a record of ${kernels.PICTURE_WORDS} words for each image`);
  }
}

function mapping(channels: number, { mean = 0, factor = 1, gray = false }: MappingOptions): Mapping {
  const means = typeof mean === "number" ? new Array<number>(channels).fill(mean) : mean;
  return { mean: means, factor, gray: gray && channels === 3 };
}

const sampleOperation: Operation<SampleAttributes> = defineOperation<SampleAttributes>({
  name: "sampleImages",
  dtypes: ["u8", "u32"],
  infer: ([, pictures], { size: [height, width], channels, gray }) => {
    if (!(channels >= 1 && channels <= 4)) throw new RangeError("pictures have 1 to 4 channels");
    checkRecords(pictures, pictures[0]);
    return [[pictures[0], height, width, gray ? 1 : channels]];
  },
  batch: () => ({ shared: [0], outputs: "map" }),
  lower: (e, { inputs: [packed, pictures], outputs: [y], attributes: { size: _, ...rest } }) =>
    kernels.imageSample(e, images(y.shape), rest, { packed, pictures, y }),
});

const meansOperation: Operation<null> = defineOperation<null>({
  name: "imageColorMeans",
  dtypes: ["f32", "u32"],
  infer: ([x, pictures]) => {
    checkRecords(pictures, images(x)[0]);
    return [[x[0], 4]]; // whole vec4: windows of them begin at every 32nd image
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x, pictures], outputs: [means] }) =>
    kernels.imageColorMeans(e, images(x.shape), { x, pictures, means }),
});

const colorOperation: Operation<ColorAttributes> = defineOperation<ColorAttributes>({
  name: "changeColors",
  dtypes: ["f32", "u32", "f32"],
  infer: ([x, pictures], { gray }) => {
    const [n, height, width, channels] = images(x);
    if (channels !== 1 && channels !== 3) throw new RangeError("images need 1 or 3 channels");
    checkRecords(pictures, n);
    return [[n, height, width, gray ? 1 : channels]];
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x, pictures, means], outputs: [y], attributes }) =>
    kernels.imageColor(e, images(x.shape), attributes, { x, pictures, means, y }),
});

const distortOperation: Operation<Turn & Mapping> = defineOperation<Turn & Mapping>({
  name: "distortImages",
  dtypes: ["f32", "u32"],
  infer: ([x, distortions], { turns, gray }) => {
    const [n, height, width, channels] = images(x);
    if (channels !== 1 && channels !== 3) throw new RangeError("images need 1 or 3 channels");
    if (distortions.join() !== [n, turns, DISTORTION_WORDS].join()) {
      throw new RangeError(
        `there must be records of ${DISTORTION_WORDS} words for the operations of each image`,
      );
    }
    return [[n, height, width, gray ? 1 : channels]];
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x, distortions], outputs: [y], attributes }) =>
    distort(e, images(x.shape), attributes, { x, distortions, y }),
});

const mixOperation: Operation<NoiseRange> = defineOperation<NoiseRange>({
  name: "mixImages",
  dtypes: ["f32", "u32"],
  infer: ([x, pictures]) => {
    checkRecords(pictures, images(x)[0]);
    if (x[3] > 4) throw new RangeError("images have 1 to 4 channels");
    return [x];
  },
  lower: (e, { inputs: [x, pictures], outputs: [y], attributes }) =>
    kernels.imageMix(e, images(x.shape), attributes, { x, pictures, y }),
});

const momentsOperation: Operation<null> = defineOperation<null>({
  name: "imageMoments",
  infer: ([x]) => [[images(x)[0], 4]],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x], outputs: [moments] }) => kernels.imageMoments(e, images(x.shape), { x, moments }),
});

const standardizationOperation: Operation<null> = defineOperation<null>({
  name: "perImageStandardization",
  infer: ([x]) => [images(x)],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x, moments], outputs: [y] }) =>
    kernels.imageStandardization(e, images(x.shape), { x, moments, y }),
});

/**
 * Images of one size from packed pictures of any size: cropped, resized, padded with zeros and flipped, each as its record
 * says (see preprocessing/batch_images.ts).
 *
 * @param packed taps and pixels, u8
 * @param pictures a record an image, [n, PICTURE_WORDS], u32
 * @returns (scale * pixels - mean) * factor, [n, height, width, channels, or 1 if gray]
 */
export function sampleImages(
  packed: Value,
  pictures: Value,
  options: MappingOptions & { size: readonly [number, number]; channels: number; scale?: number },
): Value {
  const { size, channels, scale = 1 } = options;
  const attributes = { size, channels, scale, ...mapping(channels, options) };
  return packed.tape.apply(sampleOperation, [packed, pictures], attributes, SCOPE)[0];
}

/**
 * Images with the changes of colour that their records hold, as `tf.image.adjust_brightness`, `adjust_saturation`,
 * `adjust_hue` and `adjust_contrast`; then clipped to 0..1 if wished, and mapped.
 *
 * @param x [n, height, width, 1 or 3]
 * @param pictures a record an image, [n, PICTURE_WORDS], u32
 * @param options.contrast whether any of the changes is of contrast, which takes a mean over the image
 */
export function changeColors(
  x: Value,
  pictures: Value,
  { contrast, clip = false, ...rest }: MappingOptions & { contrast: boolean; clip?: boolean },
): Value {
  const { tape } = x, n = x.shape[0];
  const means = contrast
    ? tape.apply(meansOperation, [x, pictures], null, SCOPE)[0]
    : tape.constant(new Float32Array(4 * n), [n, 4]);
  return tape.apply(
    colorOperation,
    [x, pictures, means],
    { clip, ...mapping(x.shape[3], rest) },
    SCOPE,
  )[0];
}

/**
 * Images after the operations of RandAugment that their records hold, one after another, and mapped.
 *
 * @param x [n, height, width, 1 or 3], 0 to 255
 * @param distortions records of each image's operations, [n, operations, DISTORTION_WORDS], u32
 */
export function distortImages(x: Value, distortions: Value, options: MappingOptions = {}): Value {
  const turns = distortions.shape[1], last = mapping(x.shape[3], options), none = mapping(x.shape[3], {});
  let y = x;
  for (let turn = 0; turn < turns; turn++) {
    const attributes = { turn, turns, ...(turn === turns - 1 ? last : none) };
    [y] = x.tape.apply(distortOperation, [y, distortions], attributes, SCOPE);
  }
  return y;
}

/**
 * Images with a box of each erased, which becomes noise, and mixed with others of the batch, as their records say.
 *
 * @param x [n, height, width, channels]
 * @param pictures a record an image, [n, PICTURE_WORDS], u32
 */
export function mixImages(x: Value, pictures: Value, range: NoiseRange): Value {
  return x.tape.apply(mixOperation, [x, pictures], range, SCOPE)[0];
}

/** Each image with mean 0 and deviation 1 over all its values, as `tf.image.per_image_standardization`. */
export function perImageStandardization(x: Value): Value {
  const [moments] = x.tape.apply(momentsOperation, [x], null, SCOPE);
  return x.tape.apply(standardizationOperation, [x, moments], null, SCOPE)[0];
}
