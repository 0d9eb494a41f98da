/**
 * Flags of evaluation, in TF-Slim's spelling, and those that it takes over from the training.
 *
 * @module
 */
import { defineFlags } from "./_flags.ts";
import { adapterFlags, datasetFlags, modelFlags, precisionFlag } from "./_model_flags.ts";
import { readingFlags } from "./_reading.ts";
import { readFlags } from "./_restore.ts";

const run = { group: "Run" } as const;
const net = { group: "Net" } as const;

/** All flags of tools/eval.ts. */
export const evaluationFlags = defineFlags(
  `Evaluates a checkpoint, or each new one of a directory.

Of the groups Net and Data, and for precision, what is left out is as in the training's flags.json beside the checkpoint,
else the default shown; so TF-Slim's own defaults (inception_v3, imagenet, /tmp/tfmodel/) must be given.`,
  {
    checkpoint_path: {
      ...run,
      type: "path",
      help: "Checkpoint, or directory of one; without it runs/MODEL_NAME",
    },
    eval_dir: {
      ...run,
      type: "path",
      help: "Where evaluations.jsonl and confusion.csv go; without it eval in the checkpoint's directory",
    },
    batch_size: { ...run, type: "int", default: 100, min: 1, help: "Images a step" },
    max_num_batches: {
      ...run,
      type: "int",
      min: 1,
      help: "Evaluate at most so many batches; without it all images, each once",
    },
    eval_interval_secs: {
      ...run,
      type: "int",
      min: 1,
      help:
        "Evaluate each new checkpoint, so many seconds apart (120 in TF-Slim's eval_loop); without it once",
    },
    timeout_secs: {
      ...run,
      type: "int",
      min: 1,
      help: "With --eval_interval_secs: stop when there was no new checkpoint for so many seconds",
    },
    json: { ...run, type: "boolean", help: "Print JSON, with confusion matrix and predictions" },
    ...modelFlags,
    eval_image_size: { ...net, type: "int", min: 1, help: "Side of the images; without it the net's own" },
    tta: {
      ...net,
      type: "boolean",
      help: "Average over ten views of each image: its middle and corners, and the same from behind",
    },
    moving_average_decay: {
      ...net,
      type: "float",
      min: 0,
      max: 1,
      help: "Evaluate the variables' moving averages; without it or with 0 the variables themselves",
    },
    ...datasetFlags,
    ...readingFlags,
    dataset_split_name: {
      group: "Data",
      type: "string",
      help: "Split to evaluate; without it test or validation",
    },
    precision: precisionFlag,
    ...adapterFlags,
    master: {
      type: "retired",
      neutral: "",
      help: "there is no TensorFlow server; --adapter chooses what computes",
    },
    num_preprocessing_threads: {
      type: "retired",
      help: "nothing to set: the reader decodes ahead, and the device preprocesses whole batches",
    },
    quantize: {
      type: "retired",
      neutral: "false",
      help: "there are no quantized nets; --precision=f16 takes half the memory where the device has it",
    },
  },
);

/** Values of the flags. */
export type EvaluationValues = ReturnType<typeof evaluationFlags.parse>;

/** Flags of a training that its evaluation takes over. */
const INHERITED: Readonly<Record<string, string>> = {
  model_name: "model_name",
  preprocessing_name: "preprocessing_name",
  use_grayscale: "use_grayscale",
  eval_image_size: "train_image_size",
  moving_average_decay: "moving_average_decay",
  dataset_name: "dataset_name",
  dataset_dir: "dataset_dir",
  labels_offset: "labels_offset",
  exif_orientation: "exif_orientation",
  precision: "precision",
};

/** The flags of the training in a directory that the command line leaves open, as arguments. */
export async function inheritedArgs(directory: string, args: readonly string[]): Promise<string[]> {
  const trained = await readFlags(directory);
  if (!trained) return [];
  const given = new Set(
    args.map((arg) => arg.replace(/^-+(no)?/, "").replace(/=.*/s, "").replaceAll("-", "_")),
  );
  return Object.entries(INHERITED).filter(([name, source]) =>
    !given.has(name) && trained[source] !== undefined
  )
    .map(([name, source]) => `--${name}=${trained[source]}`);
}
