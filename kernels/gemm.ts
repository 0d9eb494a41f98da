/**
 * Plans matrix products (gemm.wgsl), split over k where the output is too small to fill the adapter.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineWithEpilogue, type Epilogue, epilogueOf } from "./epilogue.ts";
import { cutRows, packRows } from "./fours.ts";
import { type Cover, cover, type Part } from "./gemm_tiles.ts";
import { type Kernel, type KernelCall, type ParamValues, quarters, spread } from "./kernel.ts";
import { rowRanges, unitOf } from "./rearrange.ts";
import type { Window } from "./window.ts";
import reduceCode from "./gemm_reduce.wgsl" with { type: "text" };

type Three = readonly [number, number, number];
type Two = readonly [number, number];

/** Where vec4 row m and step k of a left operand in steps lie, in vec4: three dimensions with a stride each. */
export interface Gather {
  readonly rows: { readonly dims: Two; readonly strides: Three };
  readonly dims: Two;
  readonly strides: Three;
}

/** Where row m of y goes: strides in elements, multiples of 4. */
export interface Scatter {
  readonly base: number;
  readonly dims: Two;
  readonly strides: Three;
}

/** Products of one shape, one after another in b and y, and in a `stride` vec4 apart. */
export interface Batches {
  readonly count: number;
  readonly stride: number;
}

/**
 * One product y [m, n] = epilogue(a b), or several. `b` is [k, ceil4(n)]: rows are whole vec4, as those of a `y` that is scattered
 * or holds several products. `a` lies in one of two layouts, see gemm_common.wgsl.
 */
export interface GemmPlan<T> extends Epilogue<T> {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Steps of k that are zeros, and so no work. @default {0} */
  readonly zeros?: number;
  readonly a: T;
  /** a is an image whose channels come in fours under this window, of {@linkcode MOST_TAPS} taps at most; or a matrix as one. */
  readonly rows?: Window;
  /** Without `rows`: where a's steps lie. Left out: a is [k, ceil4(m)]. */
  readonly steps?: Gather;
  readonly b: T;
  readonly y: T;
  /** Left out: y is [m, n]. */
  readonly scatter?: Scatter;
  readonly batches?: Batches;
}

/** Groups of four steps in a first sum, which costs as much as two groups, and first sums in a second. */
const GROUPS = { long: 40, short: 15, shortest: 5 }, CHUNKS = 16;

/** Taps of a window for which a row has a bit each, and one is left for steps past the last. */
export const MOST_TAPS = 31;

/** The least length of k that a part of a split sum keeps. */
const LEAST_SPLIT = 64;

const reduceKernel: Kernel = defineWithEpilogue("gemm_reduce", reduceCode);
/** The kernels of this file: tiles are in gemm_tiles.ts. */
export const kernels: readonly Kernel[] = [reduceKernel];

/** Emits a product. */
export function gemm<T>(e: Emitter<T>, plan: GemmPlan<T>): void {
  const { m, n } = plan;
  if (plan.scatter || plan.batches) return padded(e, plan);
  if (n % 4 === 0) {
    for (const { first, count } of rowRanges(e, m, n, Math.max(4, unitOf(n)))) {
      const part = (v: T) => count === m ? v : e.window(v, first * n, count * n);
      padded(e, { ...plan, addend: plan.addend && part(plan.addend), y: part(plan.y) }, first, count);
    }
    return;
  }
  const n4 = quarters(n), y = e.scratch(m * n4 * 4); // rows of whole vec4, then without their ends
  padded(e, { ...plan, addend: plan.addend && packRows(e, plan.addend, m, n), y });
  cutRows(e, m, n, { x: y, y: plan.y });
}

/** Far away: rows or steps that all lie one after another do not come to an end. */
const ENDLESS = 2 ** 32 - 1;

/** Parameters that say where a lies. */
function placesOf<T>({ m, rows, steps }: GemmPlan<T>, first: number): ParamValues {
  if (!rows) {
    const line = [1, ENDLESS] as const, m4 = quarters(m);
    const plain = { rows: { dims: line, strides: [0, 0, 1] }, dims: line, strides: [0, 0, m4] };
    const { rows: { dims, strides }, ...columns } = steps ?? plain;
    return {
      ...{ rowDims: dims, rowStrides: strides, columnDims: columns.dims, columnStrides: columns.strides },
      ...{
        rowFirst: first / 4,
        aBase: 0,
        size: [1, 1],
        stride: [1, 1],
        rate: [1, 1],
        pad: [0, 0],
        taps: [0, 0],
        tapRows: 0,
      },
    };
  }
  const { size, out, kernel: taps, stride, rate, pad, channels } = rows, [top, left] = pad;
  const pixel = channels / 4, row = size[1] * pixel;
  return {
    ...{ size, stride, rate, pad, taps, rowFirst: first },
    tapRows: Array.from({ length: taps[0] }, (_, row) => 2 ** (row * taps[1])).reduce((a, b) => a + b),
    rowDims: out,
    rowStrides: [size[0] * row, stride[0] * row, stride[1] * pixel],
    columnDims: [taps[1], pixel],
    columnStrides: [rate[0] * row, rate[1] * pixel, 1],
    aBase: -(top * row + left * pixel),
  };
}

