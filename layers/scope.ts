/**
 * Scopes: what TF-Slim calls variable scope, arg scope and layers, as values instead of global stacks.
 *
 * A scope knows where names begin (`LeNet/conv1`), which defaults its layers take, and where end points and regularization
 * losses are collected. `scope()` and `with()` give children; nothing is changed behind the caller's back.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Padding, Pair } from "../kernels/window.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { dropout } from "../tape/ops/dropout.ts";
import { l2Loss, softmax } from "../tape/ops/losses.ts";
import { localResponseNormalization } from "../tape/ops/lrn.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { avgPool2d, maxPool2d, type Pool2dOptions } from "../tape/ops/pool.ts";
import { biasAdd, relu, reshape } from "../tape/ops/pointwise.ts";
import type { Shape, Tape, Value } from "../tape/tape.ts";
import { type Initializer, xavier, zeros } from "./initializers.ts";

/** A function from tape values to tape values, such as `relu`. */
export type ActivationFunction = (x: Value, options?: { scope?: string }) => Value;

/** Arguments of a layer with weights. */
export interface LayerArguments {
  /** Null: linear. @default {relu} */
  readonly activation?: ActivationFunction | null;
  readonly weightsInitializer?: Initializer;
  readonly biasesInitializer?: Initializer;
  /** Factor of `l2_regularizer` on the weights; 0 records no loss at all, as in TF-Slim. @default {0} */
  readonly weightDecay?: number;
}

/** Arguments of a convolution. Padding is "SAME" unless said otherwise. */
export interface Conv2dArguments extends LayerArguments {
  readonly stride?: Pair;
  readonly rate?: Pair;
  readonly padding?: Padding;
}

/** Defaults for layers: what `slim.arg_scope` sets. */
export interface ArgScope {
  readonly conv2d?: Conv2dArguments;
  readonly fullyConnected?: LayerArguments;
}

/** One variable's contribution to the loss. */
export interface RegularizationLoss {
  readonly variable: string;
  /** factor * sum(w^2) / 2, shape []. */
  readonly value: Value;
}

/** What all scopes of one net share. */
interface Shared {
  readonly tape: Tape;
  readonly seed: number;
  readonly endPoints: Map<string, Value>;
  readonly regularizationLosses: Map<string, RegularizationLoss>;
  dropouts: number;
}

/** A place in a net where layers are recorded. */
export class Scope {
  readonly name: string;
  readonly #shared: Shared;
  readonly #args: ArgScope;

  private constructor(shared: Shared, name: string, args: ArgScope) {
    this.#shared = shared;
    this.name = name;
    this.#args = args;
  }

  /** The outermost scope of a net. `seed` is that of the run: it decides initial values and dropout masks. */
  static root(tape: Tape, seed = 0): Scope {
    const shared = { tape, seed, endPoints: new Map(), regularizationLosses: new Map(), dropouts: 0 };
    return new Scope(shared, "", {});
  }

  /** The tape that layers are recorded on. */
  get tape(): Tape {
    return this.#shared.tape;
  }

  /** Named values of the net, in order of recording. */
  get endPoints(): ReadonlyMap<string, Value> {
    return this.#shared.endPoints;
  }

