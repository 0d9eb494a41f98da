/**
 * The layers of TF-Slim: variables, operations and end points, recorded at a scope.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { DropoutOptions } from "../kernels/dropout.ts";
import type { Pair } from "../kernels/window.ts";
import { pair } from "../kernels/window.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { batchNorm, batchNormInference } from "../tape/ops/batch_norm.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../tape/ops/depthwise_conv2d.ts";
import { dropout, dropPath } from "../tape/ops/dropout.ts";
import { softmax } from "../tape/ops/losses.ts";
import { localResponseNormalization } from "../tape/ops/lrn.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { avgPool2d, maxPool2d } from "../tape/ops/pool.ts";
import { relu } from "../tape/ops/activations.ts";
import { biasAdd, reshape } from "../tape/ops/pointwise.ts";
import type { Tape, Value } from "../tape/tape.ts";
import type {
  ActivationFunction,
  ArgScope,
  BatchNormArguments,
  Conv2dArguments,
  DropoutArguments,
  DropPathArguments,
  LayerArguments,
  OutputArguments,
  Pool2dArguments,
  SeparableConv2dArguments,
} from "./arguments.ts";
import { constant, xavier, zeros } from "./initializers.ts";
import { Scope } from "./scope.ts";

/** Options that name the layer's own scope. */
type Named<A> = A & { readonly scope: string };

const ones = constant(1);

/** A place in a net where layers are recorded. */
export class Layers extends Scope {
  /**
   * The outermost scope of a net. `seed` is that of the run: it decides initial values and random masks. Batch normalization
   * of scopes that `keepsStatistics` names uses and keeps its moving statistics in training.
   */
  static root(tape: Tape, seed = 0, keepsStatistics: (scope: string) => boolean = () => false): Layers {
    const collections = { endPoints: new Map(), regularizationLosses: new Map(), movingAverages: new Map() };
    return new Layers({ tape, seed, keepsStatistics, ...collections, identities: [], randoms: 0 }, "", {});
  }

  protected override at(name: string, args: ArgScope): this {
    return new Layers(this.shared, name, args) as this;
  }

  /** 2-D convolution, as `slim.conv2d`: `weights` [kh, kw, in, out], then `BatchNorm/...` or `biases`. */
  conv2d(x: Value, numOutputs: number, kernelSize: Pair, options: Named<Conv2dArguments>): Value {
    const a = { ...this.args.conv2d, ...options }, s = this.scope(options.scope);
    const { stride, rate, padding, weightDecay: decay } = a;
    const shape = [...pair(kernelSize), x.shape[3], numOutputs];
    const weights = s.variable("weights", shape, { initialize: a.weightsInitializer ?? xavier, decay });
    return s.#finish(conv2d(x, weights, { stride, rate, padding, scope: s.name }), a);
  }

  /**
   * Depthwise, then pointwise convolution, as `slim.separable_conv2d`: `depthwise_weights` [kh, kw, in, multiplier],
   * `pointwise_weights` [1, 1, in * multiplier, out], then `BatchNorm/...` or `biases`. `numOutputs` null: depthwise alone.
   */
  separableConv2d(
    x: Value,
    numOutputs: number | null,
    kernelSize: Pair,
    options: Named<SeparableConv2dArguments>,
  ): Value {
    const a = { ...this.args.separableConv2d, ...options }, s = this.scope(options.scope);
    const { stride, rate, padding, weightDecay: decay, weightsInitializer: initialize = xavier } = a;
    const multiplier = a.depthMultiplier ?? 1, shape = [...pair(kernelSize), x.shape[3], multiplier];
    const depthwise = s.variable("depthwise_weights", shape, { initialize, decay });
    const pointwise = numOutputs === null ? undefined : s.variable(
      "pointwise_weights",
      [1, 1, x.shape[3] * multiplier, numOutputs],
      { initialize: a.pointwiseInitializer ?? initialize, decay },
    );
    const y = depthwiseConv2d(x, depthwise, { stride, rate, padding, scope: s.name });
    return s.#finish(pointwise ? conv2d(y, pointwise, { scope: s.name }) : y, a);
  }

