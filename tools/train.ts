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
import { evaluationSplitOf } from "../datasets/dataset_factory.ts";
import { SAMPLE_NAME } from "../datasets/sample.ts";
import { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { denoFiles } from "../host/files.ts";
import { ProgressLine } from "../host/terminal.ts";
import { checkLabels } from "../training/check_labels.ts";
import { inScopes } from "../training/fine_tuning.ts";
import { drawTape } from "../training/graph.ts";
import { configureLearningRate } from "../training/learning_rate.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { NonFiniteError, Trainer } from "../training/trainer.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { datasetNameOf, labelsOffsetOf, openDataset, openDevice } from "./_model_flags.ts";
import { keepBadBatch } from "./_non_finite.ts";
import { oddityPrinter } from "./_oddities.ts";
import { formatMetrics } from "./_report.ts";
import { compareFlags, start } from "./_restore.ts";
import { TrainingEvaluator } from "./_training_evaluator.ts";
import { trainingFlags } from "./_training_flags.ts";
import { TrainingLog } from "./_training_log.ts";
import { type RunEnd, runTraining, saveOnFailure } from "./_training_run.ts";

const flags = defineFlags(
  "Trains a net; without any flag LeNet on the embedded sample of Fashion-MNIST, 300 steps with adam at 0.001.",
  trainingFlags,
);
type Values = ReturnType<typeof parseFlags>;

/** A first run on the sample: what reaches 85% in few steps, also on a slow driver. */
const SAMPLE_ARGS = ["--optimizer=adam", "--learning_rate=0.001", "--max_number_of_steps=300"];
/** The exit code that shells give to an interrupted program. */
const INTERRUPTED = 130;
/** Times that a lost device is replaced without a new checkpoint in between. */
const MOST_LOSSES = 3;

/** The flags' values; without a data set, those of a first run stand where nothing else was given. */
function parseFlags(args: string[]) {
  const values = flags.parse(args), dataset_name = datasetNameOf(values);
  return { ...dataset_name === SAMPLE_NAME ? flags.parse([...SAMPLE_ARGS, ...args]) : values, dataset_name };
}

/** Refuses what no single flag can tell. */
function checkFlags(values: Values): void {
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
  if (values.early_stopping_patience && !values.eval_every_steps) {
    refuse("--early_stopping_patience needs --eval_every_steps: it counts evaluations");
  }
}

/** What the flags say about the net, for training and evaluation alike. */
function classifierOptions(values: Values, dataset: Dataset) {
  const labelsOffset = labelsOffsetOf(values, dataset);
  return {
    modelName: values.model_name,
    preprocessingName: values.preprocessing_name,
    numClasses: dataset.numClasses - labelsOffset,
    imageSize: values.train_image_size,
    precision: values.precision,
    labelsOffset,
  };
}

async function createTrainer(gpu: Gpu, dataset: Dataset, values: Values): Promise<Trainer> {
  const scopes = values.trainable_scopes, replicas = values.sync_replicas ? values.replicas_to_aggregate : 1;
  return await Trainer.create(gpu, dataset, {
    ...classifierOptions(values, dataset),
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
  });
}

/** Says what frozen batch normalization does, where layers are frozen. */
function explainFreezing(values: Values, trainer: Trainer, progress: ProgressLine): void {
  if (!values.trainable_scopes || !trainer.compiled.variables.some((n) => n.endsWith("/moving_mean"))) return;
  progress.print(
    values.freeze_batch_norm
      ? "Frozen batch normalization uses and keeps its moving statistics"
      : "Frozen batch normalization still normalizes by the batch and moves its statistics, as in TF-Slim; with few " +
        "images --freeze_batch_norm is better",
  );
}

/** One attempt on one device: from the last checkpoint to the end. */
async function train(
  gpu: Gpu,
  datasets: { training: Dataset; evaluation?: Dataset },
  values: Values,
  trainDir: string,
  progress: ProgressLine,
  isInterrupted: () => boolean,
): Promise<RunEnd> {
  const { training, evaluation } = datasets, trainer = await createTrainer(gpu, training, values);
  await start(trainer, trainDir, values, (line) => progress.print(line));
  explainFreezing(values, trainer, progress);
  const manager = await CheckpointManager.open(denoFiles, trainDir, {
    maxToKeep: values.max_to_keep,
    keepCheckpointEveryNHours: values.keep_checkpoint_every_n_hours,
  });
  const evaluator = evaluation &&
    new TrainingEvaluator(trainer, evaluation, classifierOptions(values, training), progress);
  const log = await TrainingLog.open(trainDir, trainer.step, drawTape(trainer.tape));
  let end: RunEnd;
  try {
    const run = {
      trainer,
      manager,
      log,
      progress,
      until: values.max_number_of_steps ?? Infinity,
      logEverySteps: values.log_every_n_steps,
      saveSeconds: values.save_interval_secs,
      summarySeconds: values.save_summaries_secs,
      evalEverySteps: values.eval_every_steps,
      evaluate: evaluator && (() => evaluator.run()),
      patience: values.early_stopping_patience,
    };
    end = await saveOnFailure(run, () => runTraining(run, isInterrupted));
  } catch (error) {
    if (error instanceof NonFiniteError) {
      progress.end();
      progress.print(await keepBadBatch(trainer, error, trainDir, manager.latest));
    }
    throw error;
  } finally {
    log.events.addSession("STOP", trainer.step);
    await log.flush();
    progress.end();
  }
  const { step } = trainer;
  if (end === "interrupted") {
    progress.print(`Interrupted at step ${step}; the same command goes on from there`);
  } else {
    if (end === "stopped early") {
      const { best } = manager;
      progress.print(
        `Stopped early at step ${step}; the best accuracy was ${best?.value} at step ${best?.step}`,
      );
    }
    if (evaluator) {
      console.log(
        formatMetrics(await evaluator.run(), evaluation, classifierOptions(values, training).labelsOffset),
      );
    }
  }
  return end;
}

/** Runs the tool; 0 when the end was reached, 130 after Ctrl-C. */
export async function main(args: string[]): Promise<number> {
  const values = parseFlags(args), progress = new ProgressLine();
  checkFlags(values);
  const trainDir = values.train_dir ?? `runs/${values.model_name}`;
  const report = oddityPrinter((line) => progress.print(line));
  const { _, ...given } = values, training = await openDataset(values, values.dataset_split_name, report);
  const recorded = { ...given, labels_offset: labelsOffsetOf(values, training) };
  const changed = await compareFlags(trainDir, recorded);
  const evaluates = values.dataset_name === SAMPLE_NAME || values.eval_every_steps !== undefined;
  const evalSplit = values.eval_split_name ?? (evaluates ? evaluationSplitOf(values.dataset_name) : "");
  const evaluation = evalSplit === "" ? undefined : await openDataset(values, evalSplit, report);
  await checkLabels(
    training,
    classifierOptions(values, training),
    (done, of) => progress.update(`checking labels: ${done} of ${of}`),
  );
  if (changed.length > 0) progress.print(`Changed since the last run: ${changed.join(", ")}`);
  await denoFiles.write(`${trainDir}/flags.json`, [
    new TextEncoder().encode(JSON.stringify(recorded, null, 2) + "\n"),
  ]);
  let interrupted = false;
  const onInterrupt = () => {
    if (interrupted) Deno.exit(INTERRUPTED); // asked twice: the last checkpoint is whole
    interrupted = true;
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    for (let losses = 1;; losses++) {
      const gpu = await openDevice(values, progress);
      try {
        const end = await train(gpu, { training, evaluation }, values, trainDir, progress, () => interrupted);
        return end === "interrupted" ? INTERRUPTED : 0;
      } catch (error) {
        if (!(error instanceof GpuError) || error.kind !== "lost" || losses > MOST_LOSSES) throw error;
        progress.print(`${error.message}; going on from the last checkpoint on a new device`);
      } finally {
        gpu.close();
      }
    }
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
  }
}

if (import.meta.main) await runTool(main);
