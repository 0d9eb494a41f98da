/**
 * Moving averages: those of batch normalization, and the shadows of all variables, as updates of a training program.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { movingAverage } from "../kernels/optimizers.ts";
import type { MovingAverage } from "../layers/scope.ts";
import type { Update } from "../tape/updates.ts";
import type { Tape } from "../tape/tape.ts";

/** The slot of a variable's moving average: its suffix in checkpoints, as TF spells it. */
export const SHADOWS = "ExponentialMovingAverage";

/** One update for each decay among the averages (nets have one), as slim's `UPDATE_OPS`. */
export function movingAverageUpdates(tape: Tape, averages: readonly MovingAverage[]): Update[] {
  return [...Map.groupBy(averages, ({ decay }) => decay)].map(([decay, group]) => ({
    rule: movingAverage,
    options: {},
    rate: tape.constant(Float32Array.of(1 - decay), [1]),
    values: new Map(group.map(({ variable, value }) => [variable, value])),
  }));
}

/**
 * How far shadows move towards the variables at a step, counted from 0: 1 - min(decay, (1 + step) / (10 + step)), as
 * `tf.train.ExponentialMovingAverage` with `num_updates`, which lets them follow faster at first.
 */
export function shadowRate(decay: number, step: number): number {
  const f = Math.fround;
  return f(1 - Math.min(f(decay), f(f(1 + step) / f(10 + step))));
}