  /** Fully connected layer over the last dimension, as `slim.fully_connected`: `weights` [in, out], then as conv2d. */
  fullyConnected(x: Value, numOutputs: number, options: Named<LayerArguments>): Value {
    const a = { ...this.args.fullyConnected, ...options }, s = this.scope(options.scope), scope = s.name;
    const inputs = x.shape[x.shape.length - 1], rows = sizeOf(x.shape) / inputs;
    const weights = s.variable("weights", [inputs, numOutputs], {
      initialize: a.weightsInitializer ?? xavier,
      decay: a.weightDecay,
    });
    const flat = x.shape.length === 2 ? x : reshape(x, [rows, inputs], { scope });
    const y = s.#finish(matmul(flat, weights, { scope }), a);
    return x.shape.length === 2 ? y : reshape(y, [...x.shape.slice(0, -1), numOutputs], { scope });
  }

  /**
   * Batch normalization over all but the last dimension (Ioffe and Szegedy 2015), as `slim.batch_norm`: `gamma`, `beta`,
   * `moving_mean` and `moving_variance`, each [channels].
   */
  batchNorm(x: Value, options: Named<BatchNormArguments>): Value {
    const a = { ...this.args.batchNorm, ...options }, s = this.scope(options.scope), scope = s.name;
    const { decay = 0.999, epsilon = 0.001 } = a;
    const isTraining = (a.isTraining ?? true) && !this.shared.keepsStatistics(scope);
    const shape = x.shape.slice(-1);
    const gamma = a.scale ? s.variable("gamma", shape, { initialize: ones }) : undefined;
    const beta = a.center ?? true ? s.variable("beta", shape, { initialize: zeros }) : undefined;
    const mean = s.variable("moving_mean", shape, { initialize: zeros, trainable: false });
    const variance = s.variable("moving_variance", shape, { initialize: ones, trainable: false });
    if (!isTraining) {
      return activate(
        batchNormInference(x, { mean, variance, beta, gamma }, { epsilon, scope }),
        a.activation,
        scope,
      );
    }
    const normalized = batchNorm(x, { beta, gamma }, { epsilon, scope });
    s.follow("moving_mean", normalized.mean, decay);
    s.follow("moving_variance", normalized.variance, decay);
    return activate(normalized.y, a.activation, scope);
  }

  /** Max pooling; see {@linkcode maxPool2d}. */
  maxPool2d(x: Value, kernelSize: Pair, options: Named<Pool2dArguments>): Value {
    const { collect, ...a } = { ...this.args.maxPool2d, ...options }, scope = this.path(options.scope);
    return this.#collect(maxPool2d(x, kernelSize, { ...a, scope }), scope, { collect });
  }

  /** Average pooling; see {@linkcode avgPool2d}. */
  avgPool2d(x: Value, kernelSize: Pair, options: Named<Pool2dArguments>): Value {
    const { collect, ...a } = { ...this.args.avgPool2d, ...options }, scope = this.path(options.scope);
    return this.#collect(avgPool2d(x, kernelSize, { ...a, scope }), scope, { collect });
  }

  /**
   * Mean over height and width, as `tf.reduce_mean(x, [1, 2], keepdims=True)`: [n, 1, 1, channels]. With `keepDims` false it is
   * on the caller to drop the two dimensions.
   */
  globalPool(x: Value, options: { scope: string; keepDims?: boolean }): Value {
    const kernel = [x.shape[1], x.shape[2]] as const;
    return avgPool2d(x, kernel, {
      stride: 1,
      mean: { keepDims: options.keepDims ?? true },
      scope: this.path(options.scope),
    });
  }

  /** Local response normalization; see {@linkcode localResponseNormalization}. */
  lrn(
    x: Value,
    options: { depthRadius: number; bias: number; alpha: number; beta: number; scope: string },
  ): Value {
    return localResponseNormalization(x, { ...options, scope: this.path(options.scope) });
  }

