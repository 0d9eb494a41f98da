/**
 * Plans copies that change shape (rearrange.wgsl).
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Emitter, WINDOW_UNIT } from "./emitter.ts";
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

const one: Kernel = defineKernel("rearrange", code);
const four: Kernel = defineKernel("rearrange_4", code.replace("alias V = f32;", "alias V = vec4f;"));
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [one, four];

/** Emits y = rearranged x. Outputs that no source element maps to are 0. */
export function rearrange<T>(e: Emitter<T>, x: T, y: T, r: Rearrangement): void {
  const { dims, low = [0, 0, 0, 0], size = dims, strides, base = 0 } = r;
  const inner = [dims[3], low[3], size[3], base, ...strides.slice(0, 3)];
  const width = strides[3] === 1 && inner.every((v) => v % 4 === 0) ? 4 : 1;
  const last = (v: readonly number[]) => [...v.slice(0, 3), v[3] / width], count = sizeOf(dims) / width;
  e.emit({
    kernel: width === 4 ? four : one,
    params: {
      dims: last(dims),
      low: last(low),
      size: last(size),
      strides: [...strides.slice(0, 3).map((s) => s / width), strides[3]],
      base: base / width,
      count,
    },
    buffers: [x, y],
    writes: [1],
    workgroups: spread(Math.ceil(count / 256)),
    work: 2 * sizeOf(dims),
  });
}

/** Row-major strides of a shape. */
export function stridesOf([, b, c, d]: Four): Four {
  return [b * c * d, c * d, d, 1];
}

/** Consecutive rows of a matrix. */
interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Rows of a matrix after which a window may begin. */
export function unitOf(columns: number): number {
  return WINDOW_UNIT / Math.min(WINDOW_UNIT, columns & -columns);
}

/** Rows of a matrix [rows, columns] in ranges that a binding can hold, each from a multiple of `unit` on. */
export function rowRanges<T>(e: Emitter<T>, rows: number, columns: number, unit: number): RowRange[] {
  if (rows * columns <= e.limit) return [{ first: 0, count: rows }];
  const most = Math.max(unit, Math.floor(e.limit / columns / unit) * unit); // the planner says where `unit` rows do not fit
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    return { first: i * most, count: Math.min(most, rows - i * most) };
  });
}
