/**
 * Plans sums over the rows of a matrix: bias gradients, means, and sums of products.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, specialize, spread } from "./kernel.ts";
import text from "./column_sum.wgsl" with { type: "text" };

const code = specialize(text);
const one: Kernel = defineKernel("column_sum", code);
const four: Kernel = defineKernel("column_sum_4", code.replace("alias V = f32;", "alias V = vec4f;"));
/** The kernels of this file: for single columns, and for columns in fours. */
export const kernels: readonly Kernel[] = [one, four];

/** Rows that one invocation adds; a power keeps the number of passes small and the rounding of long sums low. */
const CHUNK = 128;

/** Columns that a single one is split into, at most: neighbours are then read together. */
const SPLIT = 128;

/**
 * Emits y [groups, columns] = factor * sum over rows of x [groups, rows, columns], each times that of `by` if it is given. That
 * may be x itself, which is then read once.
 */
export function columnSum<T>(
  e: Emitter<T>,
  rows: number,
  columns: number,
  b: { x: T; by?: T; y: T },
  options: { factor?: number; groups?: number } = {},
): void {
  const { groups = 1 } = options, width = columns % 4 === 0 ? 4 : 1;
  const split = Math.min(SPLIT, rows & -rows); // a power of two that divides the rows
  if (groups === 1 && columns === 1 && split >= 4 && rows > CHUNK) {
    const parts = e.scratch(split);
    columnSum(e, rows / split, split, { ...b, y: parts });
    return columnSum(e, split, 1, { x: parts, y: b.y }, options);
  }
  let { x, by } = b, left = rows;
  do {
    const chunks = Math.max(1, Math.ceil(left / CHUNK)), last = chunks === 1;
    const y = last ? b.y : e.scratch(groups * chunks * columns);
    e.emit({
      kernel: width === 4 ? four : one,
      params: {
        groups,
        rows: left,
        columns: columns / width,
        chunk: Math.max(1, Math.ceil(left / chunks)),
        chunks,
        kind: by === undefined ? 0 : by === x ? 2 : 1,
        factor: last ? options.factor ?? 1 : 1,
      },
      buffers: [x, by ?? x, y],
      writes: [2],
      workgroups: spread(Math.ceil(groups * chunks * columns / width / 64)),
      work: groups * left * columns,
    });
    x = y;
    left = last ? 0 : chunks;
    by = undefined;
  } while (left > 0);
}
