/**
 * Flags of training, in TF-Slim's spelling and with its defaults unless the help says otherwise.
 *
 * @module
 */
import { augmentationFlags } from "./_augmentation_flags.ts";
import { adapterFlags, datasetFlags, modelFlags, precisionFlag } from "./_model_flags.ts";
import { readingFlags } from "./_reading.ts";
import { learningRateFlags, optimizerFlags } from "./_optimizer_flags.ts";

const run = { group: "Run" } as const;
const checkpoints = { group: "Checkpoints and summaries" } as const;
const evaluation = { group: "Evaluation during training" } as const;
const fineTuning = { group: "Fine-tuning" } as const;

/** Flags of TF-Slim's script that mean nothing here. */
const retired = {
  master: {
    type: "retired",
    neutral: "",
    help: "there is one process and one device; --sync_replicas and --num_clones share a step among batches",
  },
  clone_on_cpu: {
    type: "retired",
    neutral: "false",
    help: "--adapter=system or embedded computes on the processor",
  },
  worker_replicas: {
    type: "retired",
    neutral: "1",
    help: "use --sync_replicas --replicas_to_aggregate=N for the gradients of N batches a step",
  },
  num_ps_tasks: { type: "retired", neutral: "0", help: "the variables are on the device" },
  task: { type: "retired", neutral: "0", help: "there is one process" },
  num_readers: { type: "retired", neutral: "4", help: "reading keeps ahead by itself" },
  num_preprocessing_threads: { type: "retired", neutral: "4", help: "the device preprocesses whole batches" },
  quantize_delay: { type: "retired", neutral: "-1", help: "there is no quantization yet" },
} as const;

/** All flags of tools/train.ts. */
export const trainingFlags = {
  train_dir: {
    ...run,
    type: "path",
    help: "Directory for checkpoints, summaries and flags; without it runs/MODEL_NAME",
  },
  max_number_of_steps: {
    ...run,
    type: "int",
    min: 1,
    help: "Step to stop at; without it 300 for the sample, else none",
  },
  batch_size: { ...run, type: "int", default: 32, min: 1, help: "Images a step" },
  num_clones: {
    ...run,
    type: "int",
    default: 1,
    min: 1,
    help:
      "Copies of the net that share the batch, one after another: so many times less memory for activations",
  },
  seed: {
    ...run,
    type: "int",
    default: 1,
    help: "Decides initial values, order of the images, dropout, distortions",
  },
  log_every_n_steps: { ...run, type: "int", default: 10, min: 1, help: "Steps between two log lines" },
  save_interval_secs: {
    ...checkpoints,
    type: "int",
    default: 600,
    min: 1,
    help: "Seconds between two checkpoints",
  },
  save_summaries_secs: {
    ...checkpoints,
    type: "int",
    default: 600,
    min: 0,
    help: "Seconds between two summaries of activations and variables; 0 for none",
  },
  max_to_keep: { ...checkpoints, type: "int", default: 5, min: 0, help: "Checkpoints to keep; 0 for all" },
  keep_checkpoint_every_n_hours: {
    ...checkpoints,
    type: "float",
    default: 10000,
    min: 0,
    help: "Besides, keep one checkpoint of every so many hours",
  },
  eval_split_name: {
    ...evaluation,
    type: "string",
    help:
      'Split to evaluate, "" for none; without it test or validation, where the sample or --eval_every_steps calls for it',
  },
  eval_every_steps: {
    ...evaluation,
    type: "int",
    min: 1,
    help: "Steps between two evaluations, which keep the best checkpoint; without it only at the end",
  },
  early_stopping_patience: {
    ...evaluation,
    type: "int",
    min: 1,
    help: "Stop after so many evaluations without a better accuracy",
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
  ...augmentationFlags,
  ...datasetFlags,
  ...readingFlags,
  dataset_split_name: { group: "Data", type: "string", default: "train", help: "Split to train on" },
  ...optimizerFlags,
  ...learningRateFlags,
  checkpoint_path: {
    ...fineTuning,
    type: "path",
    help: "Checkpoint, or directory of one, to start from while TRAIN_DIR has none",
  },
  checkpoint_exclude_scopes: { ...fineTuning, type: "list", help: "Scopes of variables not to take from it" },
  trainable_scopes: { ...fineTuning, type: "list", help: "Scopes of variables to train; without it all" },
  ignore_missing_vars: { ...fineTuning, type: "boolean", help: "Go on where the checkpoint lacks variables" },
  freeze_batch_norm: {
    ...fineTuning,
    type: "boolean",
    help:
      "Batch normalization outside of --trainable_scopes uses and keeps its moving statistics; best for small data",
  },
  precision: precisionFlag,
  ...adapterFlags,
  ...retired,
} as const;