  /** In order of the variables' creation. */
  get regularizationLosses(): readonly RegularizationLoss[] {
    return [...this.#shared.regularizationLosses.values()];
  }

  /** A child scope: names below it begin with this one's. */
  scope(name: string): Scope {
    return new Scope(this.#shared, this.#path(name), this.#args);
  }

  /** The same place with other defaults; those not named stay. */
  with(args: ArgScope): Scope {
    return new Scope(this.#shared, this.name, {
      conv2d: { ...this.#args.conv2d, ...args.conv2d },
      fullyConnected: { ...this.#args.fullyConnected, ...args.fullyConnected },
    });
  }

  /** Records an end point and returns it. */
  endPoint(name: string, value: Value): Value {
    this.#shared.endPoints.set(name, value);
    return value;
  }

  /** 2-D convolution with bias and activation, as `slim.conv2d`: variables `weights` [kh, kw, in, out] and `biases`. */
  conv2d(
    x: Value,
    numOutputs: number,
    kernelSize: Pair,
    options: Conv2dArguments & { scope: string },
  ): Value {
    const a = { ...this.#args.conv2d, ...options }, path = this.#path(options.scope);
    const [kh, kw] = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    const weights = this.#weights(path, [kh, kw, x.shape[3], numOutputs], a);
    const { stride, rate, padding } = a;
    return this.#finish(path, conv2d(x, weights, { stride, rate, padding, scope: path }), a);
  }

  /** Fully connected layer over the last dimension, as `slim.fully_connected`: `weights` [in, out] and `biases`. */
  fullyConnected(x: Value, numOutputs: number, options: LayerArguments & { scope: string }): Value {
    const a = { ...this.#args.fullyConnected, ...options }, path = this.#path(options.scope);
    const inputs = x.shape[x.shape.length - 1], rows = sizeOf(x.shape) / inputs;
    const weights = this.#weights(path, [inputs, numOutputs], a);
    const flat = x.shape.length === 2 ? x : reshape(x, [rows, inputs], { scope: path });
    const y = this.#finish(path, matmul(flat, weights, { scope: path }), a);
    return x.shape.length === 2 ? y : reshape(y, [...x.shape.slice(0, -1), numOutputs], { scope: path });
  }

  /** Max pooling; see {@linkcode maxPool2d}. */
  maxPool2d(x: Value, kernelSize: Pair, options: Pool2dOptions & { scope: string }): Value {
    return maxPool2d(x, kernelSize, { ...options, scope: this.#path(options.scope) });
  }

  /** Average pooling; see {@linkcode avgPool2d}. */
  avgPool2d(x: Value, kernelSize: Pair, options: Pool2dOptions & { scope: string }): Value {
    return avgPool2d(x, kernelSize, { ...options, scope: this.#path(options.scope) });
  }

  /** Local response normalization; see {@linkcode localResponseNormalization}. */
  lrn(
    x: Value,
    options: { depthRadius: number; bias: number; alpha: number; beta: number; scope: string },
  ): Value {
    return localResponseNormalization(x, { ...options, scope: this.#path(options.scope) });
  }

  /** [n, ...] as [n, product of the rest], as `slim.flatten`. */
  flatten(x: Value): Value {
    return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))], { scope: this.#path("Flatten") });
  }

  /** Dropout in training, nothing otherwise, as `slim.dropout`. The mask follows the fed `step`. */
  dropout(x: Value, options: { keepProb: number; isTraining: boolean; scope: string }): Value {
    const { keepProb: keep, isTraining } = options, scope = this.#path(options.scope);
    if (!(keep > 0 && keep <= 1)) {
      throw new RangeError(`Cannot drop out in ${scope}: keepProb ${keep} is outside (0, 1]`);
    }
    if (!isTraining || keep === 1) return x;
    const step = this.tape.feed("step", [1], "u32");
    return dropout(x, step, { keep, operation: this.#shared.dropouts++, seed: this.#shared.seed, scope });
  }

  /** Softmax over the last dimension. */
  softmax(x: Value, options: { scope: string }): Value {
    return softmax(x, { scope: this.#path(options.scope) });
  }

  #path(name: string): string {
    return this.name ? `${this.name}/${name}` : name;
  }

  #weights(path: string, shape: Shape, a: LayerArguments): Value {
    const name = `${path}/weights`, factor = a.weightDecay ?? 0;
    const value = this.tape.variable(name, shape, { initialize: a.weightsInitializer ?? xavier });
    const { regularizationLosses } = this.#shared;
    if (factor > 0 && !regularizationLosses.has(name)) {
      const scope = `${path}/kernel/Regularizer/l2_regularizer`;
      regularizationLosses.set(name, { variable: name, value: l2Loss(value, factor, { scope }) });
    }
    return value;
  }

  #finish(path: string, x: Value, a: LayerArguments): Value {
    const channels = x.shape[x.shape.length - 1];
    const biases = this.tape.variable(`${path}/biases`, [channels], {
      initialize: a.biasesInitializer ?? zeros,
    });
    const y = biasAdd(x, biases, { scope: path }),
      activation = a.activation === undefined ? relu : a.activation;
    return activation ? activation(y, { scope: path }) : y;
  }
}
