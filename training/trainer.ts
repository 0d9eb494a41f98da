/**
 * The training loop.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import { type BatchOrder, trainingOrder } from "../datasets/order.ts";
import { type Batch, BatchReader, type ReaderOptions } from "../datasets/reader.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Program } from "../tape/program.ts";
import { history } from "../tape/ops/history.ts";
import { Tape } from "../tape/tape.ts";
import { badLabel, labelError } from "./check_labels.ts";
import { type ClassifierOptions, recordClassifier } from "./classifier.ts";
import { ImageFeeder } from "./feeding.ts";
import type { Optimizer } from "./optimizers.ts";
import { TrainingStep } from "./step.ts";

/** What {@linkcode Trainer} takes. */
export interface TrainerOptions extends Omit<ClassifierOptions, "isTraining" | "channels"> {
  readonly optimizer: Optimizer;
  /** Learning rate at a step, counted from 0. */
  readonly learningRate: (step: number) => number;
  /** @default {0} */
  readonly labelSmoothing?: number;
  /** Largest norm of all gradients together, weight decay aside; left out: any. */
  readonly clipNorm?: number;
  /** Decay of the variables' moving averages; left out: there are none. */
  readonly movingAverageDecay?: number;
  /** Which trainable variables to train. Left out: all of them. */
  readonly trains?: (name: string) => boolean;
  /** Subtracted from the labels of the data set. @default {0} */
  readonly labelsOffset?: number;
  /** Called for a damaged record, whose place another one takes. Left out: such a record is an error. */
  readonly onDamaged?: ReaderOptions["onDamaged"];
}

/** What happened since the last report. */
export interface TrainingReport {
  /** Steps done in all. */
  readonly step: number;
  /** Loss of each step since the last report, in order. */
  readonly losses: Float32Array;
  /** Of the last step. */
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Milliseconds of a step that went by waiting for data, on average. */
  readonly dataMs: number;
  /** The other milliseconds of a step: the device computes, the host is ahead of it. */
  readonly deviceMs: number;
}

/** How far {@linkcode Trainer.train} goes and when it reports. */
export interface TrainOptions {
  /** Step to stop at. */
  readonly until: number;
  /** Reports come at multiples of this. @default {10} */
  readonly reportEvery?: number;
  /** Asked after each step: a report comes at once if true. */
  readonly pause?: () => boolean;
}

/** The loss, or a gradient, is no longer a number. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";

  /** @param step the step, counted from 1 */
  constructor(readonly step: number, what: string, learningRate: number) {
    super(
      `Cannot go on training: at step ${step} ${what}, with learning rate ${
        Number(learningRate.toPrecision(4))
      }; lower the learning rate, let it warm up, or clip gradients`,
    );
  }
}

/** Losses kept on the device between two reads, and steps between two waits for it. */
const RING = 256, WINDOW = 8;

/** Trains a classifier on a data set. The state after step n depends on options, data and n alone, not on timing. */
export class Trainer {
  /** Steps done. Setting it moves the schedule, the random numbers and the position in the data along. */
  step = 0;
  /** The batch of the last step. */
  batch: Batch | undefined;
  /** Prepares the images of its batches. */
  readonly feeder: ImageFeeder;

  private constructor(
    readonly gpu: Gpu,
    readonly compiled: TrainingStep,
    /** What was compiled. */
    readonly tape: Tape,
    readonly dataset: Dataset,
    readonly options: TrainerOptions,
  ) {
    this.feeder = new ImageFeeder(this.classifier);
  }

  /** The classifier that it trains. */
  get classifier(): ClassifierOptions {
    return { ...this.options, channels: this.dataset.channels, isTraining: true };
  }

  /** Compiles the training step and gives the variables their initial values. */
  static async create(gpu: Gpu, dataset: Dataset, options: TrainerOptions): Promise<Trainer> {
    const tape = new Tape();
    const compiled = await TrainingStep.compile(gpu, {
      tape,
      clones: recordClassifier(tape, { ...options, channels: dataset.channels, isTraining: true }),
      numClones: options.numClones,
      optimizer: options.optimizer,
      labelSmoothing: options.labelSmoothing,
      trains: options.trains,
      precision: options.precision,
      clipNorm: options.clipNorm,
      movingAverageDecay: options.movingAverageDecay,
      record: (loss) => ({ losses: history(loss, tape.feed("step", [1], "u32"), RING) }),
    });
    compiled.parameters.initialize(options.seed ?? 0);
    compiled.startMovingAverages();
    return new Trainer(gpu, compiled, tape, dataset, options);
  }

