/**
 * Flags of the optimizer and of the learning rate, in TF-Slim's spelling and with its defaults unless the help says otherwise.
 *
 * @module
 */
import { decayTypes } from "../training/learning_rate.ts";
import { optimizerNames } from "../training/optimizers.ts";

const optimization = { group: "Optimization" } as const;
const schedule = { group: "Learning rate" } as const;

/** What an update does. */
export const optimizerFlags = {
  optimizer: {
    ...optimization,
    type: "choice",
    choices: optimizerNames,
    default: "rmsprop",
    help: "Update rule",
  },
  weight_decay: {
    ...optimization,
    type: "float",
    default: 0.00004,
    min: 0,
    help: "Factor of the weights' L2 loss; of adamw, decoupled from the gradients",
  },
  label_smoothing: {
    ...optimization,
    type: "float",
    default: 0,
    min: 0,
    max: 1,
    help: "Share of the label spread over all classes",
  },
  clip_gradient_norm: {
    ...optimization,
    type: "float",
    min: 0,
    help: "Largest norm of all gradients together, weight decay aside; without it any",
  },
  moving_average_decay: {
    ...optimization,
    type: "float",
    min: 0,
    max: 1,
    help: "Decay of the variables' moving averages, which evaluation then reads; without it there are none",
  },
  opt_epsilon: {
    ...optimization,
    type: "float",
    min: 0,
    help:
      "Added to what is divided by; without it 1 for rmsprop, 1e-8 for adam and adamw and 1e-6 for adadelta, where " +
      "TF-Slim's 1 would stop them from adapting",
  },
  momentum: { ...optimization, type: "float", default: 0.9, min: 0, help: "Of the momentum optimizer" },
  use_nesterov: { ...optimization, type: "boolean", help: "Nesterov's momentum, of the momentum optimizer" },
  rmsprop_momentum: { ...optimization, type: "float", default: 0.9, min: 0, help: "Momentum of rmsprop" },
  rmsprop_decay: {
    ...optimization,
    type: "float",
    default: 0.9,
    min: 0,
    max: 1,
    help: "Decay of rmsprop's mean square",
  },
  adam_beta1: { ...optimization, type: "float", default: 0.9, min: 0, max: 1, help: "Decay of adam's mean" },
  adam_beta2: {
    ...optimization,
    type: "float",
    default: 0.999,
    min: 0,
    max: 1,
    help: "Decay of adam's mean square",
  },
  adadelta_rho: {
    ...optimization,
    type: "float",
    default: 0.95,
    min: 0,
    max: 1,
    help: "Decay of adadelta's mean squares",
  },
  adagrad_initial_accumulator_value: {
    ...optimization,
    type: "float",
    default: 0.1,
    min: 0,
    help: "Where adagrad's sums of squares start",
  },
  ftrl_learning_rate_power: {
    ...optimization,
    type: "float",
    default: -0.5,
    max: 0,
    help: "Power of ftrl's learning rate",
  },
  ftrl_initial_accumulator_value: {
    ...optimization,
    type: "float",
    default: 0.1,
    min: 0,
    help: "Where ftrl's sums of squares start",
  },
  ftrl_l1: { ...optimization, type: "float", default: 0, min: 0, help: "L1 regularization of ftrl" },
  ftrl_l2: { ...optimization, type: "float", default: 0, min: 0, help: "L2 regularization of ftrl" },
} as const;

/** How fast it learns. */
export const learningRateFlags = {
  learning_rate: { ...schedule, type: "float", default: 0.01, min: 0, help: "At step 0" },
  learning_rate_decay_type: {
    ...schedule,
    type: "choice",
    choices: decayTypes,
    default: "exponential",
    help: "Schedule",
  },
  learning_rate_decay_factor: {
    ...schedule,
    type: "float",
    default: 0.94,
    min: 0,
    help: "Of each stair of exponential",
  },
  num_epochs_per_decay: {
    ...schedule,
    type: "float",
    default: 2,
    min: 0,
    help: "Epochs a stair, or until polynomial and cosine end",
  },
  end_learning_rate: {
    ...schedule,
    type: "float",
    default: 0.0001,
    min: 0,
    help: "Where polynomial and cosine end",
  },
  warmup_steps: {
    ...schedule,
    type: "int",
    default: 0,
    min: 0,
    help: "Steps over which the rate rises to that of the schedule",
  },
  sync_replicas: {
    ...schedule,
    type: "boolean",
    help:
      "Let each step take the gradients of --replicas_to_aggregate batches, one after another on this device",
  },
  replicas_to_aggregate: {
    ...schedule,
    type: "int",
    default: 1,
    min: 1,
    help: "Batches a step with --sync_replicas",
  },
} as const;
