/**
 * A training step as one program: feeds, forward, backward, update.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { movingAverage } from "../kernels/optimizers.ts";
import type { MovingAverage, RegularizationLoss } from "../layers/scope.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { add } from "../tape/ops/pointwise.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Precision } from "../tape/plan.ts";
import type { Program } from "../tape/program.ts";
import type { Tape, Value } from "../tape/tape.ts";
import type { Update } from "../tape/updates.ts";
import { isOfLossScale, lossScaleOf } from "./loss_scale.ts";
import { type Clone, cloneLoss, sum } from "./losses.ts";
import { movingAverageUpdates, shadowRate, SHADOWS } from "./moving_averages.ts";
import type { Optimizer } from "./optimizers.ts";

/** A recorded copy of the net. */
export interface TrainedClone extends Clone {
  /** Those of the first clone count. */
  readonly regularizationLosses: readonly RegularizationLoss[];
  /** What batch normalization moves after each step; that of the first clone does, as in TF-Slim. */
  readonly movingAverages: readonly MovingAverage[];
}

/** What a training step is made of. */
export interface TrainingStepRequest {
  readonly tape: Tape;
  /** Each is recorded when its turn comes, after the gradients of the one before: so its activations can take their memory. */
  readonly clones: Iterable<TrainedClone>;
  /** @default {1} */
  readonly numClones?: number;
  readonly optimizer: Optimizer;
  readonly labelSmoothing?: number;
  /** Largest norm of all gradients together, weight decay aside; left out: any. */
  readonly clipNorm?: number;
  /** Decay of the variables' moving averages; left out: there are none. */
  readonly movingAverageDecay?: number;
  /** Which trainable variables to train. Left out: all of them. */
  readonly trains?: (name: string) => boolean;
  /** How images lie between operations; with "f16" the loss is scaled. @default {"f32"} */
  readonly precision?: Precision;
  /** Records more from the total loss: further values to read after a run, by name. */
  readonly record?: (loss: Value) => Readonly<Record<string, Value>>;
}

/** A compiled training step and the parameters that it changes. */
export class TrainingStep {
  private constructor(
    readonly program: Program,
    readonly parameters: Parameters,
    readonly optimizer: Optimizer,
    /** Names of the net's variables, in order. */
    readonly variables: readonly string[],
    /** Names of the variables that it trains, in order. */
    readonly trained: readonly string[],
    readonly movingAverageDecay?: number,
  ) {}