/** Emits a product whose y has rows of whole vec4: `m` rows from row `first` of a on. */
function padded<T>(e: Emitter<T>, plan: GemmPlan<T>, first = 0, m = plan.m): void {
  const { n, k, scatter } = plan;
  const batches = plan.batches?.count ?? 1, n4 = quarters(n), layout = plan.rows ? "rows" : "steps";
  // Long sums never have a third level: their first sums are longer where k is.
  const isTwofold = e.sums === "long" || k <= 4 * GROUPS[e.sums] * CHUNKS;
  const { parts, usualTiles } = cover(e, layout, isTwofold, [m, n4, k, batches]);
  const ranges = batches > 1 || k === 0
    ? [{ first: 0, count: k }]
    : rowRanges(e, k, 4 * n4, Math.max(4, unitOf(4 * n4)));
  const pieces = ranges.length;
  const filling = Math.ceil(e.workgroups / (usualTiles * batches) / pieces);
  const most = Math.min(Math.floor(k / pieces / LEAST_SPLIT), Math.floor(e.limit / (4 * m * n4) / pieces));
  const splits = scatter || batches > 1 ? 1 : Math.max(1, Math.min(filling, most));
  const groups = Math.ceil(Math.max(...ranges.map(({ count }) => count)) / splits / 4) + 1;
  const chunk = Math.max(GROUPS[e.sums], e.sums === "long" ? Math.ceil(groups / CHUNKS) : 0);
  const sums = pieces * splits, isPartial = sums > 1, size4 = m * n4;
  const y = isPartial ? e.scratch(4 * sums * size4) : plan.y;
  for (const [piece, { first: kFirst, count: kCount }] of ranges.entries()) {
    const b = pieces === 1 ? plan.b : e.window(plan.b, kFirst * 4 * n4, kCount * 4 * n4);
    const epilogue = epilogueOf(isPartial ? {} : plan, b);
    const call = (
      { kernel, laneColumns, tilesM, tilesN }: Cover,
      { first: at, size: [height] }: Part,
    ): KernelCall => {
      const [x, rows] = spread(tilesM * tilesN);
      return {
        kernel,
        params: {
          ...{
            first: at,
            m: at[0] + height,
            m4: quarters(m),
            n4,
            laneColumns,
            tilesN,
            splits,
            kCount,
            chunk,
            chunks: CHUNKS,
          },
          ...epilogue.params,
          ...placesOf(plan, first),
          kFirst: layout === "rows" ? kFirst / 4 : kFirst,
          outDims: scatter?.dims ?? [1, ENDLESS],
          outStrides: scatter?.strides.map((s) => s / 4) ?? [0, 0, n4],
          outBase: (scatter?.base ?? 0) / 4 + piece * splits * size4,
          aBatch: plan.batches?.stride ?? 0,
          bBatch: k * n4,
          yBatch: size4,
          splitStride: isPartial ? size4 : 0,
        },
        workgroups: [x, rows, batches * splits],
      };
    };
    for (const part of parts) {
      const [rows, columns] = part.size, numbers = rows * Math.min(4 * columns, n - 4 * part.first[1]);
      e.emit({
        ...call(part, part),
        stopgap: part.stopgap && call(part.stopgap, part),
        buffers: [...epilogue.buffers, plan.a, b, y],
        writes: [7],
        unused: epilogue.unused,
        work: 2 * numbers * batches * kCount * (k - (plan.zeros ?? 0)) / Math.max(1, k),
      });
    }
  }
  if (isPartial) reduce(e, { ...plan, m }, y, sums);
}

/** Emits the sum of partial products, with the epilogue. */
function reduce<T>(e: Emitter<T>, plan: GemmPlan<T>, partial: T, parts: number): void {
  const n4 = quarters(plan.n), size4 = plan.m * n4, epilogue = epilogueOf(plan, partial);
  e.emit({
    kernel: reduceKernel,
    params: { size4, n4, splits: parts, ...epilogue.params },
    buffers: [...epilogue.buffers, partial, plan.y],
    writes: [6],
    unused: epilogue.unused,
    workgroups: spread(Math.ceil(size4 / 64)),
    work: 4 * size4 * parts,
  });
}
