/**
 * The values of training's flags, checked as far as they can be without data.
 *
 * @module
 */
import { SAMPLE_NAME } from "../datasets/sample.ts";
import { augmentationOf } from "./_augmentation_flags.ts";
import { defineFlags, UsageError } from "./_flags.ts";
import { datasetNameOf } from "./_model_flags.ts";
import { trainingFlags } from "./_training_flags.ts";

const flags = defineFlags(
  "Trains a net; without any flag LeNet on the embedded sample of Fashion-MNIST, 300 steps with adam at 0.001.",
  trainingFlags,
);

/** Values of the flags, and the name of the data set. */
export type TrainingValues = ReturnType<typeof parseFlags>;

/** A first run on the sample: what reaches 85% in few steps, also on a slow driver. */
const SAMPLE_ARGS = ["--optimizer=adam", "--learning_rate=0.001", "--max_number_of_steps=300"];

/** The flags' values; without a data set, those of a first run stand where nothing else was given. */
export function parseFlags(args: string[]) {
  const values = flags.parse(args), dataset_name = datasetNameOf(values);
  return { ...dataset_name === SAMPLE_NAME ? flags.parse([...SAMPLE_ARGS, ...args]) : values, dataset_name };
}

/** Refuses what no single flag can tell. @throws {UsageError} */
export function checkFlags(values: TrainingValues): void {
  const refuse = (reason: string) => {
    throw new UsageError(reason);
  };
  if (values.batch_size % values.num_clones !== 0) {
    refuse(`--batch_size=${values.batch_size} does not divide among --num_clones=${values.num_clones}`);
  }
  if (values.dropout_keep_prob !== undefined && !(values.dropout_keep_prob > 0)) {
    refuse(`--dropout_keep_prob=${values.dropout_keep_prob} is not above 0`);
  }
  if (values.freeze_batch_norm && !values.trainable_scopes) {
    refuse("--freeze_batch_norm needs --trainable_scopes: it concerns what is outside of them");
  }
  augmentationOf(values);
  if (values.replicas_to_aggregate > 1 && !values.sync_replicas) {
    refuse(`--replicas_to_aggregate=${values.replicas_to_aggregate} needs --sync_replicas`);
  }
  if (values.early_stopping_patience && !values.eval_every_steps) {
    refuse("--early_stopping_patience needs --eval_every_steps: it counts evaluations");
  }
}
