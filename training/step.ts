/**
 * A training step as one program: feeds, forward, backward, update.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { MovingAverage, RegularizationLoss } from "../layers/scope.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Precision } from "../tape/plan.ts";
import type { Program } from "../tape/program.ts";
import type { Tape, Value } from "../tape/tape.ts";
import { classificationLoss, type Clone } from "./losses.ts";
import { movingAverageUpdates } from "./moving_averages.ts";
import { lossScaleOf } from "./loss_scale.ts";
import type { Optimizer } from "./optimizers.ts";

/** What a training step is made of. */
export interface TrainingStepRequest {
  readonly tape: Tape;
  readonly clones: readonly Clone[];
  readonly regularizationLosses: readonly RegularizationLoss[];
  /** What batch normalization moves after each step. */
  readonly movingAverages?: readonly MovingAverage[];
  readonly optimizer: Optimizer;
  readonly labelSmoothing?: number;
  /** Which trainable variables to train. Left out: all of them. */
  readonly trains?: (name: string) => boolean;
  /** How images lie between operations; with "f16" the loss is scaled. @default {"f32"} */
  readonly precision?: Precision;
  /** Further values to read after a run, by name. */
  readonly fetches?: Readonly<Record<string, Value>>;
  /** Records more from the total loss: further fetches. */
  readonly record?: (loss: Value) => Readonly<Record<string, Value>>;
}

/** A compiled training step and the parameters that it changes. */
export class TrainingStep {
  private constructor(
    readonly program: Program,
    readonly parameters: Parameters,
    readonly optimizer: Optimizer,
    /** Names of the variables that it trains, in order. */
    readonly trained: readonly string[],
  ) {}

  /**
   * Records loss, gradients and update on the request's tape and compiles them. Fetches: "loss", "crossEntropy0"..., one a
   * clone, "regularization/NAME" and "gradient/NAME" for each variable NAME that has them, and the request's own.
   * Gradients are those of the loss without regularization, which the update adds; with precision "f16", of the scaled loss.
   */
  static async compile(gpu: Gpu, request: TrainingStepRequest): Promise<TrainingStep> {
    const { tape, optimizer, precision, trains = () => true } = request;
    const loss = classificationLoss(request.clones, request.regularizationLosses, request);
    const trainable = [...tape.variables.values()].filter((v) => v.trainable && trains(v.name));
    const lossScale = precision === "f16" ? lossScaleOf(tape) : undefined;
    const found = gradients(loss.data, trainable.map((v) => v.value), lossScale?.scale);
    const trained = trainable.map((v, i) => [v.name, found[i]] as const).filter((
      pair,
    ): pair is [string, Value] => !!pair[1]);
    if (trained.length === 0) {
      throw new RangeError(
        "Cannot train: none of the variables chosen bears on the loss; check trainable_scopes",
      );
    }
    const decays = new Map(
      request.regularizationLosses.filter((r) => trains(r.variable)).map((r) => [r.variable, r.decay]),
    );
    const crossEntropies = loss.crossEntropies.map((value, i) => [`crossEntropy${i}`, value]);
    const regularization = request.regularizationLosses.map((r) => [`regularization/${r.variable}`, r.value]);
    const gradientFetches = trained.map(([name, value]) => [`gradient/${name}`, value]);
    const parameters = new Parameters(gpu, tape.variables);
    try {
      const { rule, options } = optimizer;
      const program = await compile(gpu, tape, {
        label: "training step",
        precision,
        fetches: {
          ...request.fetches,
          ...request.record?.(loss.total),
          loss: loss.total,
          ...Object.fromEntries([...crossEntropies, ...regularization, ...gradientFetches]),
        },
        updates: [
          { rule, options, rate: tape.feed("rate", [1]), values: new Map(trained), decays, lossScale },
          ...movingAverageUpdates(tape, request.movingAverages ?? []),
        ],
        parameters,
      });
      return new TrainingStep(program, parameters, optimizer, trained.map(([name]) => name));
    } catch (error) {
      parameters.destroy();
      throw error;
    }
  }

  /** Submits one step on the batch that was fed. `step` counts from 0. */
  run(step: number, learningRate: number): void {
    this.program.feed("rate", new Float32Array([this.optimizer.rate(learningRate, step)]));
    if (this.program.takes("step")) this.program.feed("step", new Uint32Array([step]));
    this.program.run();
  }

  /** Frees the device memory of program and parameters. */
  destroy(): void {
    this.program.destroy();
    this.parameters.destroy();
  }
}
