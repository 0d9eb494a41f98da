/**
 * Learning-rate schedules, by TF-Slim's names and with its flags, in float32 as TF computes them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** TF-Slim's flags for the learning rate, and one more. */
export interface LearningRateFlags {
  /** One of {@linkcode decayTypes}. @default {"exponential"} */
  readonly learning_rate_decay_type?: string;
  /** At step 0. @default {0.01} */
  readonly learning_rate?: number;
  /** Where "polynomial" and "cosine" end. @default {0.0001} */
  readonly end_learning_rate?: number;
  /** Factor of each stair of "exponential". @default {0.94} */
  readonly learning_rate_decay_factor?: number;
  /** Epochs a stair of "exponential", or the whole of "polynomial" and "cosine". @default {2} */
  readonly num_epochs_per_decay?: number;
  /** Whether a step is made of the gradients of `replicas_to_aggregate` batches: epochs then pass in fewer steps. */
  readonly sync_replicas?: boolean;
  /** @default {1} */
  readonly replicas_to_aggregate?: number;
  /** Steps over which the rate rises in a straight line to that of the schedule. @default {0} */
  readonly warmup_steps?: number;
}

/** The learning rate at a step, counted from 0. */
export type LearningRate = (step: number) => number;

const f = Math.fround;

/** step / steps as TF's graphs compute it: times the reciprocal, which decides where a stair of uneven length ends. */
const share = (step: number, steps: number) => f(f(step) * f(1 / f(steps)));

/** Each schedule from its rate at step 0, the steps of a decay, and the flags. */
const DECAYS: Readonly<
  Record<string, (rate: number, steps: number, flags: LearningRateFlags) => LearningRate>
> = {
  fixed: (rate) => () => rate,
  /** A staircase, as `tf.train.exponential_decay(staircase=True)`. */
  exponential: (rate, steps, { learning_rate_decay_factor = 0.94 }) => (step) =>
    f(rate * f(f(learning_rate_decay_factor) ** Math.floor(share(step, steps)))),
  /** A straight line, as `tf.train.polynomial_decay(power=1.0, cycle=False)`. */
  polynomial: (rate, steps, { end_learning_rate = 0.0001 }) => (step) => {
    const end = f(end_learning_rate);
    return f(f(f(rate - end) * f(1 - share(Math.min(step, steps), steps))) + end);
  },
  /** Half a cosine (Loshchilov and Hutter 2017, without restarts). */
  cosine: (rate, steps, { end_learning_rate: end = 0.0001 }) => (step) =>
    f(end + (rate - end) * (1 + Math.cos(Math.PI * Math.min(step, steps) / steps)) / 2),
};

/** Names that {@linkcode configureLearningRate} knows. */
export const decayTypes: readonly string[] = Object.keys(DECAYS);

/**
 * The learning rate as a function of the step.
 *
 * @param numSamples images in an epoch
 * @param batchSize images in a step
 * @throws {RangeError} for an unknown type, or where a decay would take less than one step
 */
export function configureLearningRate(
  flags: LearningRateFlags,
  numSamples: number,
  batchSize: number,
): LearningRate {
  const type = flags.learning_rate_decay_type ?? "exponential", epochs = flags.num_epochs_per_decay ?? 2;
  const decay = Object.hasOwn(DECAYS, type) ? DECAYS[type] : undefined;
  if (!decay) {
    throw new RangeError(
      `Cannot use learning_rate_decay_type ${type}: the known ones are ${decayTypes.join(", ")}`,
    );
  }
  const whole = Math.trunc(numSamples * epochs / batchSize);
  const steps = flags.sync_replicas ? whole / (flags.replicas_to_aggregate ?? 1) : whole;
  if (type !== "fixed" && !(whole >= 1)) {
    throw new RangeError(
      `Cannot decay the learning rate over ${whole} steps: ${numSamples} samples in batches of ${batchSize} at ` +
        `num_epochs_per_decay ${epochs}; raise num_epochs_per_decay or use "fixed"`,
    );
  }
  const scheduled = decay(f(flags.learning_rate ?? 0.01), steps, flags), { warmup_steps: warmup = 0 } = flags;
  return warmup > 0 ? (step) => f(scheduled(step) * Math.min(1, (step + 1) / warmup)) : scheduled;
}
