/**
 * Plans the operations of RandAugment.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { type ImageShape, type Mapping, mappingParams } from "./image.ts";
import { defineKernel, defineStruct, type Kernel, type ParamValues, spread } from "./kernel.ts";
import common from "./distort_common.wgsl" with { type: "text" };
import code from "./distort.wgsl" with { type: "text" };
import tablesCode from "./distort_tables.wgsl" with { type: "text" };

const tablesKernel: Kernel = defineKernel("distort_tables", common + tablesCode);
const distortKernel: Kernel = defineKernel("distort", common + code);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [tablesKernel, distortKernel];

const distortion = defineStruct("distort", common, "Distortion");
/** Words of an operation's record. */
export const DISTORTION_WORDS: number = distortion.paramsSize / 4;

/** An operation's record: values of the fields of distort_common.wgsl's `Distortion`. */
export function packDistortion(values: ParamValues): Uint32Array {
  return new Uint32Array(distortion.pack(values));
}

/** Which of the operations of each image. */
export interface Turn {
  readonly turn: number;
  /** Operations of each image. */
  readonly turns: number;
}

/** Emits y, one operation on each image of x, mapped; `tables` [images, channels, 256] are scratch. */
export function distort<T>(
  e: Emitter<T>,
  [images, height, width, channels]: ImageShape,
  { turn, turns, ...mapping }: Turn & Mapping,
  b: { x: T; distortions: T; y: T },
): void {
  const pixels = height * width, count = images * pixels, tables = e.scratch(256 * images * channels);
  e.emit({
    kernel: tablesKernel,
    params: { images, pixels, channels, turn, turns },
    buffers: [b.x, b.distortions, tables],
    writes: [2],
    workgroups: spread(images),
    work: 20 * count,
  });
  e.emit({
    kernel: distortKernel,
    params: { count, size: [height, width], channels, turn, turns, ...mappingParams(mapping) },
    buffers: [b.x, b.distortions, tables, b.y],
    writes: [3],
    workgroups: spread(Math.ceil(count / 64)),
    work: 100 * count,
  });
}
