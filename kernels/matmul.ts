/**
 * Plans matrix products in all four transpositions.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { transpose } from "./columns.ts";
import { type Emitter, WINDOW_UNIT } from "./emitter.ts";
import type { Epilogue } from "./epilogue.ts";
import { packRows } from "./fours.ts";
import { gemm } from "./gemm.ts";
import { quarters } from "./kernel.ts";
import { rowRanges, unitOf } from "./rearrange.ts";
import { matrixWindow } from "./window.ts";

/** y [m, n] = epilogue(op(a) op(b)), op transposing where asked: a is [m, k] or [k, m], b is [k, n] or [n, k]. */
export interface MatmulPlan<T> extends Epilogue<T> {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: T;
  readonly transposeA?: boolean;
  readonly b: T;
  readonly transposeB?: boolean;
  readonly y: T;
}

/** The transpose of `x` [rows, columns], with rows of whole vec4, and rows of zeros up to a multiple of four. */
function packTransposed<T>(e: Emitter<T>, x: T, rows: number, columns: number): T {
  const wide = 4 * quarters(columns), packed = e.scratch(wide * 4 * quarters(rows), x);
  transpose(e, packRows(e, x, rows, columns), packed, { rows, columns: wide });
  return packed;
}

/** Whether y is computed as the transpose of b aT: where transposing a and y moves less than transposing b. */
function isFlipped<T>(e: Emitter<T>, plan: MatmulPlan<T>): boolean {
  const { m, n, k } = plan, hasEpilogue = plan.bias ?? plan.normalization ?? plan.activation ?? plan.addend;
  const fits = !plan.transposeA && plan.transposeB && n % 4 === 0 && k > 0 && n * k <= e.limit;
  return Boolean(fits && !hasEpilogue && m * (n + k) < n * k);
}

/** Emits a matrix product. */
export function matmul<T>(e: Emitter<T>, plan: MatmulPlan<T>): void {
  if (isFlipped(e, plan)) {
    const { m, n, k, a, b, y } = plan, flipped = e.scratch(n * m);
    matmul(e, { m: n, n: m, k, a: b, b: a, transposeB: true, y: flipped });
    return transpose(e, flipped, y, { rows: n, columns: m });
  }
  const { m, n, k } = plan, hasRows = !plan.transposeA && k > 0;
  const a = hasRows ? packRows(e, plan.a, m, k) : packRows(e, plan.a, k, m),
    rows = hasRows ? matrixWindow(m, 4 * quarters(k)) : undefined;
  if (!plan.transposeB) return gemm(e, { ...plan, a, rows, b: packRows(e, plan.b, k, n) });
  if (n * k <= e.limit) return gemm(e, { ...plan, a, rows, b: packTransposed(e, plan.b, n, k) });
  const unit = plan.bias ? WINDOW_UNIT : Math.max(4, unitOf(k));
  for (const { first, count } of rowRanges(e, n, k, unit)) { // some columns of y at a time
    const part = e.window(plan.b, first * k, count * k), b = packTransposed(e, part, count, k);
    const bias = plan.bias && e.window(plan.bias, first, count);
    gemm(e, {
      ...plan,
      n: count,
      a,
      rows,
      b,
      bias,
      scatter: { base: first, dims: [1, m], strides: [0, 0, n] },
    });
  }
}
