/**
 * Plans the operands of products: images, matrices and kernels copied into rows of whole vec4.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, quarters, sizeOf, specialize, spread } from "./kernel.ts";
import { rearrange } from "./rearrange.ts";
import type { Window } from "./window.ts";
import rowsCode from "./image_rows.wgsl" with { type: "text" };
import transposeCode from "./transpose.wgsl" with { type: "text" };

const rowsKernel: Kernel = defineKernel("image_rows", specialize(rowsCode));
const transposeKernel: Kernel = defineKernel("transpose", transposeCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [rowsKernel, transposeKernel];

/** Places of a window that one invocation copies, at most; fewer where they would leave the adapter idle. */
const PLACES = 8;

/** Blocks of four rows that one invocation of the transposition copies, as in its text. */
const BLOCKS = 8;

/** Emits y [places, ceil4(taps * channels)]: what the window meets at each of its places, or at `count` from `first` on. */
export function imageRows<T>(
  e: Emitter<T>,
  g: Window,
  b: { x: T; y: T },
  { first, count } = { first: 0, count: g.n * sizeOf(g.out) },
): void {
  const { size, out, stride, rate, pad, kernel, channels } = g, k = sizeOf(kernel) * channels;
  const rowRuns = rate[1] === 1 ? 1 : kernel[1]; // taps of a row that are neighbours are one run
  const places = Math.max(1, Math.min(PLACES, Math.floor(count / 64 / e.workgroups)));
  e.emit({
    kernel: rowsKernel,
    params: {
      ...{ size, out, stride, rate, pad, channels },
      run: kernel[1] / rowRuns * channels,
      runs: kernel[0] * rowRuns,
      rowRuns,
      runStep: rate[1] * channels,
      k4: quarters(k),
      first,
      count,
      places,
    },
    buffers: [b.x, b.y],
    writes: [1],
    workgroups: spread(Math.ceil(count / 64 / places)),
    work: 8 * k * count,
  });
}

/** Matrices [rows, columns] in x: `outer` times `inner` of them, at strides in elements. */
export interface Matrices {
  readonly rows: number;
  readonly columns: number;
  readonly outer?: { readonly count: number; readonly stride: number };
  readonly inner?: { readonly count: number; readonly stride: number };
  readonly base?: number;
}

/** Emits y [outer, inner, columns, ceil4(rows)]: the matrices transposed, one after another. */
export function transpose<T>(e: Emitter<T>, x: T, y: T, m: Matrices): void {
  const { rows, columns, base = 0 } = m, once = { count: 1, stride: 0 };
  const { outer = once, inner = once } = m, rows4 = quarters(rows);
  if ([columns, outer.stride, inner.stride, base].some((v) => v % 4 !== 0)) {
    return rearrange(e, x, y, {
      dims: [outer.count, inner.count, columns, 4 * rows4],
      size: [outer.count, inner.count, columns, rows],
      strides: [outer.stride, inner.stride, 1, columns],
      base,
    });
  }
  const steps = Math.ceil(rows4 / BLOCKS), count = outer.count * inner.count * columns / 4 * steps;
  e.emit({
    kernel: transposeKernel,
    params: {
      ...{ rows, rows4, steps, count },
      columns4: columns / 4,
      inner: inner.count,
      outerStride: outer.stride / 4,
      innerStride: inner.stride / 4,
      base: base / 4,
    },
    buffers: [x, y],
    writes: [1],
    workgroups: spread(Math.ceil(count / 64)),
    work: 8 * outer.count * inner.count * rows * columns,
  });
}
