/**
 * Evaluation of a training that goes on: of the variables as they are, or of their moving averages.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import type { ProgressLine } from "../host/terminal.ts";
import { Evaluator, type EvaluatorOptions } from "../training/evaluator.ts";
import type { Metrics } from "../training/metrics.ts";
import { SHADOWS } from "../training/moving_averages.ts";
import type { Trainer } from "../training/trainer.ts";

/** Images a step, as in tools/eval.ts. */
const BATCH_SIZE = 100;

/** Compiles the net for evaluation when it is first asked for. */
export class TrainingEvaluator {
  #evaluator: Promise<Evaluator> | undefined;

  constructor(
    readonly trainer: Trainer,
    readonly dataset: Dataset,
    readonly options: Omit<EvaluatorOptions, "batchSize">,
    readonly progress: ProgressLine,
  ) {}

  /** Evaluates all images of the data set. */
  async run(): Promise<Metrics> {
    const { trainer, dataset, options, progress } = this, { compiled, gpu } = trainer;
    const hasAverages = compiled.movingAverageDecay !== undefined, { parameters } = compiled;
    const evaluator = await (this.#evaluator ??= Evaluator.compile(
      gpu,
      dataset,
      { ...options, batchSize: BATCH_SIZE },
      hasAverages ? undefined : parameters,
    ));
    if (hasAverages) {
      for (const name of evaluator.parameters.names) {
        evaluator.parameters.write(name, await parameters.read(name, SHADOWS));
      }
    }
    const metrics = await evaluator.run({
      onBatch: (done, of) => progress.update(`evaluating: ${done} of ${of} batches`),
    });
    progress.end(false);
    return metrics;
  }
}
