/**
 * ONNX's operators that only move values or give them another shape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../../kernels/kernel.ts";
import { concat, crop, pad, slice } from "../../tape/ops/arrange.ts";
import { reshape } from "../../tape/ops/pointwise.ts";
import { resizeBilinear } from "../../tape/ops/resize.ts";
import type { Shape } from "../../tape/tape.ts";
import { numbersOf, type OnnxNode } from "./node.ts";
import {
  type Activation,
  arranged,
  imageAxes,
  images,
  plain,
  plainAxes,
  shapeOf,
  withLast,
} from "./operand.ts";

/** Dimensions by their numbers, which may count from the end. */
export function axesOf(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => {
    const found = axis < 0 ? axis + rank : axis;
    if (Number.isInteger(found) && found >= 0 && found < rank) return found;
    throw new TypeError(`there is no dimension ${axis} among ${rank}`);
  });
}

/** The shape that `Reshape` gives: 0 stands for the dimension at its place, -1 for what is left. */
export function reshaped(node: OnnxNode, shape: Shape): Shape {
  const wanted = node.numbers(1, "shape") ?? [], keepsZero = node.integer("allowzero", 0) === 1;
  const sizes = wanted.map((size, d) => size === 0 && !keepsZero ? shape[d] : size);
  const rest = sizeOf(shape) / sizeOf(sizes.filter((size) => size !== -1));
  const result = sizes.map((size) => size === -1 ? rest : size);
  if (result.every((size) => Number.isInteger(size) && size > 0) && sizeOf(result) === sizeOf(shape)) {
    return result;
  }
  throw new TypeError(`its shape [${wanted}] does not fit values of shape [${shape}]`);
}

/** The shape without dimensions of 1: those named, or all. */
export function squeezed(node: OnnxNode, shape: Shape): Shape {
  const named = node.numbers(1, "axes");
  if (named === undefined) return shape.filter((size) => size !== 1);
  const axes = axesOf(named, shape.length);
  if (axes.every((axis) => shape[axis] === 1)) return shape.filter((_, d) => !axes.includes(d));
  throw new TypeError(`not all of the dimensions [${named}] of [${shape}] are 1`);
}

/** The shape with more dimensions of 1. */
export function unsqueezed(node: OnnxNode, shape: Shape): Shape {
  const named = node.numbers(1, "axes") ?? [], axes = axesOf(named, shape.length + named.length);
  if (new Set(axes).size !== axes.length) throw new TypeError(`its dimensions [${named}] come twice`);
  const rest = [...shape];
  return Array.from({ length: shape.length + axes.length }, (_, d) => axes.includes(d) ? 1 : rest.shift()!);
}

/** What `Slice` keeps of each dimension. */
export function sliceOf(node: OnnxNode, shape: Shape): { first: number; last: number }[] {
  const starts = node.numbers(1, "starts") ?? [], ends = node.numbers(2, "ends") ?? [];
  const axes = axesOf(node.numbers(3, "axes") ?? plainAxes(starts.length), shape.length);
  const steps = node.numbers(4) ?? [];
  if (starts.length !== axes.length || ends.length !== axes.length) {
    throw new TypeError(`its starts [${starts}] and ends [${ends}] are not one for each of [${axes}]`);
  }
  if (steps.some((step) => step !== 1)) throw new TypeError(`its steps [${steps}] are not supported, only 1`);
  const ranges = shape.map((size) => ({ first: 0, last: size }));
  axes.forEach((axis, i) => {
    const place = (p: number) => Math.min(shape[axis], Math.max(0, p < 0 ? p + shape[axis] : p));
    ranges[axis] = { first: place(starts[i]), last: place(ends[i]) };
  });
  return ranges;
}

/** A value in ONNX's own order under another shape. */
function viewed(node: OnnxNode, shape: Shape): Activation {
  const { scope } = node, value = reshape(plain(node.activation(0), scope), shape, { scope });
  return { kind: "activation", value, axes: plainAxes(shape.length) };
}

