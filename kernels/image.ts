/**
 * Plans the pixel work of preprocessing.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, sizeOf, spread } from "./kernel.ts";
import philox from "../random/philox.wgsl" with { type: "text" };
import contrastCode from "./image_contrast.wgsl" with { type: "text" };
import momentsCode from "./image_moments.wgsl" with { type: "text" };
import standardizationCode from "./image_standardization.wgsl" with { type: "text" };
import windowCode from "./image_window.wgsl" with { type: "text" };

type Pair = readonly [number, number];
/** [images, height, width, channels] */
export type ImageShape = readonly [number, number, number, number];

/** See image_window.wgsl. */
export interface ImageWindow {
  readonly corner: Pair;
  /** Number of offsets to choose from at random, for each axis; 1: none. */
  readonly range: Pair;
  readonly mirror: boolean;
  readonly seed: number;
  readonly scale: number;
  readonly shift: number;
}

const windowKernel: Kernel = defineKernel("image_window", philox + windowCode);
const momentsKernel: Kernel = defineKernel("image_moments", momentsCode);
const contrastKernel: Kernel = defineKernel("image_contrast", philox + contrastCode);
const standardizationKernel: Kernel = defineKernel("image_standardization", standardizationCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  windowKernel,
  momentsKernel,
  contrastKernel,
  standardizationKernel,
];

/** Emits y (float, `out`) from x (bytes, `shape`); `step` [1] (uint32). */
export function imageWindow<T>(
  e: Emitter<T>,
  shape: ImageShape,
  out: ImageShape,
  w: ImageWindow,
  b: { x: T; step: T; y: T },
): void {
  const count = sizeOf(out);
  e.emit({
    kernel: windowKernel,
    params: {
      ...w,
      size: shape.slice(1, 3),
      out: out.slice(1, 3),
      channels: shape[3],
      count,
      mirror: w.mirror ? 1 : 0,
    },
    buffers: [b.x, b.step, b.y],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 20 * count,
  });
}

/** Emits mean and variance of each channel of each image, [n, channels, 2]. */
export function imageMoments<T>(
  e: Emitter<T>,
  [images, h, w, channels]: ImageShape,
  b: { x: T; moments: T },
): void {
  e.emit({
    kernel: momentsKernel,
    params: { images, pixels: h * w, channels },
    buffers: [b.x, b.moments],
    writes: [1],
    workgroups: spread(Math.ceil(images * channels / 64)),
    work: 4 * images * h * w * channels,
  });
}

/** Emits x with a random contrast in [lower, upper) for each image. */
export function imageContrast<T>(
  e: Emitter<T>,
  [images, h, w, channels]: ImageShape,
  o: { lower: number; upper: number; seed: number },
  b: { x: T; moments: T; step: T; y: T },
): void {
  const count = images * h * w * channels;
  e.emit({
    kernel: contrastKernel,
    params: { count, pixels: h * w, channels, ...o },
    buffers: [b.x, b.moments, b.step, b.y],
    writes: [3],
    workgroups: spread(Math.ceil(count / 64)),
    work: 20 * count,
  });
}

/** Emits each image with mean 0 and deviation 1. */
export function imageStandardization<T>(
  e: Emitter<T>,
  [images, h, w, channels]: ImageShape,
  b: { x: T; moments: T; y: T },
): void {
  const count = images * h * w * channels;
  e.emit({
    kernel: standardizationKernel,
    params: { count, pixels: h * w, channels },
    buffers: [b.x, b.moments, b.y],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 10 * count,
  });
}
