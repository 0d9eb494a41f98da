/**
 * The register tiles of products, in both layouts of the left operand, and which of them covers a product in the least time.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineWithEpilogue } from "./epilogue.ts";
import { type Kernel, specialize } from "./kernel.ts";
import gemmCode from "./gemm.wgsl" with { type: "text" };
import commonCode from "./gemm_common.wgsl" with { type: "text" };
import sharedCode from "./gemm_shared.wgsl" with { type: "text" };

/** A way to compute a product: a kernel, and the vec4 of rows and columns that a workgroup covers. */
export interface Tile {
  readonly kernels: Readonly<Record<Layout, Kernel>>;
  /** Of one lane. */
  readonly rows: number;
  readonly columns: number;
  /** Columns in which the lanes of a workgroup may lie. */
  readonly laneColumns: readonly number[];
  readonly lanes: number;
  /** Relative to the fastest, on a software adapter. */
  readonly speed: number;
}

const LAYOUTS = ["rows", "steps"] as const;
type Layout = typeof LAYOUTS[number];

/** Whether each lane loads all of b that it needs, or a share for all. */
const LOADS = ["alone", "together"] as const;
type Load = typeof LOADS[number];

/** The kernels of a tile: its text without the lines that are marked for the other layout. */
function kernelsOf(name: string, code: string, rows: number, columns: number, load: Load = "alone"): Tile["kernels"] {
  const kernels = LAYOUTS.map((layout): [Layout, Kernel] => {
    const others = [...LAYOUTS, ...LOADS].filter((mark) => mark !== layout && mark !== load);
    const lines = (commonCode + code).split("\n")
      .filter((line) => !others.some((other) => line.endsWith(` //@ ${other}`)))
      .map((line) => line.replace(` //@ ${layout}`, "").replace(` //@ ${load}`, ""));
    const constants = { rows, columns, vectors: 4 * rows, sumCount: 4 * rows * columns, shares: columns / 2 };
    return [layout, defineWithEpilogue(`gemm_${name}_${layout}`, specialize(lines.join("\n"), constants))];
  });
  return Object.fromEntries(kernels) as Record<Layout, Kernel>;
}

function registerTile(rows: number, columns: number, speed: number, load: Load = "alone"): Tile {
  const kernels = kernelsOf(`${4 * rows}x${4 * columns}`, gemmCode, rows, columns, load);
  return { kernels, rows, columns, laneColumns: load === "alone" ? [4, 2, 8, 1] : [1], lanes: 8, speed };
}

/** Larger register tiles need fewer loads a product, smaller ones waste less at the edges; GPUs like to share. */
const TILES = {
  "16x16": registerTile(4, 4, 1),
  "8x8": registerTile(2, 2, 0.7),
  "8x32": registerTile(2, 8, 1.4, "together"),
  shared: {
    kernels: kernelsOf("shared", sharedCode, 1, 2),
    rows: 1,
    columns: 2,
    laneColumns: [8],
    lanes: 128,
    speed: 0.1,
  },
} satisfies Record<string, Tile>;
const TILE_NAMES = Object.keys(TILES) as (keyof typeof TILES)[];

/** The kernels of this file. */
export const kernels: readonly Kernel[] = TILE_NAMES.flatMap((name) => Object.values(TILES[name].kernels));

/** A tile and how the lanes of a workgroup lie. */
export interface Cover {
  readonly tile: Tile;
  readonly laneColumns: number;
  readonly tilesM: number;
  readonly tilesN: number;
  /** Estimated, in arbitrary units. */
  readonly time: number;
}

/** The least that workgroups of a tile need to cover m4 x n4 vec4. */
function coverBy(tile: Tile, m4: number, n4: number): Cover {
  const covers = tile.laneColumns.map((laneColumns): Cover => {
    const rows = tile.rows * tile.lanes / laneColumns, columns = tile.columns * laneColumns;
    const tilesM = Math.ceil(m4 / rows), tilesN = Math.ceil(n4 / columns);
    return { tile, laneColumns, tilesM, tilesN, time: tilesM * rows * tilesN * columns / tile.speed };
  });
  return covers.reduce((best, c) => c.time < best.time ? c : best);
}

/**
 * The tiles that cover a product in the least time, unless the emitter knows better, and how many of the former there are: sums
 * are split by that number, so that they round alike whatever is chosen.
 */
export function cover<T>(
  e: Emitter<T>,
  m4: number,
  n4: number,
  k: number,
  batches: number,
): Cover & { readonly usualTiles: number } {
  const time = (name: keyof typeof TILES) => coverBy(TILES[name], m4, n4).time;
  const best = TILE_NAMES.reduce((best, name) => time(name) < time(best) ? name : best);
  const usual = (["16x16", "8x8"] as const).reduce((best, name) => time(name) < time(best) ? name : best);
  const { tilesM, tilesN } = coverBy(TILES[usual], m4, n4);
  const chosen = TILES[e.choose("gemm", [4 * m4, 4 * n4, k, batches], TILE_NAMES, best)];
  return { ...coverBy(chosen, m4, n4), usualTiles: tilesM * tilesN };
}
