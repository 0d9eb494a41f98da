/**
 * Plans the pixel work of preprocessing.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, defineStruct, type Kernel, type ParamValues, sizeOf, spread } from "./kernel.ts";
import philox from "../random/philox.wgsl" with { type: "text" };
import common from "./image_common.wgsl" with { type: "text" };
import colorCode from "./image_color.wgsl" with { type: "text" };
import colorCommon from "./image_color_common.wgsl" with { type: "text" };
import meansCode from "./image_color_means.wgsl" with { type: "text" };
import mixCode from "./image_mix.wgsl" with { type: "text" };
import momentsCode from "./image_moments.wgsl" with { type: "text" };
import sampleCode from "./image_sample.wgsl" with { type: "text" };
import standardizationCode from "./image_standardization.wgsl" with { type: "text" };

/** [images, height, width, channels] */
export type ImageShape = readonly [number, number, number, number];

/** How values are mapped at the end: y = (x - mean) * factor. */
export interface Mapping {
  /** Subtracted, by channel. */
  readonly mean: readonly number[];
  readonly factor: number;
  /** Whether only the luminance of the three channels is kept, before `mean[0]` is subtracted. */
  readonly gray: boolean;
}

const sampleKernel: Kernel = defineKernel("image_sample", common + sampleCode);
const meansKernel: Kernel = defineKernel("image_color_means", common + colorCommon + meansCode);
const colorKernel: Kernel = defineKernel("image_color", common + colorCommon + colorCode);
const mixKernel: Kernel = defineKernel("image_mix", common + philox + mixCode);
const momentsKernel: Kernel = defineKernel("image_moments", momentsCode);
const standardizationKernel: Kernel = defineKernel("image_standardization", standardizationCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  sampleKernel,
  meansKernel,
  colorKernel,
  mixKernel,
  momentsKernel,
  standardizationKernel,
];

const picture = defineStruct("image_sample", common, "Picture");
/** Words of a picture's record. */
export const PICTURE_WORDS: number = picture.paramsSize / 4;

/** No picture, and no change of colours. */
const BLANK = {
  ...{ pixels: 0, rows: 0, columns: 0, rowTaps: 0, columnTaps: 0 },
  ...{ changes: 0, brightness: 0, saturation: 1, hue: 0, contrast: 1 },
  ...{ noise: 0, erased: [0, 0, 0, 0], partner: 0, share: 1, pasted: [0, 0, 0, 0] },
};

/** A picture's record: values of the fields of image_common.wgsl's `Picture`, those left out without effect. */
export function packPicture(values: ParamValues): Uint32Array {
  return new Uint32Array(picture.pack({ ...BLANK, ...values }));
}

/** Parameters of a mapping, as kernels take them. */
export function mappingParams({ mean, factor, gray }: Mapping): ParamValues {
  return { mean: fourOf(mean), factor, gray: gray ? 1 : 0 };
}

function fourOf(channels: readonly number[]): number[] {
  return Array.from({ length: 4 }, (_, i) => channels[i] ?? 0);
}

/** Emits y (float, `out`) from packed pictures of `channels`, whose values are multiplied by `scale`. */
export function imageSample<T>(
  e: Emitter<T>,
  [images, height, width]: ImageShape,
  { channels, scale, ...mapping }: Mapping & { channels: number; scale: number },
  b: { packed: T; pictures: T; y: T },
): void {
  const count = images * height * width;
  e.emit({
    kernel: sampleKernel,
    params: { out: [height, width], channels, count, scale, ...mappingParams(mapping) },
    buffers: [b.packed, b.pictures, b.y],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 80 * channels * count,
  });
}

/** Emits the mean of each channel of each image before its change of contrast, [images, 4]. */
export function imageColorMeans<T>(
  e: Emitter<T>,
  [images, height, width, channels]: ImageShape,
  b: { x: T; pictures: T; means: T },
): void {
  e.emit({
    kernel: meansKernel,
    params: { images, pixels: height * width, channels },
    buffers: [b.x, b.pictures, b.means],
    writes: [2],
    workgroups: spread(images),
    work: 60 * images * height * width,
  });
}

/** Emits x with its colours changed; `means` are those of {@linkcode imageColorMeans}, or anything if no contrast changes. */
export function imageColor<T>(
  e: Emitter<T>,
  [images, height, width, channels]: ImageShape,
  { clip, ...mapping }: Mapping & { clip: boolean },
  b: { x: T; pictures: T; means: T; y: T },
): void {
  const pixels = height * width, count = images * pixels;
  e.emit({
    kernel: colorKernel,
    params: { count, pixels, channels, clip: clip ? 1 : 0, ...mappingParams(mapping) },
    buffers: [b.x, b.pictures, b.means, b.y],
    writes: [3],
    workgroups: spread(Math.ceil(count / 64)),
    work: 80 * count,
  });
}

/** Emits x erased and mixed as the records say; noise is from `low` to `high`, by channel. */
export function imageMix<T>(
  e: Emitter<T>,
  [images, height, width, channels]: ImageShape,
  { low, high }: { low: readonly number[]; high: readonly number[] },
  b: { x: T; pictures: T; y: T },
): void {
  const count = images * height * width * channels;
  e.emit({
    kernel: mixKernel,
    params: { count, size: [height, width], channels, low: fourOf(low), high: fourOf(high) },
    buffers: [b.x, b.pictures, b.y],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 30 * count,
  });
}

/** Emits mean and variance of each image, [images, 4]. */
export function imageMoments<T>(e: Emitter<T>, shape: ImageShape, b: { x: T; moments: T }): void {
  const [images, ...sizes] = shape, values = sizeOf(sizes);
  e.emit({
    kernel: momentsKernel,
    params: { images, values },
    buffers: [b.x, b.moments],
    writes: [1],
    workgroups: spread(images),
    work: 4 * images * values,
  });
}

/** Emits each image with mean 0 and deviation 1. */
export function imageStandardization<T>(
  e: Emitter<T>,
  shape: ImageShape,
  b: { x: T; moments: T; y: T },
): void {
  const count = sizeOf(shape);
  e.emit({
    kernel: standardizationKernel,
    params: { count, values: count / shape[0] },
    buffers: [b.x, b.moments, b.y],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 10 * count,
  });
}
