/**
 * Plans copies that change shape (rearrange.wgsl).
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, sizeOf, spread } from "./kernel.ts";
import code from "./rearrange.wgsl" with { type: "text" };

type Four = readonly [number, number, number, number];

/** See rearrange.wgsl: `dims` of the result, `low` where the source begins in it, `size` and `strides` of the source. */
export interface Rearrangement {
  readonly dims: Four;
  readonly low?: Four;
  readonly size?: Four;
  readonly strides: Four;
  readonly base?: number;
}

const kernel: Kernel = defineKernel("rearrange", code);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [kernel];

/** Emits y = rearranged x. Outputs that no source element maps to are 0. */
export function rearrange<T>(e: Emitter<T>, x: T, y: T, r: Rearrangement): void {
  const count = sizeOf(r.dims);
  e.emit({
    kernel,
    params: {
      dims: r.dims,
      low: r.low ?? [0, 0, 0, 0],
      size: r.size ?? r.dims,
      strides: r.strides,
      base: r.base ?? 0,
      count,
    },
    buffers: [x, y],
    writes: [1],
    workgroups: spread(Math.ceil(count / 256)),
    work: 2 * count,
  });
}

/** Row-major strides of a shape. */
export function stridesOf([, b, c, d]: Four): Four {
  return [b * c * d, c * d, d, 1];
}

/**
 * The right operand of a product as gemm wants it: [k, n] with rows of whole vec4. Returns `x` itself where it is that
 * already, else a packed copy. `strides` are those of x for (k, n).
 */
export function packOperand<T>(
  e: Emitter<T>,
  x: T,
  k: number,
  n: number,
  strides: readonly [number, number],
): T {
  if (n % 4 === 0 && strides[0] === n && strides[1] === 1) return x;
  const n4 = Math.ceil(n / 4) * 4, packed = e.scratch(k * n4);
  rearrange(e, x, packed, { dims: [1, 1, k, n4], size: [1, 1, k, n], strides: [0, 0, ...strides] });
  return packed;
}

/** Consecutive rows of a matrix. */
interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Rows of a matrix [rows, columns] in ranges that a binding can hold, each from a multiple of `unit` on. */
export function rowRanges<T>(e: Emitter<T>, rows: number, columns: number, unit: number): RowRange[] {
  if (rows * columns <= e.limit) return [{ first: 0, count: rows }];
  const most = Math.max(unit, Math.floor(e.limit / columns / unit) * unit); // the planner says where `unit` rows do not fit
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    return { first: i * most, count: Math.min(most, rows - i * most) };
  });
}

/** Parts of a matrix [rows, columns] that a binding can hold. */
export function rowParts<T>(
  e: Emitter<T>,
  x: T,
  rows: number,
  columns: number,
): (RowRange & { readonly part: T })[] {
  const unit = 64 / Math.min(64, columns & -columns); // windows begin at multiples of 64 elements
  return rowRanges(e, rows, columns, unit).map(({ first, count }) => {
    return { first, count, part: count === rows ? x : e.window(x, first * columns, count * columns) };
  });
}
