/**
 * Plans copies of columns between matrices: concatenation and slices of channels, and rows of whole vec4.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Fours, type Kernel, specialize, spread } from "./kernel.ts";
import code from "./copy_columns.wgsl" with { type: "text" };

const text = specialize(code);
const one: Kernel = defineKernel("copy_columns", text);
const four: Kernel = defineKernel("copy_columns_4", text.replace("alias V = f32;", "alias V = vec4f;"));
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [one, four];

/** Elements that an invocation copies, at most; fewer where they would leave the adapter idle. */
const SEGMENT = 64, LEAST_SEGMENT = 4;

/** Columns of a matrix: how many it has in all, and the first one meant. */
export interface Columns<T> {
  readonly matrix: T;
  readonly stride: number;
  readonly first: number;
}

/** Emits a copy of `columns` columns of each of `rows` rows, and zeros after them up to `width`; the rest of `to` stays. */
export function copyColumns<T>(
  e: Emitter<T>,
  rows: number,
  columns: number,
  from: Columns<T>,
  to: Columns<T>,
  { width = columns, fours }: { width?: number; fours?: Fours<T> } = {},
): void {
  const numbers = {
    ...{ columns, width, xStride: from.stride, xFirst: from.first },
    ...{ yStride: to.stride, yFirst: to.first },
  };
  const isWide = Object.values(numbers).every((n) => n % 4 === 0), each = isWide ? 4 : 1;
  const params = Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, n / each]));
  const busy = Math.floor(rows * width / each / 64 / 2 / e.workgroups);
  const most = Math.max(LEAST_SEGMENT, Math.min(SEGMENT, busy));
  const segments = Math.ceil(params.width / most), segment = Math.ceil(params.width / segments);
  e.emit({
    kernel: isWide ? four : one,
    params: { ...params, segment, segments, count: rows * segments },
    buffers: [from.matrix, to.matrix],
    writes: [1],
    fours,
    workgroups: spread(Math.ceil(rows * segments / 64)),
    work: 4 * rows * columns,
  });
}
