/**
 * Training with everything around it: checkpoints, summaries, evaluations, the end.
 *
 * @module
 */
import type { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import { GpuError } from "../gpu/errors.ts";
import { formatDuration, type ProgressLine } from "../host/terminal.ts";
import { checkpointTensors } from "../training/checkpoints.ts";
import type { Metrics } from "../training/metrics.ts";
import { summarize } from "../training/summaries.ts";
import { NonFiniteError, type Trainer, type TrainingReport } from "../training/trainer.ts";
import type { TrainingLog } from "./_training_log.ts";

/** What a run is made of. */
export interface RunOptions {
  readonly trainer: Trainer;
  readonly manager: CheckpointManager;
  readonly log: TrainingLog;
  readonly progress: ProgressLine;
  /** Step to stop at. */
  readonly until: number;
  readonly logEverySteps: number;
  readonly saveSeconds: number;
  /** 0: never. */
  readonly summarySeconds: number;
  readonly evalEverySteps?: number;
  /** Evaluates the variables as they are. */
  readonly evaluate?: () => Promise<Metrics>;
  /** Evaluations without a better accuracy before the end; left out: any number. */
  readonly patience?: number;
}

/** Why a run ended. */
export type RunEnd = "done" | "interrupted" | "stopped early";

/** A line like TF-Slim's: the loss is that of the step itself. */
function progressText(
  { step, losses, learningRate, imagesPerSecond, dataMs, deviceMs }: TrainingReport,
  until: number,
  batchSize: number,
): string {
  const left = (until - step) * batchSize / imagesPerSecond;
  const ms = (value: number) => value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
  return [
    `step ${step.toLocaleString("en")}`,
    `loss ${losses.at(-1)?.toPrecision(4)}`,
    `learning rate ${Number(learningRate.toPrecision(4))}`,
    `${Math.round(imagesPerSecond).toLocaleString("en")} images/s`,
    `a step ${ms(dataMs + deviceMs)} ms: data ${ms(dataMs)}, GPU ${ms(deviceMs)}`,
    ...(Number.isFinite(until) ? [`${formatDuration(left)} left`] : []),
  ].join("  ");
}

/** Milliseconds from now until something is due again. */
class Timer {
  #due: number;

  constructor(readonly seconds: number) {
    this.#due = Date.now() + 1000 * seconds;
  }

  get isDue(): boolean {
    return Date.now() >= this.#due;
  }

  restart(): void {
    this.#due = Date.now() + 1000 * this.seconds;
  }
}

/**
 * Saves what is there where something outside of the training goes wrong in the middle, such as damaged data: the variables
 * are those of the last step. What the training itself threw is thrown on.
 */
export async function saveOnFailure(
  { trainer, manager, progress }: Pick<RunOptions, "trainer" | "manager" | "progress">,
  train: () => Promise<RunEnd>,
): Promise<RunEnd> {
  const first = trainer.step;
  try {
    return await train();
  } catch (error) {
    if (error instanceof NonFiniteError || error instanceof GpuError) throw error;
    try {
      if (trainer.step > first && !manager.latest?.endsWith(`-${trainer.step}`)) {
        progress.print(
          `Saved ${await manager.save(trainer.step, checkpointTensors(trainer))} before stopping`,
        );
      }
    } finally {
      if (manager.latest) progress.print(`The same command goes on from ${manager.latest}`);
    }
    throw error;
  }
}

/** Trains until the last step, an interruption or too many evaluations in vain; the last step is saved in any case. */
export async function runTraining(options: RunOptions, isInterrupted: () => boolean): Promise<RunEnd> {
  const { trainer, manager, log, progress, until, evalEverySteps = Infinity } = options;
  const saving = new Timer(options.saveSeconds), summarizing = new Timer(options.summarySeconds || Infinity);
  const { batchSize } = trainer.options;
  let isSummarized = options.summarySeconds === 0, worse = 0;
  const evaluationDue = () => trainer.step % evalEverySteps === 0;
  const pause = () =>
    isInterrupted() || saving.isDue || summarizing.isDue || !isSummarized || evaluationDue();
  for await (const report of trainer.train({ until, reportEvery: options.logEverySteps, pause })) {
    const { step, losses, learningRate, imagesPerSecond } = report, isLast = step >= until;
    progress.update(progressText(report, until, batchSize), true);
    log.scalars(step, {
      total_loss_1: losses.at(-1)!,
      learning_rate: learningRate,
      "global_step/sec": imagesPerSecond / batchSize,
    });
    if (options.summarySeconds > 0 && (summarizing.isDue || !isSummarized || isLast)) {
      isSummarized = true;
      const { values, nonFinite } = await summarize(trainer, losses.at(-1)!, trainer.batch!);
      log.summaries(step, values.filter(({ tag }) => tag !== "total_loss_1" && tag !== "learning_rate"));
      if (nonFinite.length > 0) progress.print(`Not finite, and so not summarized: ${nonFinite.join(", ")}`);
      summarizing.restart();
    }
    let stopsEarly = false;
    if (options.evaluate && (evaluationDue() || (isLast && evalEverySteps < Infinity))) {
      const metrics = await options.evaluate(), { accuracy, recall5 } = metrics;
      log.scalars(step, { "eval/Accuracy": accuracy, "eval/Recall_5": recall5 });
      const score = { metric: "accuracy", value: accuracy };
      const best = await manager.saveBest(step, checkpointTensors(trainer), score);
      worse = best ? 0 : worse + 1;
      progress.print(
        `Step ${step.toLocaleString("en")}: accuracy ${accuracy.toFixed(4)}${
          best ? `, the best so far; saved ${best}` : ""
        }`,
      );
      stopsEarly = worse >= (options.patience ?? Infinity);
    }
    const interrupted = isInterrupted(), ends = interrupted || isLast || stopsEarly;
    if (ends || saving.isDue) {
      progress.print(`Saved ${await manager.save(step, checkpointTensors(trainer))}`);
      saving.restart();
    }
    await log.flush();
    if (interrupted) return "interrupted";
    if (stopsEarly) return "stopped early";
  }
  return "done";
}
