/**
 * Plans dynamic loss scaling: gradients in float16 vanish below 6e-8, so that the loss is multiplied by a factor as large as
 * they bear.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import findCode from "./find_non_finite.wgsl" with { type: "text" };
import scaleCode from "./scale_loss.wgsl" with { type: "text" };

const findKernel = defineKernel("find_non_finite", findCode);
const scaleKernel = defineKernel("scale_loss", scaleCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [findKernel, scaleKernel];

/** Invocations that look through one range, at most. */
const MOST = 4096;
/** Steps in a row without an infinite gradient before the factor doubles; and its bound, so that it stays a float32 power of two. */
const INTERVAL = 2000, LARGEST = 2 ** 24;

/** What loss scaling keeps from step to step, and what it tells the updates. */
export interface LossScaleBuffers<T> {
  /** The factor of the loss, [1]. */
  readonly scale: T;
  /** Steps since it changed, [1]. */
  readonly goodSteps: T;
  /** What updates multiply gradients by: 1 / scale, or 0 where the step is to be left out; [1]. */
  readonly unscale: T;
}

/** Emits the search for what is not finite among gradients, each `count` elements (a multiple of 4), and adapts the factor. */
export function scaleLoss<T>(
  e: Emitter<T>,
  gradients: readonly { readonly values: T; readonly count: number }[],
  b: LossScaleBuffers<T>,
): void {
  const each = gradients.map(({ count }) => Math.min(MOST, Math.ceil(count / 4)));
  const total = each.reduce((a, b) => a + b, 0), found = e.scratch(total);
  let first = 0;
  gradients.forEach(({ values, count }, i) => {
    e.emit({
      kernel: findKernel,
      params: { count4: count / 4, first, invocations: each[i] },
      buffers: [values, found],
      writes: [1],
      workgroups: spread(Math.ceil(each[i] / 64)),
      work: count,
    });
    first += each[i];
  });
  e.emit({
    kernel: scaleKernel,
    params: { count: total, interval: INTERVAL, most: LARGEST },
    buffers: [found, b.scale, b.goodSteps, b.unscale],
    writes: [1, 2, 3],
    workgroups: [1, 1, 1],
    work: total,
  });
}
