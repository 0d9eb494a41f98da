/**
 * Plans optimizer steps over the parameter arena: one launch a run of neighbouring variables, not one a variable.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import adadeltaCode from "./adadelta.wgsl" with { type: "text" };
import adagradCode from "./adagrad.wgsl" with { type: "text" };
import adamCode from "./adam.wgsl" with { type: "text" };
import ftrlCode from "./ftrl.wgsl" with { type: "text" };
import momentumCode from "./momentum.wgsl" with { type: "text" };
import movingAverageCode from "./moving_average.wgsl" with { type: "text" };
import rmspropCode from "./rmsprop.wgsl" with { type: "text" };
import sgdCode from "./sgd.wgsl" with { type: "text" };
import commonCode from "./update_common.wgsl" with { type: "text" };

/** An update rule: its kernel, and the slots that it keeps for each variable, in binding order. */
export interface UpdateRule {
  readonly kernel: Kernel;
  readonly slots: readonly UpdateSlot[];
  /** Whether it takes gradients, which can be scaled, clipped and joined by weight decay. */
  readonly takesGradients: boolean;
}

/** A value kept for each parameter: its suffix in checkpoints (TF's slot name) and the value it starts at. */
export interface UpdateSlot {
  readonly name: string;
  readonly initial: number;
}

/** A rule that takes gradients; `slots` are the names of its slots with the values that they start at. */
function rule(name: string, code: string, slots: Readonly<Record<string, number>> = {}): UpdateRule {
  return {
    kernel: defineKernel(name, commonCode + code),
    slots: Object.entries(slots).map(([name, initial]) => ({ name, initial })),
    takesGradients: true,
  };
}

/** Gradient descent. */
export const sgd: UpdateRule = rule("sgd", sgdCode);
/** Momentum (Polyak 1964), also Nesterov's. */
export const momentum: UpdateRule = rule("momentum", momentumCode, { Momentum: 0 });
/** RMSProp with momentum; the mean square starts at one, as in TF. */
export const rmsprop: UpdateRule = rule("rmsprop", rmspropCode, { RMSProp: 1, RMSProp_1: 0 });
/** Adam (Kingma and Ba 2015), also with decoupled weight decay (Loshchilov and Hutter 2019). */
export const adam: UpdateRule = rule("adam", adamCode, { Adam: 0, Adam_1: 0 });
/** Adagrad (Duchi et al. 2011); the accumulator starts at 0.1, as in TF. */
export const adagrad: UpdateRule = rule("adagrad", adagradCode, { Adagrad: 0.1 });
/** Adadelta (Zeiler 2012). */
export const adadelta: UpdateRule = rule("adadelta", adadeltaCode, { Adadelta: 0, Adadelta_1: 0 });
/** FTRL-Proximal (McMahan et al. 2013); the accumulator starts at 0.1, as in TF. */
export const ftrl: UpdateRule = rule("ftrl", ftrlCode, { Ftrl: 0.1, Ftrl_1: 0 });
/** Exponential moving average: the values are followed at `rate` = 1 - decay. */
export const movingAverage: UpdateRule = {
  kernel: defineKernel("moving_average", movingAverageCode),
  slots: [],
  takesGradients: false,
};

/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  sgd,
  momentum,
  rmsprop,
  adam,
  adagrad,
  adadelta,
  ftrl,
  movingAverage,
].map((r) => r.kernel);

/**
 * Emits one step over `count` elements (a multiple of 64) of the arenas, each bound from the same element on. Gradients count
 * `factor` times, [1]; where that is 0, nothing changes. `decays` has the weight decay of each 64 elements: it is added to
 * their gradients as many times as the parameters' values.
 */
export function applyUpdate<T>(
  e: Emitter<T>,
  rule: UpdateRule,
  count: number,
  options: Readonly<Record<string, number>>,
  b: { rate: T; factor: T; decays: T; values: T; parameters: T; slots: readonly T[] },
): void {
  const given = rule.takesGradients ? [b.rate, b.factor, b.decays, b.values] : [b.rate, b.values];
  e.emit({
    kernel: rule.kernel,
    params: { count4: count / 4, ...options },
    buffers: [...given, b.parameters, ...b.slots],
    writes: [b.parameters, ...b.slots].map((_, i) => given.length + i),
    workgroups: spread(Math.ceil(count / 1024)),
    work: 16 * count,
  });
}
