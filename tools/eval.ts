/**
 * Evaluates a checkpoint: accuracy, Recall_5, a line a class.
 *
 * Usage: deno task eval [FLAGS], or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi tools/eval.ts --help
 * (ffi and env find the Vulkan driver; writing concerns only the user's cache directory).
 *
 * @module
 */
import { directoryOf } from "../formats/paths.ts";
import { ProgressLine } from "../host/terminal.ts";
import { checkpointStep, restoreVariables } from "../training/checkpoints.ts";
import { Evaluator } from "../training/evaluator.ts";
import { defineFlags, runTool } from "./_flags.ts";
import {
  adapterFlags,
  datasetFlags,
  modelFlags,
  openDataset,
  openDevice,
  precisionFlag,
} from "./_model_flags.ts";
import { formatMetrics, metricsToJson } from "./_report.ts";
import { openCheckpoint, readFlags } from "./_restore.ts";

const flags = defineFlags("Evaluates a checkpoint.", {
  checkpoint_path: {
    type: "path",
    help: "Checkpoint, or directory of one; without it runs/MODEL_NAME",
    group: "Run",
  },
  batch_size: { type: "int", default: 100, min: 1, help: "Images a step", group: "Run" },
  max_num_batches: { type: "int", min: 1, help: "Evaluate at most so many batches", group: "Run" },
  json: { type: "boolean", help: "Print JSON, with confusion matrix and predictions", group: "Run" },
  ...modelFlags,
  eval_image_size: {
    type: "int",
    min: 1,
    help: "Side of the images; without it the net's own",
    group: "Net",
  },
  ...datasetFlags,
  dataset_split_name: { type: "string", default: "test", help: "Split to evaluate", group: "Data" },
  precision: precisionFlag,
  ...adapterFlags,
});

/** Flags of a training that its evaluation takes over. */
const INHERITED: Readonly<Record<string, string>> = {
  model_name: "model_name",
  preprocessing_name: "preprocessing_name",
  eval_image_size: "train_image_size",
  dataset_name: "dataset_name",
  dataset_dir: "dataset_dir",
  labels_offset: "labels_offset",
  precision: "precision",
};

/** The flags of the training in a directory that the command line leaves open, as arguments. */
async function inherited(directory: string, args: readonly string[]): Promise<string[]> {
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

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const first = flags.parse(args), path = first.checkpoint_path ?? `runs/${first.model_name}`;
  const reader = await openCheckpoint(path);
  const values = flags.parse([...await inherited(directoryOf(reader.prefix), args), ...args]);
  const progress = new ProgressLine();
  const dataset = await openDataset(values, values.dataset_split_name);
  const gpu = await openDevice(values, progress);
  try {
    const evaluator = await Evaluator.compile(gpu, dataset, {
      modelName: values.model_name,
      preprocessingName: values.preprocessing_name,
      numClasses: dataset.numClasses - values.labels_offset,
      imageSize: values.eval_image_size,
      labelsOffset: values.labels_offset,
      batchSize: values.batch_size,
      precision: values.precision,
    });
    await restoreVariables(reader, evaluator.parameters);
    const step = await checkpointStep(reader);
    progress.print(
      `Evaluating ${reader.prefix} (step ${
        step.toLocaleString("en")
      }) on ${dataset.name}, split ${dataset.splitName}`,
    );
    const metrics = await evaluator.run({
      maxBatches: values.max_num_batches,
      onBatch: (done, of) => progress.update(`evaluating: ${done} of ${of} batches`),
    });
    progress.end(false);
    const results = {
      checkpoint: reader.prefix,
      step,
      ...metricsToJson(metrics, dataset, values.labels_offset),
    };
    console.log(
      values.json ? JSON.stringify(results, null, 2) : formatMetrics(metrics, dataset, values.labels_offset),
    );
    return 0;
  } finally {
    gpu.close();
  }
}

if (import.meta.main) await runTool(main);
