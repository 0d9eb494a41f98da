/** Reference files of nets: what they hold, and the formulas of the weights and labels that they do not hold. */
import { sizeOf } from "../../kernels/kernel.ts";
import { hash32 } from "../../random/philox.ts";
import { randomValues, unit } from "./_formula.ts";

/** A variable as its file lists it. */
export type VariableEntry = readonly [name: string, shape: number[], trainable: boolean];

/** Samples of an end point. */
export interface EndPoint {
  name: string;
  shape: number[];
  idx: number[];
  min: number;
  max: number;
  mean64: number;
  std64: number;
  val64: number[];
}
/** Samples of a gradient. */
export interface Gradient {
  name: string;
  rms: number;
  rel: number;
  norm64: number;
  sum64: number;
  val64: number[];
}
/** Variables of a net, in order. */
export interface Variables {
  variables: VariableEntry[];
  parameters: number;
  trainable_parameters: number;
}
/** A forward pass. Numbers that end in 64 come from a run in float64. */
export interface Pass extends Partial<Variables> {
  image_size: number;
  batch: number;
  input_shape: number[];
  kwargs: Record<string, unknown>;
  logits_shape: number[];
  logits64?: number[];
  Predictions64?: number[];
  update_ops: number;
  end_points: EndPoint[];
  noise: { end_points_max: number };
}
/** A forward and backward pass. */
export interface TrainingPass extends Pass {
  label_smoothing: number;
  labels: number[];
  losses: Record<string, number>;
  losses64: Record<string, number>;
  regularization_losses: [variable: string, loss: number][];
  gradients: Gradient[];
  moving: unknown[];
  zero_gradients: string[];
  noise: { end_points_max: number; total_loss: number; gradient_rel_p90: number };
}
/** A reference file. */
export interface NetFile extends Variables {
  net: string;
  gain: number;
  beta_offset?: number;
  prefix: string;
  input_name: string;
  labels_name: string;
  default_image_size: number;
  num_classes: number;
  weight_decay: number;
  kwargs?: Record<string, unknown>;
  hparams?: Record<string, unknown>;
  via?: string;
  eval: Pass;
  train?: TrainingPass;
}

/** A variable by its formula; `name` without prefix. */
export function fill(file: NetFile, name: string, shape: readonly number[]): Float32Array {
  const size = sizeOf(shape), seed = hash32(file.prefix + name), part = name.slice(name.lastIndexOf("/") + 1);
  const around = (middle: number, spread: number) =>
    Float32Array.from({ length: size }, (_, i) => middle + spread * (2 * unit(seed, i) - 1));
  const scaled = (fanIn: number) => randomValues(file.prefix + name, size, file.gain * Math.sqrt(3 / fanIn));
  switch (part) {
    case "weights":
    case "pointwise_weights":
      return scaled(sizeOf(shape.slice(0, -1)));
    case "depthwise_weights":
      return scaled(shape[0] * shape[1]);
    case "biases":
    case "moving_mean":
      return around(0, 0.1);
    case "beta":
      return around(file.beta_offset ?? 0, 0.1);
    case "gamma":
      return around(1, 0.2);
    case "moving_variance":
      return around(1, 0.5);
  }
  throw new Error(`there is no formula for ${name}`);
}

/** Labels by their formula. */
export function labelsOf(file: NetFile, count: number): Int32Array {
  const seed = hash32(file.labels_name);
  return Int32Array.from({ length: count }, (_, n) => Math.floor(unit(seed, n) * file.num_classes));
}

/** Root mean square. */
export function rms(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((a, v) => a + v * v, 0) / values.length);
}
