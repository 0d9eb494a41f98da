/**
 * What training's flags say of the net and of its training, checked before a device is opened.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import { latestCheckpoint } from "../formats/checkpoint/checkpoint_state.ts";
import { denoFiles } from "../host/files.ts";
import { Tape } from "../tape/tape.ts";
import { recordClassifier } from "../training/classifier.ts";
import { inScopes } from "../training/fine_tuning.ts";
import { configureLearningRate } from "../training/learning_rate.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import type { TrainerOptions } from "../training/trainer.ts";
import { augmentationOf } from "./_augmentation_flags.ts";
import { UsageError } from "./_flags.ts";
import { labelsOffsetOf } from "./_model_flags.ts";
import { openCheckpoint } from "./_restore.ts";
import type { TrainingValues } from "./_training_values.ts";

/** What the flags say about the net, for training and evaluation alike. */
export function classifierOptions(values: TrainingValues, dataset: Dataset) {
  const labelsOffset = labelsOffsetOf(values, dataset);
  return {
    modelName: values.model_name,
    preprocessingName: values.preprocessing_name,
    useGrayscale: values.use_grayscale,
    numClasses: dataset.numClasses - labelsOffset,
    imageSize: values.train_image_size,
    precision: values.precision,
    labelsOffset,
  };
}

/** What a trainer takes. @throws {RangeError} where the schedule has no steps */
export function trainerOptions(values: TrainingValues, dataset: Dataset): TrainerOptions {
  const scopes = values.trainable_scopes, replicas = values.sync_replicas ? values.replicas_to_aggregate : 1;
  return {
    ...classifierOptions(values, dataset),
    fastMode: values.fast_mode,
    augmentation: augmentationOf(values),
    batchSize: values.batch_size * replicas,
    numClones: values.num_clones * replicas,
    weightDecay: values.weight_decay,
    dropoutKeepProb: values.dropout_keep_prob,
    labelSmoothing: values.label_smoothing,
    seed: values.seed,
    optimizer: configureOptimizer(values),
    clipNorm: values.clip_gradient_norm,
    movingAverageDecay: values.moving_average_decay,
    learningRate: configureLearningRate(values, dataset.numSamples, values.batch_size),
    trains: scopes && ((name) => inScopes(name, scopes)),
    keepsStatistics: values.freeze_batch_norm ? (scope) => !inScopes(scope, scopes!) : undefined,
  };
}

/**
 * Refuses scopes that name no variable of the net, and a checkpoint to start from that is not there.
 *
 * @throws {UsageError} where a scope is none
 * @throws {NotFoundError} where there is no such checkpoint
 */
export async function checkStart(
  values: TrainingValues,
  options: TrainerOptions,
  channels: number,
  trainDir: string,
): Promise<void> {
  const tape = new Tape();
  recordClassifier(tape, { ...options, channels, isTraining: true }).next(); // copies share variables; a wrong size fails here
  for (const flag of ["trainable_scopes", "checkpoint_exclude_scopes"] as const) {
    const unknown = values[flag]?.find((scope) =>
      ![...tape.variables.keys()].some((name) => inScopes(name, [scope]))
    );
    if (unknown === undefined) continue;
    const scopes = new Set([...tape.variables.keys()].map((name) => name.split("/").slice(0, 2).join("/")));
    throw new UsageError(
      `--${flag}=${
        values[flag]
      }: no variable of ${values.model_name} is in the scope ${unknown}; there are ` +
        [...scopes].join(", "),
    );
  }
  if (values.checkpoint_path === undefined || await latestCheckpoint(denoFiles, trainDir) !== undefined) {
    return;
  }
  await openCheckpoint(values.checkpoint_path);
}
