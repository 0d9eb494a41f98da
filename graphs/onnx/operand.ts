/**
 * What ONNX's names stand for while a model is put on a tape: values, each with the order of its dimensions, and constants.
 *
 * ONNX's images are [n, channels, height, width], the tape's [n, height, width, channels]. A value keeps the order in which it
 * was computed, and is transposed only where an operation needs another one.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { reshape } from "../../tape/ops/pointwise.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { transpose } from "../../tape/ops/arrange.ts";
import type { Shape, Value } from "../../tape/tape.ts";

/** For each dimension of the tape's value, the dimension of ONNX's that it is. */
export type Axes = readonly number[];
/** The order of images on the tape. */
export const imageAxes: Axes = [0, 2, 3, 1];

/** A value of the tape under ONNX's name. */
export interface Activation {
  readonly kind: "activation";
  readonly value: Value;
  readonly axes: Axes;
}

/** Values that are known before anything runs; they are read when they are needed. */
export interface Constant {
  readonly kind: "constant";
  readonly name: string;
  readonly shape: Shape;
  /** Row-major. Integers come as float64. */
  readonly read: () => Float32Array | Float64Array;
}

/** What a name stands for. */
export type Operand = Activation | Constant;

/** A constant of a few numbers, such as a shape. */
export function constantOf(
  name: string,
  values: readonly number[],
  shape: Shape = [values.length],
): Constant {
  return { kind: "constant", name, shape, read: () => Float64Array.from(values) };
}

/** Shape as ONNX has it. */
export function shapeOf(operand: Operand): Shape {
  if (operand.kind === "constant") return operand.shape;
  const shape = new Array<number>(operand.axes.length);
  operand.axes.forEach((axis, d) => shape[axis] = operand.value.shape[d]);
  return shape;
}

/** ONNX's own order of dimensions. */
export function plainAxes(rank: number): Axes {
  return Array.from({ length: rank }, (_, d) => d);
}

/** Dimensions that stay together are moved as one: ranges of them, in their new order. */
function runs(order: readonly number[], shape: Shape): number[][] {
  const groups: number[][] = [];
  for (const d of order) {
    if (shape[d] === 1) continue;
    const last = groups.at(-1), before = last?.at(-1);
    const isNext = before !== undefined && d > before &&
      shape.slice(before + 1, d).every((size) => size === 1);
    if (isNext) last!.push(d);
    else groups.push([d]);
  }
  return groups;
}

/** A value with its dimensions in that order. Where no element moves, that is a new shape and no copy. */
export function arranged({ value, axes }: Activation, wanted: Axes, scope: string): Value {
  if (wanted.join() === axes.join()) return value;
  const order = wanted.map((axis) => axes.indexOf(axis)), groups = runs(order, value.shape);
  const shape = order.map((d) => value.shape[d]);
  if (groups.length <= 1) return reshape(value, shape, { scope });
  const sorted = groups.toSorted(([a], [b]) => a - b);
  const merged = reshape(value, sorted.map((group) => sizeOf(group.map((d) => value.shape[d]))), { scope });
  return reshape(transpose(merged, groups.map((group) => sorted.indexOf(group)), { scope }), shape, {
    scope,
  });
}

/** Images [n, height, width, channels]. */
export function images(x: Activation, scope: string): Value {
  if (x.axes.length !== 4) {
    throw new TypeError(`its input has ${x.axes.length} dimensions, and images have 4`);
  }
  return arranged(x, imageAxes, scope);
}

/** A value in ONNX's own order. */
export function plain(x: Activation, scope: string): Value {
  return arranged(x, plainAxes(x.axes.length), scope);
}

/** The order of a value with one of ONNX's dimensions last, the others as they are. */
export function withLast({ axes }: Activation, axis: number): Axes {
  return [...axes.filter((a) => a !== axis), axis];
}
