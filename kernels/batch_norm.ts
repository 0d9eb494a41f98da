/**
 * Plans batch normalization and its gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { type Activation, ACTIVATIONS, passing } from "./epilogue.ts";
import { defineKernel, type Kernel, type ParamValues, spread } from "./kernel.ts";
import { rowRanges } from "./rearrange.ts";
import combineCode from "./batch_norm_combine.wgsl" with { type: "text" };
import gradientCode from "./batch_norm_gradient.wgsl" with { type: "text" };
import sumsCode from "./batch_norm_gradient_sums.wgsl" with { type: "text" };
import momentsCode from "./batch_norm_moments.wgsl" with { type: "text" };
import normalizeCode from "./batch_norm_normalize.wgsl" with { type: "text" };

/** One kernel for any number of columns, one for columns in fours. */
type Widths = readonly [one: Kernel, four: Kernel];

function widths(name: string, code: string): Widths {
  const four = code.replace("alias V = f32;", "alias V = vec4f;");
  return [defineKernel(name, code), defineKernel(`${name}_4`, four)];
}

const momentsKernel = widths("batch_norm_moments", momentsCode);
const combineKernel: Kernel = defineKernel("batch_norm_combine", combineCode);
const normalizeKernel = widths("batch_norm_normalize", normalizeCode);
const sumsKernel = widths("batch_norm_gradient_sums", sumsCode);
const gradientKernel = widths("batch_norm_gradient", gradientCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  ...momentsKernel,
  combineKernel,
  ...normalizeKernel,
  ...sumsKernel,
  ...gradientKernel,
];

/** Rows that one invocation adds up, and chunks that one puts together: short sums round little. */
const CHUNK = 128;

/** A matrix [rows, columns]; columns are channels. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
}

/** Columns in what a kernel takes at once. */
function widthOf(columns: number): number {
  return columns % 4 === 0 ? columns / 4 : columns;
}

/**
 * Rows that one invocation normalizes: it reads its column's numbers once for all, which takes as long as several rows; but
 * there must be enough invocations.
 */
function stepsOf({ rows, columns }: Extent): number {
  return Math.min(64, Math.max(8, Math.ceil(rows * widthOf(columns) / 2 ** 11)));
}

/** Mean and either inverse standard deviation or, where `epsilon` is given, variance; each [columns]. */
export interface Statistics<T> {
  readonly mean: T;
  readonly spread: T;
  readonly epsilon?: number;
}

/** Emits a launch for each part of the rows; `of` gives the part's window of a matrix [rows, columns]. */
function launch<T>(
  e: Emitter<T>,
  [one, four]: Widths,
  extent: Extent,
  rowsEach: number,
  params: ParamValues,
  buffers: (of: (matrix: T) => T, chunks: (sums: T, width: number) => T) => T[],
): void {
  const { rows, columns } = extent, width = widthOf(columns);
  for (const { first, count } of rowRanges(e, rows, columns, 32 * CHUNK)) {
    const isWhole = count === rows, chunks = Math.ceil(count / CHUNK);
    const bound = buffers(
      (matrix) => isWhole ? matrix : e.window(matrix, first * columns, count * columns),
      (sums, each) => isWhole ? sums : e.window(sums, first / CHUNK * each, chunks * each),
    );
    e.emit({
      kernel: width < columns ? four : one,
      params: { rows: count, columns: width, ...params },
      buffers: bound,
      writes: [bound.length - 1],
      workgroups: spread(Math.ceil(Math.ceil(count / rowsEach) * width / 64)),
      work: 4 * count * columns,
    });
  }
}

/** What shifts and scales the normalized values, each [columns]. */
interface Variables<T> {
  readonly beta?: T;
  readonly gamma?: T;
}

/** How a kernel is told what it normalizes by. */
function normalization<T>({ epsilon }: Statistics<T>, { beta, gamma }: Variables<T>) {
  return {
    hasBeta: beta === undefined ? 0 : 1,
    hasGamma: gamma === undefined ? 0 : 1,
    isVariance: epsilon === undefined ? 0 : 1,
    epsilon: epsilon ?? 0,
  };
}

/** The buffers that go with {@linkcode normalization}. */
function columnsOf<T>({ mean, spread }: Statistics<T>, { beta, gamma }: Variables<T>): T[] {
  return [mean, spread, beta ?? mean, gamma ?? mean];
}

