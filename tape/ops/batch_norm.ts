/**
 * Batch normalization, by the batch in training and by moving averages in inference, with its gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  batchNormInputGradient,
  batchNormMoments,
  batchNormNormalize,
  batchNormParameterGradients,
  type Extent,
} from "../../kernels/batch_norm.ts";
import type { Activation, Epilogue } from "../../kernels/epilogue.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import {
  defineOperation,
  type GradientContext,
  type Node,
  type Operation,
  type Shape,
  type Value,
} from "../tape.ts";
import { activationGradientOf } from "./activations.ts";

interface Attributes {
  readonly epsilon: number;
  /** Whether beta and gamma are among the inputs: after x and, in inference, mean and variance; beta first. */
  readonly center: boolean;
  readonly scale: boolean;
}

/** What shifts and scales the normalized values, each [channels]; left out: 0 and 1. */
export interface BatchNormVariables {
  readonly beta?: Value;
  readonly gamma?: Value;
}

function extentOf(shape: Shape): Extent {
  const columns = shape[shape.length - 1];
  return { rows: sizeOf(shape) / columns, columns };
}

/** Beta and gamma among the last inputs of an operation. */
function variablesOf<T>(inputs: readonly T[], { center, scale }: Attributes): { beta?: T; gamma?: T } {
  const last = inputs.length - 1;
  return {
    beta: center ? inputs[last - (scale ? 1 : 0)] : undefined,
    gamma: scale ? inputs[last] : undefined,
  };
}

function checked([x, ...rest]: readonly Shape[]): Shape {
  if (x.length < 2) throw new RangeError("the input needs at least 2 dimensions [..., channels]");
  const channels = x[x.length - 1];
  if (rest.some((shape) => shape.length !== 1 || shape[0] !== channels)) {
    throw new RangeError(`all operands but the first need one value for each of ${channels} channels`);
  }
  return x;
}

const training: Operation<Attributes> = defineOperation<Attributes>({
  name: "batchNorm",
  infer: (shapes) => {
    const x = checked(shapes), channels = x.slice(-1);
    return [x, channels, channels, channels];
  },
  gradient: (context) => {
    const { outputs: [, mean, , inverse] } = context;
    return record(context, { mean, spread: inverse, isTraining: true });
  },
  lower: (
    e,
    { inputs, outputs: [y, mean, variance, inverse], attributes, epilogue: { activation = "none" } },
  ) => {
    const [x] = inputs, extent = extentOf(x.shape);
    batchNormMoments(e, extent, attributes.epsilon, { x, mean, inverse, variance });
    const variables = variablesOf(inputs, attributes);
    batchNormNormalize(e, extent, activation, { mean, spread: inverse }, { x, ...variables, y });
  },
  epilogue: () => "activation",
});

const inference: Operation<Attributes> = defineOperation<Attributes>({
  name: "batchNormInference",
  infer: (shapes) => [checked(shapes)],
  gradient: (context) => {
    const { inputs: [, mean, variance] } = context,
      [dx, ...rest] = record(context, {
        mean,
        spread: variance,
        isTraining: false,
      });
    return [dx, undefined, undefined, ...rest];
  },
  lower: (e, { inputs, outputs: [y], attributes, epilogue: { activation = "none" } }) => {
    const [x, mean, variance] = inputs, { epsilon } = attributes;
    const statistics = { mean, spread: variance, epsilon };
    batchNormNormalize(e, extentOf(x.shape), activation, statistics, {
      x,
      ...variablesOf(inputs, attributes),
      y,
    });
  },
  epilogue: () => "activation",
});

/** Whether an operation normalizes by the batch's own statistics, which magnifies the rounding of what it takes. */
export function isBatchNormByBatch(operation: Operation<unknown>): boolean {
  return operation === training as Operation<unknown>;
}

/** Batch normalization by given statistics as part of a dense kernel's epilogue; undefined where a node is something else. */
export function normalizationOf({ operation, inputs, attributes }: Node): Epilogue<Value> | undefined {
  if (operation !== inference as Operation<unknown>) return;
  const a = attributes as Attributes, [, mean, variance] = inputs, { beta, gamma } = variablesOf(inputs, a);
  return { bias: beta, normalization: { mean, variance, gamma, epsilon: a.epsilon } };
}

