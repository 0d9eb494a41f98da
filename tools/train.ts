/**
 * Trains a net. Without any flag: LeNet on the embedded sample of Fashion-MNIST.
 *
 * Usage: deno task train [FLAGS], or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi tools/train.ts --help
 * (ffi and env find the Vulkan driver; reading and writing concern TRAIN_DIR, the data, and the user's cache directory).
 * Run it again after an interruption: it goes on from the last checkpoint in TRAIN_DIR.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import { SAMPLE_NAME } from "../datasets/sample.ts";
import { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import { denoFiles } from "../host/files.ts";
import { formatDuration, ProgressLine } from "../host/terminal.ts";
import { checkpointTensors } from "../training/checkpoints.ts";
import { Evaluator } from "../training/evaluator.ts";
import { configureLearningRate } from "../training/learning_rate.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { Trainer, type TrainingReport } from "../training/trainer.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { openDataset, openDevice } from "./_model_flags.ts";
import { formatMetrics } from "./_report.ts";
import { compareFlags, inScopes, start } from "./_restore.ts";
import { trainingFlags } from "./_training_flags.ts";

const flags = defineFlags(
  "Trains a net; without any flag LeNet on the embedded sample of Fashion-MNIST, 300 steps with adam at 0.001.",
  trainingFlags,
);
type Values = ReturnType<typeof flags.parse>;

/** A first run on the sample: what reaches 85% in few steps, also on a slow driver. */
const SAMPLE_ARGS = ["--optimizer=adam", "--learning_rate=0.001", "--max_number_of_steps=300"];
/** The exit code that shells give to an interrupted program. */
const INTERRUPTED = 130;

/** The flags' values; without a data set, those of a first run stand where nothing else was given. */
function parseFlags(args: string[]): Values {
  const values = flags.parse(args);
  return values.dataset_name === SAMPLE_NAME ? flags.parse([...SAMPLE_ARGS, ...args]) : values;
}

/** What the flags say about the net, for training and evaluation alike. */
function classifierOptions(values: Values, dataset: Dataset) {
  return {
    modelName: values.model_name,
    preprocessingName: values.preprocessing_name,
    numClasses: dataset.numClasses - values.labels_offset,
    imageSize: values.train_image_size,
    precision: values.precision,
    labelsOffset: values.labels_offset,
  };
}

async function createTrainer(gpu: Gpu, dataset: Dataset, values: Values): Promise<Trainer> {
  const scopes = values.trainable_scopes;
  return await Trainer.create(gpu, dataset, {
    ...classifierOptions(values, dataset),
    batchSize: values.batch_size,
    numClones: values.num_clones,
    weightDecay: values.weight_decay,
    dropoutKeepProb: values.dropout_keep_prob,
    labelSmoothing: values.label_smoothing,
    seed: values.seed,
    optimizer: configureOptimizer(values),
    learningRate: configureLearningRate(values, dataset.numSamples, values.batch_size),
    trains: scopes && ((name) => inScopes(name, scopes)),
  });
}

/** A line like TF-Slim's: the loss is that of the step itself. */
function progressText(report: TrainingReport, until: number, batchSize: number): string {
  const left = (until - report.step) * batchSize / report.imagesPerSecond;
  return [
    `step ${report.step.toLocaleString("en")}`,
    `loss ${report.losses.at(-1)?.toPrecision(4)}`,
    `learning rate ${Number(report.learningRate.toPrecision(4))}`,
    `${Math.round(report.imagesPerSecond).toLocaleString("en")} images/s`,
    `${Math.round(100 * report.waiting)}% waiting for data`,
    ...(Number.isFinite(until) ? [`${formatDuration(left)} left`] : []),
  ].join("  ");
}

/** Trains until the last step or Ctrl-C, saving on the way; returns whether it got there. */
async function trainAndSave(
  trainer: Trainer,
  trainDir: string,
  values: Values,
  progress: ProgressLine,
): Promise<boolean> {
  const until = values.max_number_of_steps ?? Infinity;
  const manager = await CheckpointManager.open(denoFiles, trainDir);
  let interrupted = false, saved = trainer.step, nextSave = Date.now() + 1000 * values.save_interval_secs;
  const onInterrupt = () => {
    if (interrupted) Deno.exit(INTERRUPTED); // asked twice: the last checkpoint is whole
    interrupted = true;
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    const pause = () => interrupted || Date.now() >= nextSave;
    for await (const report of trainer.train({ until, reportEvery: values.log_every_n_steps, pause })) {
      progress.update(progressText(report, until, values.batch_size), true);
      if (!pause() && report.step < until) continue;
      const prefix = await manager.save(report.step, checkpointTensors(trainer));
      [saved, nextSave] = [report.step, Date.now() + 1000 * values.save_interval_secs];
      progress.print(`Saved ${prefix}`);
      if (interrupted) break;
    }
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
    progress.end();
  }
  if (interrupted) progress.print(`Interrupted at step ${saved}; the same command goes on from there`);
  return !interrupted;
}

/** Runs the tool; 0 when the last step was reached, 130 after Ctrl-C. */
export async function main(args: string[]): Promise<number> {
  const values = parseFlags(args), isSample = values.dataset_name === SAMPLE_NAME;
  if (values.batch_size % values.num_clones !== 0) {
    throw new UsageError(
      `--batch_size=${values.batch_size} does not divide among --num_clones=${values.num_clones}`,
    );
  }
  if (values.dropout_keep_prob !== undefined && !(values.dropout_keep_prob > 0)) {
    throw new UsageError(`--dropout_keep_prob=${values.dropout_keep_prob} is not above 0`);
  }
  const trainDir = values.train_dir ?? `runs/${values.model_name}`, progress = new ProgressLine();
  const { _, ...recorded } = values, changed = await compareFlags(trainDir, recorded);
  const dataset = await openDataset(values, values.dataset_split_name);
  const evalSplit = values.eval_split_name ?? (isSample ? "test" : "");
  const evalDataset = evalSplit === "" ? undefined : await openDataset(values, evalSplit);
  const gpu = await openDevice(values, progress);
  try {
    const trainer = await createTrainer(gpu, dataset, values);
    await start(trainer, trainDir, values, (line) => progress.print(line));
    if (changed.length > 0) progress.print(`Changed since the last run: ${changed.join(", ")}`);
    await denoFiles.write(`${trainDir}/flags.json`, [
      new TextEncoder().encode(JSON.stringify(recorded, null, 2) + "\n"),
    ]);
    if (!await trainAndSave(trainer, trainDir, values, progress)) return INTERRUPTED;
    if (evalDataset) {
      const options = { ...classifierOptions(values, dataset), batchSize: 100 };
      const evaluator = await Evaluator.compile(gpu, evalDataset, options, trainer.compiled.parameters);
      const metrics = await evaluator.run({
        onBatch: (done, of) => progress.update(`evaluating: ${done} of ${of} batches`),
      });
      progress.end(false);
      console.log(formatMetrics(metrics, evalDataset, values.labels_offset));
    }
    return 0;
  } finally {
    gpu.close();
  }
}

if (import.meta.main) await runTool(main);
