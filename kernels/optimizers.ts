/**
 * Plans optimizer steps over the parameter arena: one launch a run of neighbouring variables, not one a variable.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import adamCode from "./adam.wgsl" with { type: "text" };
import momentumCode from "./momentum.wgsl" with { type: "text" };
import movingAverageCode from "./moving_average.wgsl" with { type: "text" };
import rmspropCode from "./rmsprop.wgsl" with { type: "text" };
import sgdCode from "./sgd.wgsl" with { type: "text" };

/** An update rule: its kernel, and the slots that it keeps for each variable, in binding order. */
export interface UpdateRule {
  readonly kernel: Kernel;
  readonly slots: readonly UpdateSlot[];
  /** Whether it takes gradients, which a scaled loss magnifies. */
  readonly takesGradients: boolean;
}

/** A value kept for each parameter: its suffix in checkpoints (TF's slot name) and the value it starts at. */
export interface UpdateSlot {
  readonly name: string;
  readonly initial: number;
}

/** Gradient descent. */
export const sgd: UpdateRule = { kernel: defineKernel("sgd", sgdCode), slots: [], takesGradients: true };
/** Momentum (Polyak 1964). */
export const momentum: UpdateRule = {
  kernel: defineKernel("momentum", momentumCode),
  slots: [{ name: "Momentum", initial: 0 }],
  takesGradients: true,
};
/** RMSProp with momentum; the mean square starts at one, as in TF. */
export const rmsprop: UpdateRule = {
  kernel: defineKernel("rmsprop", rmspropCode),
  slots: [{ name: "RMSProp", initial: 1 }, { name: "RMSProp_1", initial: 0 }],
  takesGradients: true,
};
/** Adam (Kingma and Ba 2015). */
export const adam: UpdateRule = {
  kernel: defineKernel("adam", adamCode),
  slots: [{ name: "Adam", initial: 0 }, { name: "Adam_1", initial: 0 }],
  takesGradients: true,
};
/** Exponential moving average: the values are followed at `rate` = 1 - decay. */
export const movingAverage: UpdateRule = {
  kernel: defineKernel("moving_average", movingAverageCode),
  slots: [],
  takesGradients: false,
};

/** The kernels of this file. */
export const kernels: readonly Kernel[] = [sgd, momentum, rmsprop, adam, movingAverage].map((r) => r.kernel);

/**
 * Emits one step over `count` elements (a multiple of 64) of the arenas, each bound from the same element on. Gradients count
 * `unscale` times, [1]; where that is 0, nothing changes. `decays` has the weight decay of each 64 elements: it is added to
 * their gradients as many times as the parameters' values.
 */
export function applyUpdate<T>(
  e: Emitter<T>,
  rule: UpdateRule,
  count: number,
  options: Readonly<Record<string, number>>,
  b: { rate: T; unscale: T; decays: T; values: T; parameters: T; slots: readonly T[] },
): void {
  const given = rule.takesGradients ? [b.rate, b.unscale, b.decays, b.values] : [b.rate, b.values];
  e.emit({
    kernel: rule.kernel,
    params: { count4: count / 4, ...options },
    buffers: [...given, b.parameters, ...b.slots],
    writes: [b.parameters, ...b.slots].map((_, i) => given.length + i),
    workgroups: spread(Math.ceil(count / 1024)),
    work: 16 * count,
  });
}
