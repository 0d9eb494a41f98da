/**
 * Plans the operands of products: images, matrices and kernels copied into k-major order.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { type Gather, quarters } from "./gemm.ts";
import { defineKernel, type Kernel, sizeOf, spread } from "./kernel.ts";
import { rearrange } from "./rearrange.ts";
import type { Window } from "./window.ts";
import columnsCode from "./image_columns.wgsl" with { type: "text" };
import rowsCode from "./image_rows.wgsl" with { type: "text" };
import transposeCode from "./transpose.wgsl" with { type: "text" };

/** Stores of four channels of four places. */
const fourStores = [..."xyzw"].map((v, i) => `y[at + ${i}u * panel] = vec4f(a.${v}, b.${v}, c.${v}, d.${v});`)
  .join("\n  ");
const columnsKernel: Kernel = defineKernel("image_columns", columnsCode);
const columnsKernel4: Kernel = defineKernel(
  "image_columns_4",
  columnsCode.replace("alias V = f32;", "alias V = vec4f;").replace("width = 1u", "width = 4u")
    .replace("y[at] = vec4f(a, b, c, d); // one channel", fourStores),
);
const rowsKernel: Kernel = defineKernel("image_rows", rowsCode);
const transposeKernel: Kernel = defineKernel("transpose", transposeCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [columnsKernel, columnsKernel4, rowsKernel, transposeKernel];

/** Elements of a channel slice: what one invocation of image_columns copies at each tap. */
const SLICE = 64;
/** Blocks of four rows that one invocation of the transposition copies, as in its text. */
const BLOCKS = 8;

/** Vec4 of places in a panel, as in image_columns.wgsl. */
const PANEL = 16;

/** Elements of what {@linkcode imageColumns} writes. */
export function panelsSize(k: number, count: number): number {
  return k * 4 * PANEL * Math.ceil(quarters(count) / PANEL);
}

/** Where the left operand [k, count] lies that {@linkcode imageColumns} writes: in panels of places. */
export function panels(k: number): Gather {
  return {
    rows: { dims: [1, PANEL], strides: [k * PANEL, 0, 1] },
    dims: [1, Math.max(1, k)],
    strides: [0, 0, PANEL],
  };
}

/** The geometry that both image kernels share. */
function geometry({ size, out, stride, rate, pad, kernel }: Window) {
  return { size, out, stride, rate, pad, tapColumns: kernel[1] };
}

/** Emits y: what each tap of the window meets at `count` of its places, from `first` on, in the order that
 * {@linkcode panels} describes. */
export function imageColumns<T>(
  e: Emitter<T>,
  g: Window,
  { first, count }: { first: number; count: number },
  b: { x: T; y: T },
): void {
  const isWide = g.channels % 4 === 0, width = isWide ? 4 : 1, channels = g.channels / width;
  const m4 = quarters(count), slice = SLICE / width, slices = Math.ceil(channels / slice);
  const k = sizeOf(g.kernel) * g.channels, invocations = m4 * slices * g.kernel[0];
  e.emit({
    kernel: isWide ? columnsKernel4 : columnsKernel,
    params: {
      ...geometry(g),
      ...{ channels, slice, slices, first, m4, k, count: invocations },
      last: g.n * sizeOf(g.out) - 1,
    },
    buffers: [b.x, b.y],
    writes: [1],
    workgroups: spread(Math.ceil(invocations / 64)),
    work: 8 * sizeOf(g.kernel) * g.channels * count,
  });
}

/** Emits y [places, ceil4(taps * channels)]: what the window meets at each of its places. */
export function imageRows<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  const k = sizeOf(g.kernel) * g.channels, count = g.n * sizeOf(g.out);
  e.emit({
    kernel: rowsKernel,
    params: { ...geometry(g), channels: g.channels, k, k4: quarters(k), count },
    buffers: [b.x, b.y],
    writes: [1],
    workgroups: spread(Math.ceil(count / 64)),
    work: 8 * k * count,
  });
}

/** Emits y [rows, ceil4(columns)] from x [rows, columns]: rows of whole vec4, their ends 0. */
export function padRows<T>(e: Emitter<T>, rows: number, columns: number, b: { x: T; y: T }): void {
  const one = [1, 1] as const, none = [0, 0] as const;
  imageRows(e, {
    n: rows,
    size: one,
    channels: columns,
    kernel: one,
    stride: one,
    rate: one,
    pad: none,
    out: one,
  }, b);
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
