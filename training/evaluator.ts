/**
 * Evaluation: every image once, the last partial batch counted right.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import { evaluationOrder } from "../datasets/order.ts";
import { type Batch, BatchReader, type ReaderOptions } from "../datasets/reader.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { compile } from "../tape/compile.ts";
import { softmax } from "../tape/ops/losses.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Program } from "../tape/program.ts";
import { Tape } from "../tape/tape.ts";
import { type ClassifierOptions, recordClassifier } from "./classifier.ts";
import { ImageFeeder } from "./feeding.ts";
import { Metrics } from "./metrics.ts";

/** What {@linkcode Evaluator} takes: a classifier without what only training needs. */
export interface EvaluatorOptions extends Omit<ClassifierOptions, "isTraining" | "numClones" | "channels"> {
  /** Subtracted from the labels of the data set. @default {0} */
  readonly labelsOffset?: number;
  /** Called for a damaged record, which is left out of the counts. Left out: such a record is an error. */
  readonly onDamaged?: ReaderOptions["onDamaged"];
}

/** A compiled classifier for evaluation. */
export class Evaluator {
  private constructor(
    readonly program: Program,
    readonly parameters: Parameters,
    readonly dataset: Dataset,
    readonly options: EvaluatorOptions,
    readonly feeder: ImageFeeder,
  ) {}

  /** Compiles the net in its inference form. With `parameters` it evaluates those of a training that goes on. */
  static async compile(
    gpu: Gpu,
    dataset: Dataset,
    options: EvaluatorOptions,
    parameters?: Parameters,
  ): Promise<Evaluator> {
    const tape = new Tape();
    const classifier = { ...options, channels: dataset.channels, isTraining: false };
    const [{ logits }] = recordClassifier(tape, classifier), hasViews = (options.views?.length ?? 1) > 1;
    const own = parameters ?? new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, {
      label: "evaluation",
      fetches: { scores: hasViews ? softmax(logits, { scope: "Predictions" }) : logits },
      parameters: own,
      precision: options.precision,
    });
    return new Evaluator(program, own, dataset, options, new ImageFeeder(classifier));
  }

  /** Evaluates the parameters as they are now, on the first `maxBatches` batches. */
  async run({ maxBatches = Infinity, onBatch = (_done: number, _of: number) => {} } = {}): Promise<Metrics> {
    const { batchSize, numClasses, labelsOffset = 0 } = this.options, { program, dataset, feeder } = this;
    const order = evaluationOrder(dataset.numSamples, { batchSize }), metrics = new Metrics(numClasses);
    const { onDamaged } = this.options;
    await using reader = new BatchReader(dataset, order, {
      onDamaged,
      choosePart: (picture, batch, place) => feeder.part(picture, batch, place),
    });
    if (program.takes("step")) program.feed("step", new Uint32Array(1));
    const batches = Math.min(order.numBatches, maxBatches);
    for (let t = 0; t < batches; t++) {
      const batch = await reader.next();
      if (!batch) break;
      if (batch.count > 0) { // else all of it is damaged
        metrics.add(
          await this.#scores(batch),
          batch.labels.map((label) => label - labelsOffset),
          batch.count,
        );
      }
      onBatch(t + 1, batches);
    }
    return metrics;
  }

  /** Logits of a batch, or the sums of the probabilities of its views. */
  async #scores(batch: Batch): Promise<Float32Array> {
    const { program, feeder } = this, sums: Float32Array[] = [];
    for (const view of feeder.views) {
      feeder.feed(program, batch, undefined, view);
      program.run();
      sums.push(await program.fetch("scores"));
    }
    return sums.reduce((sum, scores) => sum.map((v, i) => v + scores[i]));
  }

  /** Frees the program; parameters that were given stay. */
  destroy({ parameters = false } = {}): void {
    this.program.destroy();
    if (parameters) this.parameters.destroy();
  }
}