/**
 * Emits what puts the two numbers of each chunk of rows together, of `parts` [chunks, 2, columns]: into the mean, the inverse standard
 * deviation and the unbiased variance, or, without `epsilon`, into sums [2, columns] and each of the two.
 */
function combine<T>(
  e: Emitter<T>,
  { rows, columns }: Extent,
  parts: T,
  results: readonly [combined: T, first: T, second: T],
  epsilon?: number,
): void {
  let chunks = Math.ceil(rows / CHUNK), size = CHUNK, from = parts;
  for (let groups = 0; groups !== 1; chunks = groups) {
    groups = Math.ceil(chunks / CHUNK);
    const isGradient = epsilon === undefined, [last, ...others] = results;
    const combined = groups === 1 ? last : e.scratch(2 * groups * columns);
    const group = isGradient ? Math.ceil(chunks / groups) : CHUNK; // moments need chunks of one size
    e.emit({
      kernel: combineKernel,
      params: {
        ...{ columns, chunks, size, rows, group, groups },
        isGradient: isGradient ? 1 : 0,
        epsilon: epsilon ?? 0,
      },
      buffers: [from, combined, ...others],
      writes: [1, 2, 3],
      workgroups: spread(Math.ceil(groups * columns / 64)),
      work: (isGradient ? 2 : 8) * chunks * columns,
    });
    from = combined;
    size *= CHUNK;
  }
}

/** Emits mean, inverse standard deviation and unbiased variance of each column of x [rows, columns]. */
export function batchNormMoments<T>(
  e: Emitter<T>,
  extent: Extent,
  epsilon: number,
  b: { x: T; mean: T; inverse: T; variance: T },
): void {
  const { rows, columns } = extent, moments = e.scratch(2 * Math.ceil(rows / CHUNK) * columns);
  launch(e, momentsKernel, extent, CHUNK, { chunk: CHUNK }, (of, chunks) => [
    of(b.x),
    chunks(moments, 2 * columns),
  ]);
  combine(e, extent, moments, [b.mean, b.inverse, b.variance], epsilon);
}

/** Emits y = activation((x - mean) / deviation * gamma + beta). */
export function batchNormNormalize<T>(
  e: Emitter<T>,
  extent: Extent,
  activation: Activation,
  s: Statistics<T>,
  b: { x: T; beta?: T; gamma?: T; y: T },
): void {
  const steps = stepsOf(extent);
  const params = { steps, activation: ACTIVATIONS[activation], ...normalization(s, b) };
  launch(e, normalizeKernel, extent, steps, params, (of) => [of(b.x), ...columnsOf(s, b), of(b.y)]);
}

/** Emits dbeta and dgamma, each [columns], and `sums`, one after the other. `dy` is the gradient for what the activation gives. */
export function batchNormParameterGradients<T>(
  e: Emitter<T>,
  extent: Extent,
  activation: Activation,
  s: Statistics<T>,
  b: { x: T; dy: T; beta?: T; gamma?: T; dbeta: T; dgamma: T; sums: T },
): void {
  const { rows, columns } = extent, parts = e.scratch(2 * Math.ceil(rows / CHUNK) * columns);
  const params = { chunk: CHUNK, ...normalization(s, b), ...passing(activation) };
  launch(e, sumsKernel, extent, CHUNK, params, (of, chunks) => [
    of(b.x),
    of(b.dy),
    ...columnsOf(s, b),
    chunks(parts, 2 * columns),
  ]);
  combine(e, extent, parts, [b.sums, b.dbeta, b.dgamma]);
}

/** Emits dx, given the sums of the gradients for the parameters where the statistics are the batch's own. */
export function batchNormInputGradient<T>(
  e: Emitter<T>,
  extent: Extent,
  activation: Activation,
  s: Statistics<T>,
  b: { x: T; dy: T; beta?: T; gamma?: T; sums?: T; dx: T },
): void {
  const { rows, columns } = extent, steps = stepsOf(extent);
  const ofSums = b.sums === undefined
    ? { share: 0, dgamma: 0 }
    : { share: 1 / rows, dgamma: widthOf(columns) };
  const params = { steps, ...ofSums, ...normalization(s, b), ...passing(activation) };
  launch(e, gradientKernel, extent, steps, params, (of) => [
    of(b.x),
    of(b.dy),
    ...columnsOf(s, b),
    b.sums ?? s.mean,
    of(b.dx),
  ]);
}
