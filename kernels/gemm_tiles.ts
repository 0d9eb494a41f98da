/**
 * The register tiles of products, in both layouts of the left operand, and which of them covers a product in the least time.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineWithEpilogue } from "./epilogue.ts";
import { type Kernel, specialize, variant } from "./kernel.ts";
import { withTextures } from "./texture.ts";
import gemmCode from "./gemm.wgsl" with { type: "text" };
import commonCode from "./gemm_common.wgsl" with { type: "text" };
import sharedCode from "./gemm_shared.wgsl" with { type: "text" };

/** Where a left operand lies, see gemm_common.wgsl. */
const LAYOUTS = ["rows", "steps"] as const;
export type Layout = typeof LAYOUTS[number];

/** Whether each invocation reads all of b that it needs, or a share for all of its workgroup, see gemm.wgsl. */
const LOADS = ["alone", "together"] as const;
type Load = typeof LOADS[number];

/** A way to compute a product: a kernel, and what a workgroup covers. */
export interface Tile {
  readonly kernels: Readonly<Partial<Record<Layout, Kernel>>>;
  /** Rows of one lane. */
  readonly rows: number;
  /** Vec4 of columns of one lane. */
  readonly columns: number;
  /** Columns in which the lanes of a workgroup may lie. */
  readonly laneColumns: readonly number[];
  readonly lanes: number;
  readonly load?: Load;
  /** Relative to the fastest that reads alone, on a software adapter. */
  readonly speed: number;
}

type Size = Pick<Tile, "rows" | "columns">;

/** The kernels of a tile: its text without the lines that are marked for other layouts or loads. */
function kernelsOf(name: string, code: string, { rows, columns }: Size, load?: Load): Tile["kernels"] {
  const layouts = LAYOUTS.filter((layout) => layout === "rows" || rows % 4 === 0);
  const kernels = layouts.map((layout): [Layout, Kernel] => {
    const text = variant(commonCode + code, [...LAYOUTS, ...LOADS], load ? [layout, load] : [layout]);
    const sumCount = rows * columns, shares = Math.ceil(columns / 2);
    const constants = {
      vectors: rows,
      rows: Math.floor(rows / 4),
      columns,
      sumCount,
      lastSum: sumCount - 1,
      shares,
    };
    return [layout, defineWithEpilogue(`gemm_${name}_${layout}`, specialize(text, constants))];
  });
  return Object.fromEntries(kernels);
}

function registerTile(rows: number, columns: number, load: Load, speed: number): Tile {
  const size = { rows, columns: columns / 4 };
  const kernels = kernelsOf(`${rows}x${columns}`, withTextures(gemmCode), size, load);
  return { kernels, ...size, laneColumns: load === "alone" ? [4, 2, 8, 1] : [1], lanes: 8, load, speed };
}

const SHARED = { rows: 4, columns: 2 };

/** Larger register tiles need fewer loads a product, smaller ones waste less at the edges; GPUs like to share. */
const TILES = {
  "16x16": registerTile(16, 16, "alone", 1),
  "8x8": registerTile(8, 8, "alone", 0.7),
  "16x4": registerTile(16, 4, "alone", 0.6),
  "8x32": registerTile(8, 32, "together", 1.4),
  "7x32": registerTile(7, 32, "together", 1.4),
  "1x32": registerTile(1, 32, "alone", 0.3),
  shared: {
    kernels: kernelsOf("shared", sharedCode, SHARED),
    ...SHARED,
    laneColumns: [8],
    lanes: 128,
    speed: 0.1,
  },
} satisfies Record<string, Tile>;
type TileName = keyof typeof TILES;
const TILE_NAMES = Object.keys(TILES) as TileName[];
/** A tile for edges alone. */
const EDGE: TileName = "16x4";

/** The kernels of this file. */
export const kernels: readonly Kernel[] = TILE_NAMES.flatMap((name) => Object.values(TILES[name].kernels));

/** Tiles of more numbers a lane take lavapipe's compiler two to three times as long as the smallest. */
const QUICK = 64;

/** Products of fewer multiplications, by four, are not worth a kernel that takes a compiler long. */
const SMALL = 2e5;

/** A tile and how the lanes of a workgroup lie. */
export interface Cover {
  readonly kernel: Kernel;
  readonly laneColumns: number;
  readonly tilesM: number;
  readonly tilesN: number;
}