  /**
   * Trains and reports. Between two reports the caller may read parameters, save, or stop by leaving the loop.
   *
   * @throws {NonFiniteError} where a loss or gradient is NaN or infinite; the step did not change the variables
   * @throws {RangeError} where a label is none of the classes
   */
  async *train(
    { until, reportEvery = 10, pause = () => false }: TrainOptions,
  ): AsyncGenerator<TrainingReport> {
    const { batchSize, learningRate } = this.options, { queue } = this.gpu.device;
    await using reader = this.#reader();
    let marks: [Promise<undefined>, Promise<undefined>] = [
      Promise.resolve(undefined),
      Promise.resolve(undefined),
    ];
    let losses: Float32Array[] = [], unread = 0, first = this.step, start = performance.now(), waited = 0;
    while (this.step < until) {
      const batch = this.batch = await reader.next();
      if (!batch) throw new RangeError(`Cannot train beyond step ${this.step}: the data ended`);
      waited += batch.waitMs;
      this.feed(this.compiled.program, batch);
      this.compiled.run(this.step, learningRate(this.step));
      this.step++;
      unread++;
      if (this.step % WINDOW === 0) { // the host runs at most two windows ahead
        marks = [marks[1], queue.onSubmittedWorkDone() as Promise<undefined>];
        await marks[0];
      }
      const due = this.step % reportEvery === 0 || this.step === until || pause();
      if (!due && unread < RING) continue;
      losses.push(await this.#readLosses(unread));
      unread = 0;
      if (!due) continue;
      const steps = this.step - first, elapsed = performance.now() - start;
      yield {
        step: this.step,
        losses: Float32Array.from(losses.flatMap((part) => [...part])),
        learningRate: learningRate(this.step - 1),
        imagesPerSecond: 1000 * steps * batchSize / elapsed,
        dataMs: waited / steps,
        deviceMs: (elapsed - waited) / steps,
      };
      [losses, first, start, waited] = [[], this.step, performance.now(), 0];
    }
  }

  get #order(): BatchOrder {
    const { batchSize, seed = 0 } = this.options;
    return trainingOrder(this.dataset.numSamples, { batchSize, seed });
  }

  #reader(): BatchReader {
    return new BatchReader(this.dataset, this.#order, {
      start: this.step,
      onDamaged: this.options.onDamaged,
      choosePart: (picture, batch, place) => this.feeder.part(picture, batch, place),
    });
  }

  /** The batch of a step, counted from 1, read again. */
  async batchOf(step: number): Promise<Batch> {
    await using reader = this.#reader();
    return await reader.batch(step - 1);
  }

  /** Writes a batch where a program with this one's clones takes it. */
  feed(program: Program, batch: Batch): void {
    const { labelsOffset = 0 } = this.options, { labels, records } = batch;
    const bad = badLabel(labels, this.options);
    if (bad >= 0) throw labelError(this.dataset, records[bad], labels[bad], this.options);
    this.feeder.feed(program, batch, labels.map((label) => label - labelsOffset));
  }

  /** Losses of the last `count` steps. */
  async #readLosses(count: number): Promise<Float32Array> {
    const { program } = this.compiled, first = this.step - count;
    const [ring, [firstBad]] = await Promise.all([program.fetch("losses"), program.fetch("firstBad")]);
    const losses = Float32Array.from({ length: count }, (_, i) => ring[(first + i) % RING]);
    const bad = losses.findIndex((loss) => !Number.isFinite(loss)), { learningRate } = this.options;
    if (bad >= 0 && !(firstBad > 0 && firstBad <= first + bad)) {
      throw new NonFiniteError(first + bad + 1, `the loss is ${losses[bad]}`, learningRate(first + bad));
    }
    if (firstBad > 0) {
      throw new NonFiniteError(firstBad, "a gradient is not finite", learningRate(firstBad - 1));
    }
    return losses;
  }

  /** Frees the device memory. */
  destroy(): void {
    this.compiled.destroy();
  }
}
