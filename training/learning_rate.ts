/**
 * Learning-rate schedules, by TF-Slim's names and with its flags, in float32 as TF computes them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** TF-Slim's flags for the learning rate. */
export interface LearningRateFlags {
  /** "fixed", "exponential" (a staircase) or "polynomial" (power 1, a straight line). @default {"exponential"} */
  readonly learning_rate_decay_type?: string;
  /** At step 0. @default {0.01} */
  readonly learning_rate?: number;
  /** Where "polynomial" ends. @default {0.0001} */
  readonly end_learning_rate?: number;
  /** Factor of each stair of "exponential". @default {0.94} */
  readonly learning_rate_decay_factor?: number;
  /** Epochs a stair of "exponential", or the whole of "polynomial". @default {2} */
  readonly num_epochs_per_decay?: number;
}

/** Names that {@linkcode configureLearningRate} knows. */
export const decayTypes = ["fixed", "exponential", "polynomial"] as const;

/**
 * The learning rate as a function of the step, counted from 0.
 *
 * @param numSamples images in an epoch
 * @param batchSize images in a step
 * @throws {RangeError} for an unknown type, or where a decay would take less than one step
 */
export function configureLearningRate(
  flags: LearningRateFlags,
  numSamples: number,
  batchSize: number,
): (step: number) => number {
  const type = flags.learning_rate_decay_type ?? "exponential", f = Math.fround;
  const rate = f(flags.learning_rate ?? 0.01), end = f(flags.end_learning_rate ?? 0.0001);
  if (type === "fixed") return () => rate;
  const decaySteps = Math.trunc(numSamples * (flags.num_epochs_per_decay ?? 2) / batchSize);
  if (!(decaySteps >= 1)) {
    throw new RangeError(
      `Cannot decay the learning rate over ${decaySteps} steps: ${numSamples} samples in batches of ${batchSize} at ` +
        `num_epochs_per_decay ${flags.num_epochs_per_decay ?? 2}; raise num_epochs_per_decay or use "fixed"`,
    );
  }
  if (type === "exponential") {
    const factor = f(flags.learning_rate_decay_factor ?? 0.94);
    return (step) => f(rate * f(factor ** Math.floor(f(f(step) / f(decaySteps)))));
  }
  if (type === "polynomial") {
    return (step) => f(f(f(rate - end) * f(1 - f(f(Math.min(step, decaySteps)) / f(decaySteps)))) + end);
  }
  throw new RangeError(
    `Cannot use learning_rate_decay_type ${type}: the known ones are ${decayTypes.join(", ")}`,
  );
}
