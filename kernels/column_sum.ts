/**
 * Plans sums over the rows of a matrix: bias gradients, means, and sums of products.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import code from "./column_sum.wgsl" with { type: "text" };

const kernel: Kernel = defineKernel("column_sum", code);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [kernel];

/** Rows that one invocation adds; a power keeps the number of passes small and the rounding of long sums low. */
const CHUNK = 128;

/** Emits y [groups, columns] = factor * sum over rows of x [groups, rows, columns], each times that of `by` if it is given. */
export function columnSum<T>(
  e: Emitter<T>,
  rows: number,
  columns: number,
  b: { x: T; by?: T; y: T },
  options: { factor?: number; groups?: number } = {},
): void {
  const { groups = 1 } = options;
  let { x, by } = b, left = rows;
  do {
    const chunks = Math.max(1, Math.ceil(left / CHUNK)), last = chunks === 1;
    const y = last ? b.y : e.scratch(groups * chunks * columns);
    e.emit({
      kernel,
      params: {
        groups,
        rows: left,
        columns,
        chunk: Math.max(1, Math.ceil(left / chunks)),
        chunks,
        weighted: by === undefined ? 0 : 1,
        factor: last ? options.factor ?? 1 : 1,
      },
      buffers: [x, by ?? x, y],
      writes: [2],
      workgroups: spread(Math.ceil(groups * chunks * columns / 64)),
      work: groups * left * columns,
    });
    x = y;
    left = last ? 0 : chunks;
    by = undefined;
  } while (left > 0);
}