function flatten(node: OnnxNode): Activation {
  const shape = shapeOf(node.activation(0)), [axis] = axesOf([node.integer("axis", 1)], shape.length + 1);
  return viewed(node, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

/** No element moves: the dimensions get other names. */
function transpose(node: OnnxNode): Activation {
  const x = node.activation(0), rank = x.axes.length;
  const order = node.integers("perm", plainAxes(rank).toReversed());
  if (order.length !== rank || x.axes.some((axis) => !order.includes(axis))) {
    throw new TypeError(`its perm [${order}] does not fit ${rank} dimensions`);
  }
  return { ...x, axes: x.axes.map((axis) => order.indexOf(axis)) };
}

function join(node: OnnxNode): Activation {
  const { scope } = node, parts = node.inputs.map((_, i) => node.activation(i));
  const rank = parts[0].axes.length, [axis] = axesOf([node.integer("axis", 1)], rank);
  if (parts.some(({ axes }) => axes.length !== rank)) {
    throw new TypeError("its inputs have other numbers of dimensions");
  }
  const axes = withLast(parts[0], axis);
  return { kind: "activation", value: concat(parts.map((x) => arranged(x, axes, scope)), { scope }), axes };
}

function zeros(node: OnnxNode): Activation {
  const { scope } = node, mode = node.text("mode", "constant"), value = node.number(2, "value", 0);
  if (mode !== "constant" || value !== 0) throw new TypeError("only padding with zeros is supported");
  const x = images(node.activation(0), scope), pads = node.numbers(1, "pads") ?? [];
  const [n, c, top, left, n2, c2, bottom, right] = pads;
  if (pads.length !== 8 || [n, c, n2, c2].some((size) => size !== 0)) {
    throw new TypeError(`its pads [${pads}] are not supported, only those of height and width`);
  }
  return { kind: "activation", value: pad(x, { top, left, bottom, right, scope }), axes: imageAxes };
}

function cut(node: OnnxNode): Activation {
  const { scope } = node, x = node.activation(0), shape = shapeOf(x);
  const partial = sliceOf(node, shape).map((range, axis) => ({ ...range, axis }))
    .filter(({ first, last, axis }) => first > 0 || last < shape[axis]);
  if (shape.length !== 4 || partial.some(({ axis }) => axis < 2)) {
    return partial.reduce((x, { first, last, axis }) => {
      const axes = withLast(x, axis), value = slice(arranged(x, axes, scope), first, last - first, { scope });
      return { kind: "activation", value, axes };
    }, x);
  }
  const [rows, columns] = [2, 3].map((axis) =>
    partial.find((range) => range.axis === axis) ?? { first: 0, last: shape[axis] }
  );
  const margins = {
    top: rows.first,
    bottom: shape[2] - rows.last,
    left: columns.first,
    right: shape[3] - columns.last,
  };
  return { kind: "activation", value: crop(images(x, scope), { ...margins, scope }), axes: imageAxes };
}

/** `Split`: parts of given sizes, or as many equal ones as there are results; the last may be smaller. */
function split(node: OnnxNode): Activation[] {
  const { scope, results } = node, x = node.activation(0), shape = shapeOf(x);
  const [axis] = axesOf([node.integer("axis", 0)], shape.length), axes = withLast(x, axis);
  const value = arranged(x, axes, scope), equal = Math.ceil(shape[axis] / results);
  const sizes = node.numbers(1, "split") ??
    Array.from({ length: results }, (_, i) => Math.min(equal, shape[axis] - i * equal));
  if (sizes.length !== results || sizes.reduce((sum, size) => sum + size, 0) !== shape[axis]) {
    throw new TypeError(
      `its parts [${sizes}] do not make up dimension ${axis} of [${shape}] in ${results} results`,
    );
  }
  let first = 0;
  return sizes.map((size) => {
    const part = slice(value, first, size, { scope });
    first += size;
    return { kind: "activation", value: part, axes };
  });
}

/** A size made by a factor. Where the last cell is cut, pixels lie by the factor and not by the sizes, as they do here. */
function scaled(size: number, isCut: boolean): number {
  const whole = Math.floor(size + 1e-4); // factors are rounded
  if (!isCut && size - whole > 1e-4) {
    throw new TypeError(`a size of ${size} is no whole number, which is not supported`);
  }
  return whole;
}

/** `Resize`, and `Upsample` before it, of height and width. */
function resize(node: OnnxNode): Activation {
  const { scope } = node, mode = node.text("mode", "nearest"), x = images(node.activation(0), scope);
  if (mode !== "linear") throw new TypeError(`its mode ${mode} is not supported, only linear`);
  const isOld = node.opType === "Upsample" || node.opset < 11;
  const how = isOld ? "asymmetric" : node.text("coordinate_transformation_mode", "half_pixel");
  if (!["asymmetric", "align_corners", "half_pixel", "pytorch_half_pixel"].includes(how)) {
    throw new TypeError(`its coordinate_transformation_mode ${how} is not supported`);
  }
  const scales = node.optional(isOld ? 1 : 2), factors = scales?.shape[0] ? numbersOf(scales) : undefined;
  const [, h, w] = x.shape;
  const size = factors
    ? [h * factors[2], w * factors[3]].map((s) => scaled(s, how === "align_corners"))
    : (isOld ? undefined : node.numbers(3))?.slice(2) ?? [];
  if (size.length !== 2) throw new TypeError("its size is not that of an image");
  const options = { alignCorners: how === "align_corners", halfPixelCenters: how.endsWith("half_pixel") };
  const value = resizeBilinear(x, size as unknown as readonly [number, number], { ...options, scope });
  return { kind: "activation", value, axes: imageAxes };
}

/** By the names of the operators. */
export const shapeRules: Readonly<Record<string, (node: OnnxNode) => Activation | Activation[]>> = {
  Concat: join,
  Flatten: flatten,
  Pad: zeros,
  Reshape: (node) => viewed(node, reshaped(node, shapeOf(node.activation(0)))),
  Resize: resize,
  Slice: cut,
  Split: split,
  Squeeze: (node) => viewed(node, squeezed(node, shapeOf(node.activation(0)))),
  Transpose: transpose,
  Unsqueeze: (node) => viewed(node, unsqueezed(node, shapeOf(node.activation(0)))),
  Upsample: resize,
};