  /**
   * Records loss, gradients and update on the request's tape and compiles them. Fetches: "loss", "crossEntropy0"..., one a
   * clone, "regularization/NAME" and "gradient/NAME" for each variable NAME that has them, and what the request records.
   * "firstBad" is the number of the first step with a gradient that was not finite, counted from 1, or 0: such steps are left
   * out, unless the loss is scaled, where they are a matter of course.
   * Gradients are those of the loss without regularization, which the update adds; with precision "f16", of the scaled loss.
   */
  static async compile(gpu: Gpu, request: TrainingStepRequest): Promise<TrainingStep> {
    const { tape, optimizer, precision, movingAverageDecay, clipNorm, numClones } = request;
    const recorded = recordClones(request), { first, losses, gradients: values, lossScale } = recorded;
    if (!first || values.size === 0) {
      throw new RangeError(
        "Cannot train: none of the variables chosen bears on the loss; check trainable_scopes",
      );
    }
    const { regularizationLosses: regularization, movingAverages } = first;
    const total = sum([...losses.map(({ value }) => value), ...regularization.map((r) => r.value)]);
    const variables = [...tape.variables.values()].filter((v) => !isOfLossScale(v.name));
    const decays = new Map(
      regularization.filter((r) => values.has(r.variable)).map((r) => [r.variable, r.decay]),
    );
    const { rule, options } = optimizer, rate = tape.feed("rate", [2]);
    const watch = { step: tape.feed("step", [1], "u32"), firstBad: tape.state("first bad step", [1]) };
    const updates: Update[] = [
      { rule, options, rate, values, decays, treatment: { watch, lossScale, clipNorm } },
      ...movingAverageUpdates(tape, movingAverages),
    ];
    if (movingAverageDecay !== undefined) {
      const all = new Map(variables.map((v) => [v.name, v.value])), shadows = { name: SHADOWS, initial: 0 };
      updates.push({
        rule: movingAverage,
        options: {},
        rate: tape.feed("shadowRate", [1]),
        values: all,
        shadows,
      });
    }
    const fetches: Record<string, Value> = {
      ...request.record?.(total),
      loss: total,
      firstBad: watch.firstBad,
    };
    losses.forEach(({ crossEntropy }, i) => fetches[`crossEntropy${i}`] = crossEntropy);
    for (const { variable, value } of regularization) fetches[`regularization/${variable}`] = value;
    for (const [name, value] of values) fetches[`gradient/${name}`] = value;
    if (losses.length !== (numClones ?? 1)) {
      throw new RangeError(
        `Cannot train: ${losses.length} clones were recorded, and numClones is ${numClones ?? 1}`,
      );
    }
    const parameters = new Parameters(gpu, tape.variables);
    try {
      const program = await compile(gpu, tape, {
        label: "training step",
        precision,
        fetches,
        updates,
        parameters,
      });
      const names = variables.map((v) => v.name);
      return new TrainingStep(program, parameters, optimizer, names, [...values.keys()], movingAverageDecay);
    } catch (error) {
      parameters.destroy();
      throw error;
    }
  }

  /** What is kept beside the variables: pairs of a variable and a slot. */
  get slots(): [variable: string, slot: string][] {
    const shadowed = this.movingAverageDecay === undefined ? [] : this.variables;
    return [
      ...this.trained.flatMap((name) =>
        this.optimizer.rule.slots.map((s): [string, string] => [name, s.name])
      ),
      ...shadowed.map((name): [string, string] => [name, SHADOWS]),
    ];
  }

  /** Lets the moving averages of the variables begin at the variables' values. */
  startMovingAverages(): void {
    if (this.movingAverageDecay !== undefined) this.parameters.copy("", SHADOWS);
  }

  /** Submits one step on the batch that was fed. `step` counts from 0. */
  run(step: number, learningRate: number): void {
    const { program, optimizer, movingAverageDecay } = this;
    program.feed("rate", Float32Array.of(optimizer.rate(learningRate, step), learningRate));
    program.feed("step", Uint32Array.of(step));
    if (movingAverageDecay !== undefined) {
      program.feed("shadowRate", Float32Array.of(shadowRate(movingAverageDecay, step)));
    }
    program.run();
  }

  /** Frees the device memory of program and parameters. */
  destroy(): void {
    this.program.destroy();
    this.parameters.destroy();
  }
}

/** Records each clone's loss and gradients; gradients are added up as they come. */
function recordClones(
  { tape, clones, numClones, labelSmoothing, trains = () => true, precision }: TrainingStepRequest,
) {
  const losses: ReturnType<typeof cloneLoss>[] = [], sums = new Map<string, Value>();
  let first: TrainedClone | undefined, lossScale: ReturnType<typeof lossScaleOf> | undefined;
  for (const clone of clones) {
    first ??= clone;
    if (precision === "f16") lossScale ??= lossScaleOf(tape);
    const loss = cloneLoss(clone, { labelSmoothing, numClones });
    losses.push(loss);
    const trainable = [...tape.variables.values()].filter((v) => v.trainable && trains(v.name));
    const found = gradients(loss.value, trainable.map((v) => v.value), lossScale?.scale);
    trainable.forEach(({ name }, i) => {
      const gradient = found[i], sum = sums.get(name);
      if (gradient) sums.set(name, sum ? add(sum, gradient, { scope: `gradients/${name}` }) : gradient);
    });
  }
  return { first, losses, gradients: sums, lossScale };
}