/** Rows, and vec4 of columns. */
type Two = readonly [rows: number, columns: number];

/** What one launch covers: `size` from `first` on, and nothing past the last column. */
export interface Part extends Cover {
  readonly first: Two;
  readonly size: Two;
  /** The smallest tiles, where these take a compiler long. */
  readonly stopgap?: Cover;
}

/** Something that takes a while, in the time in which the fastest tile that reads alone computes a vec4. */
type Timed<T> = T & { readonly time: number };

/** The least that workgroups of a tile need to cover m x 4 n4 numbers. */
function coverBy(tile: Tile, layout: Layout, [m, n4]: Two): Timed<Cover> {
  const covers = tile.laneColumns.map((laneColumns): Timed<Cover> => {
    const rows = tile.rows * tile.lanes / laneColumns, columns = tile.columns * laneColumns;
    const tilesM = Math.ceil(m / rows), tilesN = Math.ceil(n4 / columns);
    const time = tilesM * rows * tilesN * columns / tile.speed;
    return { kernel: tile.kernels[layout]!, laneColumns, tilesM, tilesN, time };
  });
  return least(covers);
}

function least<T>(timed: readonly Timed<T>[]): Timed<T> {
  return timed.reduce((best, t) => t.time < best.time ? t : best);
}

/** Multiplications, by four, that take as long as a launch. */
const LAUNCH = 1e6;

/** The least share of the time that tiles along edges must save: they may be kernels more to compile, and few workgroups. */
const LEAST_SAVING = 0.1;

/**
 * The tiles that cover a product in the least time, unless the emitter knows better: where large ones would lie over its edges by
 * much, smaller ones lie along these. `usualTiles`: how many of those that read alone cover it; sums are split by that number, so
 * that they round alike whatever is chosen. `isTwofold`: the sums need no third level, which tiles that load together do not have.
 */
export function cover<T>(
  e: Emitter<T>,
  layout: Layout,
  isTwofold: boolean,
  [m, n4, k, batches]: readonly [number, number, number, number],
): { readonly parts: readonly Part[]; readonly usualTiles: number } {
  const names = TILE_NAMES.filter((name) => {
    const tile: Tile = TILES[name];
    return tile.kernels[layout] && (tile.load !== "together" || e.subgroups && isTwofold);
  });
  const part = (name: TileName, first: Two, size: Two): Timed<Part> => {
    const { load, rows, columns }: Tile = TILES[name], isQuick = !load || 4 * rows * columns <= QUICK;
    const by = (name: TileName) => coverBy(TILES[name], layout, size);
    return { ...by(name), first, size, stopgap: isQuick ? undefined : by("8x8") };
  };
  const fastest = (first: Two, size: Two) => least(names.map((name) => part(name, first, size)));
  const ways = names.filter((name) => name !== EDGE).map((name) => {
    const { load, rows, columns, lanes }: Tile = TILES[name], isLarge = load === "together";
    const inner = isLarge ? [m - m % (rows * lanes), n4 - n4 % columns] : [m, n4];
    const divisions = [[m, n4], [m, inner[1]], [inner[0], n4], inner].filter(([m, n4]) => m * n4 > 0);
    const [whole, ...divided] = divisions.map(([rows, columns]) => {
      const parts = [part(name, [0, 0], [rows, columns])];
      if (columns < n4) parts.push(fastest([0, columns], [rows, n4 - columns]));
      if (rows < m) parts.push(fastest([rows, 0], [m - rows, n4]));
      const launches = (parts.length - 1) * LAUNCH / Math.max(1, k) / batches;
      return { name, parts, time: parts.reduce((sum, { time }) => sum + time, launches) };
    });
    return least([whole, ...divided.filter(({ time }) => time <= (1 - LEAST_SAVING) * whole.time)]);
  });
  const usual = least((["16x16", "8x8"] as const).map((name) => coverBy(TILES[name], layout, [m, n4])));
  const isSmall = m * n4 * k * batches < SMALL;
  const byDefault = isSmall ? "8x8" : least(ways).name;
  const name = e.choose("gemm", [m, 4 * n4, k, batches], ways.map(({ name }) => name), byDefault);
  return { parts: ways.find((way) => way.name === name)!.parts, usualTiles: usual.tilesM * usual.tilesN };
}
