/**
 * Plans what gradients are multiplied by before an update: dynamic loss scaling, because gradients in float16 vanish below
 * 6e-8, and clipping by the global norm.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import inspectCode from "./inspect_gradients.wgsl" with { type: "text" };
import factorCode from "./gradient_factor.wgsl" with { type: "text" };

const inspectKernel = defineKernel("inspect_gradients", inspectCode);
const factorKernel = defineKernel("gradient_factor", factorCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [inspectKernel, factorKernel];

/** Workgroups that look through one range, at most, and the least vec4 that one looks through, a multiple of its lanes. */
const MOST = 64, STRETCH = 1024;
/** Steps in a row without an infinite gradient before the scale doubles, and its bound. */
const INTERVAL = 2000, LARGEST = 2 ** 24;

/** Variables of dynamic loss scaling, both of one element. */
export interface LossScale<T> {
  /** The factor of the loss. */
  readonly scale: T;
  /** Steps since it changed. */
  readonly goodSteps: T;
}

/** How gradients are changed. A step with one that is not finite is left out. */
export interface GradientTreatment<T> {
  /** The step, uint32 [1], and where the number of the first step is kept that was left out, counted from 1; [1]. */
  readonly watch: { readonly step: T; readonly firstBad: T };
  /** Left out: the loss is not scaled. */
  readonly lossScale?: LossScale<T>;
  /** The largest norm of all gradients together; left out: any. */
  readonly clipNorm?: number;
}

/**
 * Emits `factor`, [1]: what the gradients are to be multiplied by, 0 where the step is to be left out. Each of the gradients has
 * `count` elements, a multiple of 4.
 */
export function gradientFactor<T>(
  e: Emitter<T>,
  gradients: readonly { readonly values: T; readonly count: number }[],
  { watch, lossScale, clipNorm = 0 }: GradientTreatment<T>,
  factor: T,
): void {
  const parts = gradients.map(({ count }) => {
    const stretch = STRETCH * Math.ceil(count / 4 / STRETCH / MOST),
      workgroups = Math.ceil(count / 4 / stretch);
    return { stretch, workgroups };
  });
  const total = 64 * parts.reduce((sum, { workgroups }) => sum + workgroups, 0), found = e.scratch(2 * total);
  let first = 0;
  gradients.forEach(({ values, count }, i) => {
    const { stretch, workgroups } = parts[i];
    e.emit({
      kernel: inspectKernel,
      params: { count4: count / 4, first, stretch },
      buffers: [values, found],
      writes: [1],
      workgroups: spread(workgroups),
      work: 2 * count,
    });
    first += 64 * workgroups;
  });
  const { scale, goodSteps } = lossScale ?? { scale: e.scratch(1), goodSteps: e.scratch(1) };
  e.emit({
    kernel: factorKernel,
    params: { count: total, isScaled: lossScale ? 1 : 0, interval: INTERVAL, most: LARGEST, clip: clipNorm },
    buffers: [found, scale, goodSteps, factor, watch.step, watch.firstBad],
    writes: [1, 2, 3, 5],
    workgroups: [1, 1, 1],
    work: total,
  });
}
