/**
 * Plans matrix products in all four transpositions.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { padRows, transpose } from "./columns.ts";
import { type Emitter, WINDOW_UNIT } from "./emitter.ts";
import type { Epilogue } from "./epilogue.ts";
import { gemm, quarters } from "./gemm.ts";
import { rowRanges, unitOf } from "./rearrange.ts";

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

/**
 * An operand of a product as gemm wants it: [k, ceil4(length)]. It is `x` itself where x is [k, length] in whole vec4, else a
 * copy; with `transposed`, x is [length, k].
 */
export function packOperand<T>(e: Emitter<T>, x: T, k: number, length: number, transposed = false): T {
  if (!transposed && length % 4 === 0) return x;
  const length4 = 4 * quarters(length), packed = e.scratch(k * length4, x);
  if (transposed) transpose(e, x, packed, { rows: length, columns: k });
  else padRows(e, k, length, { x, y: packed });
  return packed;
}

/** Emits a matrix product. */
export function matmul<T>(e: Emitter<T>, plan: MatmulPlan<T>): void {
  const { m, n, k } = plan, a = packOperand(e, plan.a, k, m, !plan.transposeA);
  if (!plan.transposeB || n * k <= e.limit) {
    return gemm(e, { ...plan, a, b: packOperand(e, plan.b, k, n, plan.transposeB) });
  }
  const unit = plan.bias ? WINDOW_UNIT : Math.max(4, unitOf(k));
  for (const { first, count } of rowRanges(e, n, k, unit)) { // some columns of y at a time
    const part = e.window(plan.b, first * k, count * k), b = packOperand(e, part, k, count, true);
    const bias = plan.bias && e.window(plan.bias, first, count);
    gemm(e, { ...plan, n: count, a, b, bias, scatter: { base: first, dims: [1, m], strides: [0, 0, n] } });
  }
}
