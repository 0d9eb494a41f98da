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
import { drawTape } from "../training/graph.ts";
import { NonFiniteError, Trainer } from "../training/trainer.ts";
import { runTool } from "./_flags.ts";
import { labelsOffsetOf, openDataset, openDevice } from "./_model_flags.ts";
import { keepBadBatch } from "./_non_finite.ts";
import { oddityPrinter } from "./_oddities.ts";
import { Reading } from "./_reading.ts";
import { formatMetrics } from "./_report.ts";
import { compareFlags, start } from "./_restore.ts";
import { TrainingEvaluator } from "./_training_evaluator.ts";
import { checkStart, classifierOptions, trainerOptions } from "./_trainer_options.ts";
import { TrainingLog } from "./_training_log.ts";
import { type RunEnd, runTraining, saveOnFailure } from "./_training_run.ts";
import { checkFlags, parseFlags, type TrainingValues } from "./_training_values.ts";

/** The exit code that shells give to an interrupted program. */
const INTERRUPTED = 130;
/** Times that a lost device is replaced without a new checkpoint in between. */
const MOST_LOSSES = 3;

/** Says what frozen batch normalization does, where layers are frozen. */
function explainFreezing(values: TrainingValues, trainer: Trainer, progress: ProgressLine): void {
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
  datasets: { training: Dataset; evaluation?: Dataset; reading: Reading },
  values: TrainingValues,
  trainDir: string,
  progress: ProgressLine,
  isInterrupted: () => boolean,
): Promise<RunEnd> {
  const { training, evaluation, reading } = datasets;
  const trainer = await Trainer.create(gpu, training, {
    ...trainerOptions(values, training),
    onDamaged: reading.damagedOf(training),
  });
  await start(trainer, trainDir, values, (line) => progress.print(line));
  explainFreezing(values, trainer, progress);
  const manager = await CheckpointManager.open(denoFiles, trainDir, {
    maxToKeep: values.max_to_keep,
    keepCheckpointEveryNHours: values.keep_checkpoint_every_n_hours,
  });
  const evaluator = evaluation &&
    new TrainingEvaluator(
      trainer,
      evaluation,
      { ...classifierOptions(values, training), onDamaged: reading.damagedOf(evaluation) },
      progress,
    );
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
  using reading = new Reading(values, (line) => progress.print(line));
  const open = (split: string) => openDataset(values, split, report, reading.options);
  const { _, ...given } = values, training = await open(values.dataset_split_name);
  const recorded = { ...given, labels_offset: labelsOffsetOf(values, training) };
  const changed = await compareFlags(trainDir, recorded);
  await checkStart(values, trainerOptions(values, training), training.channels, trainDir);
  const evaluates = values.dataset_name === SAMPLE_NAME || values.eval_every_steps !== undefined;
  const evalSplit = values.eval_split_name ?? (evaluates ? evaluationSplitOf(values.dataset_name) : "");
  const evaluation = evalSplit === "" ? undefined : await open(evalSplit);
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
        const end = await train(
          gpu,
          { training, evaluation, reading },
          values,
          trainDir,
          progress,
          () => interrupted,
        );
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
    await reading.report(`${trainDir}/damaged_images.txt`);
  }
}

if (import.meta.main) await runTool(main);
