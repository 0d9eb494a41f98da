/**
 * Optimizers, by TF-Slim's names and with its flags.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  adadelta,
  adagrad,
  adam,
  ftrl,
  momentum,
  rmsprop,
  sgd,
  type UpdateRule,
} from "../kernels/optimizers.ts";

/** An optimizer with its constants. */
export interface Optimizer {
  readonly rule: UpdateRule;
  /** Constants of the rule's kernel. */
  readonly options: Readonly<Record<string, number>>;
  /** The number that the kernel takes as its rate at a step, counted from 0. */
  rate(learningRate: number, step: number): number;
  /** Values that TF keeps beside the slots, as they are after `step` steps. */
  scalars(step: number): Readonly<Record<string, number>>;
}

/** TF-Slim's flags for optimizers, and two more. */
export interface OptimizerFlags {
  readonly optimizer: string;
  /** Of "momentum" alone. @default {0.9} */
  readonly momentum?: number;
  /** Nesterov's momentum, of "momentum" alone. @default {false} */
  readonly use_nesterov?: boolean;
  /** @default {0.9} */
  readonly rmsprop_momentum?: number;
  /** @default {0.9} */
  readonly rmsprop_decay?: number;
  /** Of "adam" and "adamw". @default {0.9} */
  readonly adam_beta1?: number;
  /** Of "adam" and "adamw". @default {0.999} */
  readonly adam_beta2?: number;
  /** @default {0.95} */
  readonly adadelta_rho?: number;
  /** @default {0.1} */
  readonly adagrad_initial_accumulator_value?: number;
  /** At most 0. @default {-0.5} */
  readonly ftrl_learning_rate_power?: number;
  /** @default {0.1} */
  readonly ftrl_initial_accumulator_value?: number;
  /** @default {0} */
  readonly ftrl_l1?: number;
  /** @default {0} */
  readonly ftrl_l2?: number;
  /**
   * Left out: 1.0 for rmsprop, as in TF-Slim; 1e-8 for adam and adamw and 1e-6 for adadelta, where TF-Slim's 1.0 would stop
   * them from adapting.
   */
  readonly opt_epsilon?: number;
}

const plain = { rate: (learningRate: number) => learningRate, scalars: () => ({}) };

function adamOf(flags: OptimizerFlags, decoupled: 0 | 1): Optimizer {
  const { adam_beta1: beta1 = 0.9, adam_beta2: beta2 = 0.999, opt_epsilon = 1e-8 } = flags;
  const power1 = powers(beta1), power2 = powers(beta2), f = Math.fround;
  return {
    rule: adam,
    options: { beta1, beta2, epsilon: opt_epsilon, decoupled },
    rate: (learningRate, step) =>
      f(f(learningRate * f(Math.sqrt(f(1 - power2(step + 1))))) / f(1 - power1(step + 1))),
    scalars: (step) => ({ beta1_power: power1(step + 1), beta2_power: power2(step + 1) }),
  };
}

/** The rule with another value for its first slot to start at. */
function startingAt(rule: UpdateRule, initial: number): UpdateRule {
  const [first, ...rest] = rule.slots;
  return { ...rule, slots: [{ ...first, initial }, ...rest] };
}

const OPTIMIZERS: Readonly<Record<string, (flags: OptimizerFlags) => Optimizer>> = {
  adadelta: ({ adadelta_rho: rho = 0.95, opt_epsilon = 1e-6 }) => ({
    ...plain,
    rule: adadelta,
    options: { rho, epsilon: opt_epsilon },
  }),
  adagrad: ({ adagrad_initial_accumulator_value = 0.1 }) => ({
    ...plain,
    rule: startingAt(adagrad, adagrad_initial_accumulator_value),
    options: {},
  }),
  adam: (flags) => adamOf(flags, 0),
  adamw: (flags) => adamOf(flags, 1),
  ftrl: (flags) => {
    const { ftrl_learning_rate_power: power = -0.5, ftrl_initial_accumulator_value = 0.1 } = flags;
    return {
      ...plain,
      rule: startingAt(ftrl, ftrl_initial_accumulator_value),
      options: { power, l1: flags.ftrl_l1 ?? 0, l2: flags.ftrl_l2 ?? 0 },
    };
  },
  momentum: ({ momentum: m = 0.9, use_nesterov = false }) => ({
    ...plain,
    rule: momentum,
    options: { momentum: m, nesterov: use_nesterov ? 1 : 0 },
  }),
  sgd: () => ({ ...plain, rule: sgd, options: {} }),
  rmsprop: ({ rmsprop_momentum = 0.9, rmsprop_decay = 0.9, opt_epsilon = 1 }) => ({
    ...plain,
    rule: rmsprop,
    options: { momentum: rmsprop_momentum, decay: rmsprop_decay, epsilon: opt_epsilon },
  }),
};

/** base^n in float32, multiplied up as TF does: with a base near 1 its rounding shows in the steps. */
function powers(base: number): (n: number) => number {
  let last = 0, value = 1;
  return (n) => {
    if (n < last) [last, value] = [0, 1];
    for (; last < n; last++) value = Math.fround(value * Math.fround(base));
    return value;
  };
}

/** Names that {@linkcode configureOptimizer} knows. */
export const optimizerNames: readonly string[] = Object.keys(OPTIMIZERS);

/** The optimizer that the flags describe; throws a RangeError that lists the known names. */
export function configureOptimizer(flags: OptimizerFlags): Optimizer {
  const make = Object.hasOwn(OPTIMIZERS, flags.optimizer) ? OPTIMIZERS[flags.optimizer] : undefined;
  if (!make) {
    throw new RangeError(
      `Cannot find optimizer ${flags.optimizer}: the known ones are ${optimizerNames.join(", ")}`,
    );
  }
  return make(flags);
}