  /** [n, ...] as [n, product of the rest], as `slim.flatten`. */
  flatten(x: Value, { scope = "Flatten" }: { scope?: string } = {}): Value {
    return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))], { scope: this.path(scope), kind: "flatten" });
  }

  /** [n, 1, 1, channels] as [n, channels], as `tf.squeeze(x, [1, 2])`. */
  squeeze(x: Value, options: { scope: string }): Value {
    const scope = this.path(options.scope), [n, h, w, c] = x.shape;
    if (h === 1 && w === 1) return reshape(x, [n, c], { scope, kind: "squeeze" });
    throw new RangeError(
      `Cannot squeeze [${x.shape}] in ${scope}: height and width must be 1; ` +
        "use another image size, spatialSqueeze: false or globalPool: true",
    );
  }

  /** Dropout in training, nothing otherwise, as `slim.dropout`. The mask follows the fed `step`. */
  dropout(x: Value, options: Named<DropoutArguments>): Value {
    const { keepProb = 0.5, ...a } = { ...this.args.dropout, ...options };
    const y = this.#drop(x, keepProb, a, (step, mask) => dropout(x, step, mask));
    return a.isTraining ?? true ? y : this.scope(a.scope).identity("Identity", y);
  }

  /**
   * Drop path in training, nothing otherwise; see {@linkcode dropPath}. It keeps an example with probability
   * 1 - cellRatio * stepRatio * (1 - keepProb), where stepRatio = min(1, step / totalTrainingSteps): version v3 of TF-Slim's
   * `_apply_drop_path`. Whether it is training is what the arg scope says of dropout.
   */
  dropPath(
    x: Value,
    { keepProb, cellRatio = 1, totalTrainingSteps, scope }: Named<DropPathArguments>,
  ): Value {
    const { isTraining } = this.args.dropout ?? {};
    return this.#drop(x, keepProb, { isTraining, scope }, (step, { keep, ...mask }) => {
      const last = 1 - cellRatio * (1 - keep);
      return dropPath(x, step, { keep: last, burnInSteps: totalTrainingSteps, ...mask });
    });
  }

  /** Softmax over the last dimension. */
  softmax(x: Value, options: { scope: string }): Value {
    return softmax(x, { scope: this.path(options.scope) });
  }

  /** What `record` records in training; x itself otherwise. */
  #drop(
    x: Value,
    keep: number,
    { isTraining = true, scope: name }: { isTraining?: boolean; scope: string },
    record: (step: Value, mask: DropoutOptions & { scope: string }) => Value,
  ): Value {
    const scope = this.path(name);
    if (!(keep > 0 && keep <= 1)) {
      throw new RangeError(`Cannot drop out in ${scope}: keepProb ${keep} is outside (0, 1]`);
    }
    if (!isTraining || keep === 1) return x;
    const step = this.tape.feed("step", [1], "u32");
    return record(step, { keep, operation: this.nextRandom(), seed: this.seed, scope });
  }

  /** Normalizer or biases, activation and end point of a layer; this scope is the layer's own. */
  #finish(x: Value, a: LayerArguments): Value {
    let y = x;
    if (a.normalizer === "batchNorm") y = this.batchNorm(x, { activation: null, scope: "BatchNorm" });
    else if (a.biasesInitializer !== null) {
      const biases = this.variable("biases", x.shape.slice(-1), {
        initialize: a.biasesInitializer ?? zeros,
        decay: a.biasesDecay,
      });
      y = biasAdd(x, biases, { scope: this.name });
    }
    return this.#collect(
      activate(y, a.activation === undefined ? relu : a.activation, this.name),
      this.name,
      a,
    );
  }

  #collect(y: Value, path: string, { collect = false }: OutputArguments): Value {
    return collect ? this.endPoint(path, y) : y;
  }
}

function activate(x: Value, activation: ActivationFunction | null | undefined, scope: string): Value {
  return activation ? activation(x, { scope }) : x;
}
