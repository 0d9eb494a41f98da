/**
 * The variables of dynamic loss scaling, under the names that Keras gives them in checkpoints.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { LossScale } from "../kernels/gradient_factor.ts";
import type { Tape, Value } from "../tape/tape.ts";

const SCOPE = "loss_scale/";
/** The factor at first; within a few steps it is half of what overflows. */
const INITIAL = 2 ** 15;

/** Records the variables. */
export function lossScaleOf(tape: Tape): LossScale<Value> {
  const variable = (name: string, value: number) =>
    tape.variable(SCOPE + name, [], { trainable: false, initialize: () => Float32Array.of(value) });
  return { scale: variable("current_loss_scale", INITIAL), goodSteps: variable("good_steps", 0) };
}

/** Whether a variable is none of the net's, but one of loss scaling: other checkpoints lack it, and nobody misses it there. */
export function isOfLossScale(name: string): boolean {
  return name.startsWith(SCOPE);
}
