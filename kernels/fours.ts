/**
 * Plans rows of whole vec4, which kernels read and write fastest: where channels or columns do not come in fours, operations work
 * on copies of their operands with zeros at the ends of rows, and the results lose their ends.
 *
 * What an operation leaves in fours, the next one may read so: the emitter remembers which copies there are.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { copyColumns } from "./copy_columns.ts";
import type { Emitter } from "./emitter.ts";
import type { Epilogue } from "./epilogue.ts";
import { type Fours, quarters, sizeOf } from "./kernel.ts";
import type { Window } from "./window.ts";

/** The emitter for an operation in fours, of whose work a part is not on zeros. */
export function withoutZeros<T>(e: Emitter<T>, part: number, whole: number): Emitter<T> {
  return { ...e, emit: (launch) => e.emit({ ...launch, work: Math.round(launch.work * part / whole) }) };
}

/** Emits `columns` numbers of each of `rows` rows of x, and zeros up to `width`, as rows of y; each has a stride. */
function copyRows<T>(
  e: Emitter<T>,
  [rows, columns]: readonly [number, number],
  [x, xStride]: readonly [T, number],
  [y, yStride]: readonly [T, number],
  options: { width?: number; fours?: Fours<T> } = {},
): void {
  const from = { matrix: x, stride: xStride, first: 0 }, to = { matrix: y, stride: yStride, first: 0 };
  copyColumns(e, rows, columns, from, to, options);
}

/** `x` [rows, columns] with rows of whole vec4: a copy where they are not. */
export function packRows<T>(e: Emitter<T>, x: T, rows: number, columns: number): T {
  if (columns % 4 === 0) return x;
  const known = e.inFours(x, columns);
  if (known) return known;
  const width = 4 * quarters(columns), wide = e.scratch(rows * width, x);
  copyRows(e, [rows, columns], [x, columns], [wide, width], { width, fours: { narrow: x, wide, columns } });
  return wide;
}

/** Emits y [rows, columns] from x, whose rows are whole vec4: without their ends, which are zeros where `isClean`. */
export function cutRows<T>(
  e: Emitter<T>,
  rows: number,
  columns: number,
  { x, y }: { x: T; y: T },
  { isClean = false } = {},
): void {
  const fours = isClean ? { narrow: y, wide: x, columns } : undefined;
  copyRows(e, [rows, columns], [x, 4 * quarters(columns)], [y, columns], { fours });
}

/** Emits y [rows, columns] from what `compute` emits in fours, with zeros made of zeros. */
export function computeInFours<T>(
  e: Emitter<T>,
  [rows, columns]: readonly [number, number],
  y: T,
  compute: (y: T) => void,
): void {
  if (columns % 4 === 0) return compute(y);
  const wide = e.scratch(rows * 4 * quarters(columns), y);
  compute(wide);
  cutRows(e, rows, columns, { x: wide, y }, { isClean: true });
}

/** Weights [taps, channels, outputs], both in fours. */
export function packWeights<T>(e: Emitter<T>, w: T, taps: number, channels: number, outputs: number): T {
  const rows = packRows(e, w, taps * channels, outputs), outputs4 = 4 * quarters(outputs);
  if (channels % 4 === 0) return rows;
  const columns = channels * outputs4,
    width = 4 * quarters(channels) * outputs4,
    wide = e.scratch(taps * width, w);
  copyRows(e, [taps, columns], [rows, columns], [wide, width], { width });
  return wide;
}

/** Emits w [taps, channels, outputs] from x, where both come in fours. */
export function cutWeights<T>(
  e: Emitter<T>,
  [taps, channels, outputs]: readonly [number, number, number],
  { x, y }: { x: T; y: T },
): void {
  const outputs4 = 4 * quarters(outputs),
    columns = channels * outputs4,
    stride = 4 * quarters(channels) * outputs4;
  const rows = outputs % 4 === 0 ? y : e.scratch(taps * columns, x);
  copyRows(e, [taps, columns], [x, stride], [rows, columns]);
  if (rows !== y) cutRows(e, taps * channels, outputs, { x: rows, y });
}

/** An epilogue of sums [rows, columns] in fours: it makes zeros of zeros. */
export function packEpilogue<T>(
  e: Emitter<T>,
  plan: Epilogue<T>,
  rows: number,
  columns: number,
): Epilogue<T> {
  const { bias, normalization: norm, addend, activation, factor } = plan;
  const vector = (v: T) => packRows(e, v, 1, columns);
  return {
    ...{ activation, factor },
    bias: bias && vector(bias),
    normalization: norm && {
      ...{
        mean: vector(norm.mean),
        variance: vector(norm.variance),
        gamma: norm.gamma && vector(norm.gamma),
      },
      epsilon: norm.epsilon,
    },
    addend: addend && packRows(e, addend, rows, columns),
  };
}

/** A convolution over channels and outputs in fours, and what makes operands of it. */
export function widened<T>(e: Emitter<T>, g: Window, outputs: number) {
  const taps = sizeOf(g.kernel), { n, channels } = g;
  const channels4 = 4 * quarters(channels), outputs4 = 4 * quarters(outputs);
  return {
    e: withoutZeros(e, channels * outputs, channels4 * outputs4),
    g: { ...g, channels: channels4 },
    outputs: outputs4,
    pixels: (x: T) => packRows(e, x, n * sizeOf(g.size), channels),
    places: (y: T) => packRows(e, y, n * sizeOf(g.out), outputs),
    weights: (w: T) => packWeights(e, w, taps, channels, outputs),
  };
}
