/**
 * The training loop.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import { trainingOrder } from "../datasets/order.ts";
import { BatchReader } from "../datasets/reader.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { history } from "../tape/ops/history.ts";
import { Tape } from "../tape/tape.ts";
import { type ClassifierOptions, recordClassifier } from "./classifier.ts";
import type { Optimizer } from "./optimizers.ts";
import { TrainingStep } from "./step.ts";

/** What {@linkcode Trainer} takes. */
export interface TrainerOptions extends Omit<ClassifierOptions, "isTraining" | "imageShape"> {
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
  /** Share of the time that was spent waiting for data. */
  readonly waiting: number;
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

/** The loss is no longer a number. */
export class NonFiniteLossError extends Error {
  override readonly name = "NonFiniteLossError";

  constructor(readonly step: number, readonly loss: number, learningRate: number) {
    super(
      `Cannot go on training: the loss of step ${step} is ${loss} at learning rate ${learningRate}; ` +
        "go back to the last checkpoint and lower the learning rate",
    );
  }
}

/** Losses kept on the device between two reads, and steps between two waits for it. */
const RING = 256, WINDOW = 8;

/** Trains a classifier on a data set. The state after step n depends on options, data and n alone, not on timing. */
export class Trainer {
  /** Steps done. Setting it moves the schedule, the random numbers and the position in the data along. */
  step = 0;

  private constructor(
    readonly gpu: Gpu,
    readonly compiled: TrainingStep,
    readonly dataset: Dataset,
    readonly options: TrainerOptions,
  ) {}

  /** Compiles the training step and gives the variables their initial values. */
  static async create(gpu: Gpu, dataset: Dataset, options: TrainerOptions): Promise<Trainer> {
    const tape = new Tape();
    const compiled = await TrainingStep.compile(gpu, {
      tape,
      clones: recordClassifier(tape, { ...options, imageShape: dataset.imageShape, isTraining: true }),
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
    return new Trainer(gpu, compiled, dataset, options);
  }

  /**
   * Trains and reports. Between two reports the caller may read parameters, save, or stop by leaving the loop.
   *
   * @throws {NonFiniteLossError} where a loss is NaN or infinite
   */
  async *train(
    { until, reportEvery = 10, pause = () => false }: TrainOptions,
  ): AsyncGenerator<TrainingReport> {
    const { batchSize, seed = 0, learningRate } = this.options, { queue } = this.gpu.device;
    const order = trainingOrder(this.dataset.numSamples, { batchSize, seed });
    await using reader = new BatchReader(this.dataset, order, { start: this.step });
    let marks: [Promise<undefined>, Promise<undefined>] = [
      Promise.resolve(undefined),
      Promise.resolve(undefined),
    ];
    let losses: Float32Array[] = [], unread = 0, first = this.step, start = performance.now(), waited = 0;
    while (this.step < until) {
      const batch = await reader.next();
      if (!batch) throw new RangeError(`Cannot train beyond step ${this.step}: the data ended`);
      waited += batch.waitMs;
      this.#feed(batch.images, batch.labels);
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
        waiting: waited / elapsed,
      };
      [losses, first, start, waited] = [[], this.step, performance.now(), 0];
    }
  }

  #feed(images: Uint8Array, labels: Int32Array): void {
    const { numClones = 1, labelsOffset = 0 } = this.options, { program } = this.compiled;
    for (let i = 0; i < numClones; i++) {
      const share = <T extends Uint8Array | Int32Array>(all: T) =>
        all.subarray(i * all.length / numClones, (i + 1) * all.length / numClones) as T;
      program.feed(`images${i}`, share(images));
      program.feed(
        `labels${i}`,
        labelsOffset === 0 ? share(labels) : share(labels).map((l) => l - labelsOffset),
      );
    }
  }

  /** Losses of the last `count` steps. */
  async #readLosses(count: number): Promise<Float32Array> {
    const ring = await this.compiled.program.fetch("losses"), first = this.step - count;
    const losses = Float32Array.from({ length: count }, (_, i) => ring[(first + i) % RING]);
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) {
      throw new NonFiniteLossError(first + bad + 1, losses[bad], this.options.learningRate(first + bad));
    }
    return losses;
  }

  /** Frees the device memory. */
  destroy(): void {
    this.compiled.destroy();
  }
}