/** What the gradients need to know beside their operands: x, dy, mean, spread, in training the sums, beta and gamma. */
interface GradientAttributes extends Attributes {
  readonly isTraining: boolean;
  /** What follows and passes on what it does of dy. */
  readonly activation: Activation;
}

/**
 * Records the gradients for x, beta and gamma. `spread` is the batch's inverse standard deviation, or a given variance.
 *
 * Where an activation alone follows, they take the gradient for its output, and its own gradient remains unused: the kernels
 * here compute what it passes on, for less than it takes to write and read it.
 */
function record(
  { node, inputs, outputs, gradients: [given], attributes, wanted }: GradientContext<Attributes>,
  { mean, spread, isTraining }: { mean: Value; spread: Value; isTraining: boolean },
): (Value | undefined)[] {
  if (!given) return [];
  const { scope } = node, [x] = inputs, { beta, gamma } = variablesOf(inputs, attributes), { tape } = x;
  const { activation, dy } = activationGradientOf(given, outputs[0]) ??
    { activation: "none" as const, dy: given };
  const a: GradientAttributes = { ...attributes, isTraining, activation };
  const variables = [...beta ? [beta] : [], ...gamma ? [gamma] : []];
  const [dbeta, dgamma, sums] = tape.apply(
    parameterGradients,
    [x, dy, mean, spread, ...variables],
    a,
    scope,
  );
  const follows = isTraining ? [sums] : []; // given statistics do not follow x
  const dx = wanted[0]
    ? tape.apply(inputGradient, [x, dy, mean, spread, ...follows, ...variables], a, scope)[0]
    : undefined;
  return [dx, ...attributes.center ? [dbeta] : [], ...attributes.scale ? [dgamma] : []];
}

function statistics(mean: Value, spread: Value, { isTraining, epsilon }: GradientAttributes) {
  return { mean, spread, ...isTraining ? {} : { epsilon } };
}

const parameterGradients: Operation<GradientAttributes> = defineOperation<GradientAttributes>({
  name: "batchNormParameterGradients",
  infer: ([, , mean]) => [mean, mean, [2, ...mean]],
  lower: (e, { inputs, outputs: [dbeta, dgamma, sums], attributes: a }) => {
    const [x, dy, mean, spread] = inputs;
    const operands = { x, dy, ...variablesOf(inputs, a), dbeta, dgamma, sums };
    const given = statistics(mean, spread, a);
    batchNormParameterGradients(e, extentOf(x.shape), a.activation, given, operands);
  },
});

const inputGradient: Operation<GradientAttributes> = defineOperation<GradientAttributes>({
  name: "batchNormInputGradient",
  infer: ([x]) => [x],
  lower: (e, { inputs, outputs: [dx], attributes: a }) => {
    const [x, dy, mean, spread, first] = inputs, sums = a.isTraining ? first : undefined;
    const operands = { x, dy, ...variablesOf(inputs, a), sums, dx };
    batchNormInputGradient(e, extentOf(x.shape), a.activation, statistics(mean, spread, a), operands);
  },
});

/**
 * Batch normalization by the batch's own mean and (biased) variance over all but the last dimension, as TF's
 * FusedBatchNormV3 in training: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
 *
 * @param x [..., channels]
 * @returns y, the batch's mean and its unbiased variance (divided by count - 1), which moving averages follow
 */
export function batchNorm(
  x: Value,
  variables: BatchNormVariables,
  { epsilon, scope }: { epsilon: number; scope?: string },
): { y: Value; mean: Value; variance: Value } {
  const { beta, gamma } = variables, a = { epsilon, center: !!beta, scale: !!gamma };
  const [y, mean, variance] = x.tape.apply(
    training,
    [x, ...beta ? [beta] : [], ...gamma ? [gamma] : []],
    a,
    scope,
  );
  return { y, mean, variance };
}

/**
 * Batch normalization by given mean and variance, each [channels]; neither gets a gradient.
 *
 * @param x [..., channels]
 * @returns the same shape
 */
export function batchNormInference(
  x: Value,
  { mean, variance, beta, gamma }: BatchNormVariables & { mean: Value; variance: Value },
  { epsilon, scope }: { epsilon: number; scope?: string },
): Value {
  const inputs = [x, mean, variance, ...beta ? [beta] : [], ...gamma ? [gamma] : []];
  return x.tape.apply(inference, inputs, { epsilon, center: !!beta, scale: !!gamma }, scope)[0];
}
