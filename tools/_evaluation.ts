/**
 * One evaluation after another with a compiled net: restore, count, print, record.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { reasonOf } from "../formats/errors.ts";
import { eventFileName, EventWriter } from "../formats/events/event_writer.ts";
import { scalarSummary } from "../formats/events/summary.ts";
import { directoryOf, joinPath } from "../formats/paths.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { denoFiles } from "../host/files.ts";
import type { ProgressLine } from "../host/terminal.ts";
import { tenViews } from "../preprocessing/views.ts";
import { checkpointStep, restoreVariables } from "../training/checkpoints.ts";
import { Evaluator } from "../training/evaluator.ts";
import type { Metrics } from "../training/metrics.ts";
import { SHADOWS } from "../training/moving_averages.ts";
import type { EvaluationValues } from "./_evaluation_flags.ts";
import { labelsOffsetOf, openDataset, openDevice } from "./_model_flags.ts";
import { oddityPrinter } from "./_oddities.ts";
import { Reading } from "./_reading.ts";
import { classNames, confusionCsv, detailsToJson, formatMetrics, summaryToJson } from "./_report.ts";

/** A line of `evaluations.jsonl`. */
export interface EvaluationRecord extends ReturnType<typeof summaryToJson> {
  readonly step: number;
  readonly checkpoint: string;
  /** What the images took, without compiling and restoring. */
  readonly seconds: number;
}

/**
 * Keeps an evaluation: a line more in `evaluations.jsonl`, the latest confusion matrix in `confusion.csv`, and TensorBoard's
 * events under the tags of TF-Slim's script.
 */
export async function recordEvaluation(
  evalDir: string,
  record: EvaluationRecord,
  metrics: Metrics,
  names: readonly string[],
): Promise<void> {
  const encoder = new TextEncoder();
  await denoFiles.append(
    joinPath(evalDir, "evaluations.jsonl"),
    encoder.encode(JSON.stringify(record) + "\n"),
  );
  await denoFiles.write(joinPath(evalDir, "confusion.csv"), [encoder.encode(confusionCsv(metrics, names))]);
  const events = await EventWriter.open(denoFiles, joinPath(evalDir, eventFileName(Date.now() / 1000)));
  events.addSummary(record.step, [
    scalarSummary("eval/Accuracy", record.accuracy),
    scalarSummary("eval/Recall_5", record.recall_5),
  ]);
  await events.flush();
}

/** A net compiled for evaluation, its data and its device. */
export class Evaluation {
  private constructor(
    readonly gpu: Gpu,
    readonly dataset: Dataset,
    readonly evaluator: Evaluator,
    readonly labelsOffset: number,
    readonly values: EvaluationValues,
    readonly progress: ProgressLine,
    readonly reading: Reading,
  ) {}

  /** Opens data and device, compiles the net. */
  static async open(values: EvaluationValues, progress: ProgressLine): Promise<Evaluation> {
    const print = (line: string) => progress.print(line), reading = new Reading(values, print);
    let gpu: Gpu | undefined;
    try {
      const dataset = await openDataset(
        values,
        values.dataset_split_name,
        oddityPrinter(print),
        reading.options,
      );
      const labelsOffset = labelsOffsetOf(values, dataset);
      gpu = await openDevice(values, progress);
      const evaluator = await Evaluator.compile(gpu, dataset, {
        modelName: values.model_name,
        preprocessingName: values.preprocessing_name,
        useGrayscale: values.use_grayscale,
        views: values.tta ? tenViews : undefined,
        numClasses: dataset.numClasses - labelsOffset,
        imageSize: values.eval_image_size,
        labelsOffset,
        batchSize: values.batch_size,
        precision: values.precision,
        onDamaged: reading.damagedOf(dataset),
      });
      return new Evaluation(gpu, dataset, evaluator, labelsOffset, values, progress, reading);
    } catch (error) {
      gpu?.close();
      reading[Symbol.dispose]();
      throw error;
    }
  }

  /** Evaluates a checkpoint: prints the results and keeps them. */
  async run(reader: CheckpointReader): Promise<void> {
    const { dataset, evaluator, labelsOffset, values, progress } = this;
    const averages = !!values.moving_average_decay;
    await restoreVariables(reader, evaluator.parameters, undefined, averages ? SHADOWS : "");
    const step = await checkpointStep(reader), what = averages ? "moving averages of " : "";
    progress.print(
      `Evaluating ${what}${reader.prefix} (step ${
        step.toLocaleString("en")
      }) on ${dataset.name}, split ${dataset.splitName}`,
    );
    const start = performance.now();
    const metrics = await evaluator.run({
      maxBatches: values.max_num_batches,
      onBatch: (done, of) => progress.update(`evaluating: ${done} of ${of} batches`),
    });
    progress.end(false);
    const seconds = Math.round(performance.now() - start) / 1000, summary = summaryToJson(metrics, dataset);
    const record = { step, checkpoint: reader.prefix, ...summary, seconds };
    const names = classNames(metrics, dataset, labelsOffset);
    console.log(
      values.json
        ? JSON.stringify({ ...record, ...detailsToJson(metrics, names) }, null, 2)
        : formatMetrics(metrics, dataset, labelsOffset),
    );
    await this.reading.report();
    await this.#keep(record, metrics, names);
  }

  /** Records in EVAL_DIR; where none was given, a directory that cannot be written is no error. */
  async #keep(record: EvaluationRecord, metrics: Metrics, names: readonly string[]): Promise<void> {
    const { eval_dir } = this.values, byDefault = joinPath(directoryOf(record.checkpoint), "eval");
    try {
      await recordEvaluation(eval_dir ?? byDefault, record, metrics, names);
    } catch (thrown) {
      if (eval_dir !== undefined) throw thrown;
      this.progress.print(`${reasonOf(thrown)}; to keep the results give --eval_dir`);
    }
  }

  /** Closes the device and ends the workers. */
  close(): void {
    this.gpu.close();
    this.reading[Symbol.dispose]();
  }
}
