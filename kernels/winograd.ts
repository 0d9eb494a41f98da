/**
 * Plans 3x3 convolutions of stride 1 by Winograd's minimal filtering: 36 products of transformed tiles and kernels take the
 * place of nine times sixteen.
 *
 * Errors are some 2.5 times those of the plain sum, measured over sums of 64 channels; tests hold it to its own bound.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineWithEpilogue, type Epilogue, epilogueOf } from "./epilogue.ts";
import { gemm, quarters } from "./gemm.ts";
import { defineKernel, type Kernel, sizeOf, specialize, spread } from "./kernel.ts";
import type { Window } from "./window.ts";
import common from "./winograd_common.wgsl" with { type: "text" };
import inputCode from "./winograd_input.wgsl" with { type: "text" };
import outputCode from "./winograd_output.wgsl" with { type: "text" };
import weightsCode from "./winograd_weights.wgsl" with { type: "text" };

const inputKernel: Kernel = defineKernel("winograd_input", specialize(common + inputCode));
const weightsKernel: Kernel = defineKernel("winograd_weights", specialize(common + weightsCode));
const outputKernel: Kernel = defineWithEpilogue("winograd_output", specialize(common + outputCode));
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [inputKernel, weightsKernel, outputKernel];

/** Points of a transformed tile, output pixels of its side, and tiles in a panel of the left operand. */
const POINTS = 36, SIDE = 4, PANEL = 64;
/** Elements of transformed tiles that lie in memory at once, about. */
const PIECE = 2 ** 21;

/** Where element (row, column, k, n) of a 3x3 kernel lies. */
export interface Kernel3x3<T> {
  readonly w: T;
  readonly base: number;
  /** Of row, column, k and n. */
  readonly strides: readonly [number, number, number, number];
}

function tilesOf({ out }: Window): readonly [number, number] {
  return [Math.ceil(out[0] / SIDE), Math.ceil(out[1] / SIDE)];
}

/**
 * Whether a window is convolved Winograd's way: where that is there and, unless the emitter knows better, takes less time than
 * the plain product. Tiles at the edges are computed whole, few tiles fill no register tile, and kernels are transformed at
 * each run.
 */
export function prefersWinograd<T>(e: Emitter<T>, g: Window, outputs: number): boolean {
  const isThere = g.kernel.join() === "3,3" && sizeOf(g.stride) === 1 && sizeOf(g.rate) === 1 &&
    g.channels % 4 === 0 && outputs % 4 === 0 && POINTS * g.channels * outputs <= e.limit;
  if (!isThere) return false;
  const pixels = g.n * sizeOf(g.out), tiles = g.n * sizeOf(tilesOf(g)), { channels: c } = g;
  const plain = 9 * pixels * c * outputs + 20 * 9 * pixels * c;
  const filled = 16 * Math.ceil(tiles / 16);
  const time = POINTS * (filled * c * outputs + 30 * tiles * c + 12 * tiles * outputs + 8 * c * outputs);
  const byDefault = time < plain ? "winograd" : "direct";
  return e.choose("conv3x3", [pixels, c, outputs], ["direct", "winograd"], byDefault) === "winograd";
}

/** Emits y [n, oh, ow, outputs] = epilogue(x * w) for x [n, h, w, c]. */
export function winograd<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: Epilogue<T> & { x: T; w: Kernel3x3<T>; y: T },
): void {
  const { channels: c, n, size, out, pad } = g,
    tiles = tilesOf(g),
    all = n * sizeOf(tiles),
    n4 = quarters(outputs);
  const v = e.scratch(POINTS * c * outputs), [rowStride, columnStride, kStride, nStride] = b.w.strides;
  e.emit({
    kernel: weightsKernel,
    params: { k: c, n: outputs, n4, base: b.w.base, rowStride, columnStride, kStride, nStride },
    buffers: [b.w.w, v],
    writes: [1],
    workgroups: spread(Math.ceil(c * n4 / 64)),
    work: 120 * c * outputs,
  });
  const most = Math.max(
    PANEL,
    Math.floor(Math.min(PIECE, e.limit) / POINTS / Math.max(c, outputs) / PANEL) * PANEL,
  );
  const pieces = Math.ceil(all / most), each = Math.ceil(all / pieces / PANEL) * PANEL;
  for (let first = 0; first < all; first += each) {
    const count = Math.min(each, all - first), panels = Math.ceil(count / PANEL);
    const u = e.scratch(POINTS * panels * c * PANEL), m = e.scratch(POINTS * count * outputs);
    e.emit({
      kernel: inputKernel,
      params: {
        ...{ size, tiles, pad, channels4: c / 4, first, tileCount: count },
        pointStride: panels * c * PANEL,
        count: count * c / 4,
      },
      buffers: [b.x, u],
      writes: [1],
      workgroups: spread(Math.ceil(count * c / 4 / 64)),
      work: 300 * count * c,
    });
    gemm(e, {
      m: count,
      n: outputs,
      k: c,
      a: u,
      gather: {
        rows: { dims: [1, PANEL / 4], strides: [c * PANEL / 4, 0, 1] },
        dims: [1, c],
        strides: [0, 0, PANEL / 4],
      },
      b: v,
      y: m,
      batches: { count: POINTS, stride: panels * c * PANEL / 4 },
    });
    const epilogue = epilogueOf(b, m);
    e.emit({
      kernel: outputKernel,
      params: { out, tiles, n4, first, pointStride: count * n4, count: count * n4, ...epilogue.params },
      buffers: [...epilogue.buffers, m, b.y],
      writes: [6],
      workgroups: spread(Math.ceil(count * n4 / 64)),
      work: 250 * count * outputs,
    });
  }
}
