/**
 * Flags of training, in TF-Slim's spelling and with its defaults unless the help says otherwise.
 *
 * @module
 */
import { decayTypes } from "../training/learning_rate.ts";
import { optimizerNames } from "../training/optimizers.ts";
import { adapterFlags, datasetFlags, modelFlags, precisionFlag } from "./_model_flags.ts";

const run = { group: "Run" } as const;
const optimization = { group: "Optimization" } as const;
const schedule = { group: "Learning rate" } as const;
const fineTuning = { group: "Fine-tuning" } as const;

/** All flags of tools/train.ts. */
export const trainingFlags = {
  train_dir: {
    ...run,
    type: "path",
    help: "Directory for checkpoints and flags; without it runs/MODEL_NAME",
  },
  max_number_of_steps: {
    ...run,
    type: "int",
    min: 1,
    help: "Step to stop at; without it 300 for the sample, else none",
  },
  batch_size: { ...run, type: "int", default: 32, min: 1, help: "Images a step" },
  num_clones: { ...run, type: "int", default: 1, min: 1, help: "Copies of the net that share the batch" },
  seed: {
    ...run,
    type: "int",
    default: 1,
    help: "Decides initial values, order of the images, dropout, distortions",
  },
  log_every_n_steps: { ...run, type: "int", default: 10, min: 1, help: "Steps between two log lines" },
  save_interval_secs: { ...run, type: "int", default: 600, min: 1, help: "Seconds between two checkpoints" },
  eval_split_name: {
    ...run,
    type: "string",
    help: 'Split to evaluate at the end, "" for none; without it test for the sample',
  },
  ...modelFlags,
  train_image_size: {
    group: "Net",
    type: "int",
    min: 1,
    help: "Side of the images; without it the net's own",
  },
  dropout_keep_prob: {
    group: "Net",
    type: "float",
    max: 1,
    help: "Share of values that dropout keeps; without it the net's own",
  },
  ...datasetFlags,
  dataset_split_name: { group: "Data", type: "string", default: "train", help: "Split to train on" },
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
    help: "Factor of the weights' L2 loss",
  },
  label_smoothing: {
    ...optimization,
    type: "float",
    default: 0,
    min: 0,
    max: 1,
    help: "Share of the label spread over all classes",
  },
  momentum: { ...optimization, type: "float", default: 0.9, min: 0, help: "Of the momentum optimizer" },
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
  opt_epsilon: {
    ...optimization,
    type: "float",
    min: 0,
    help:
      "Added under the root; without it 1 for rmsprop and 1e-8 for adam, where TF-Slim's 1 would stop it from adapting",
  },
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
    help: "Epochs a stair, or until polynomial ends",
  },
  end_learning_rate: { ...schedule, type: "float", default: 0.0001, min: 0, help: "Where polynomial ends" },
  checkpoint_path: { ...fineTuning, type: "path", help: "Checkpoint, or directory of one, to start from" },
  checkpoint_exclude_scopes: { ...fineTuning, type: "list", help: "Scopes of variables not to take from it" },
  trainable_scopes: { ...fineTuning, type: "list", help: "Scopes of variables to train; without it all" },
  ignore_missing_vars: { ...fineTuning, type: "boolean", help: "Go on where the checkpoint lacks variables" },
  precision: precisionFlag,
  ...adapterFlags,
} as const;
