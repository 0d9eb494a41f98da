/**
 * Plans convolutions of 3x3 and 5x5 windows with stride 1, and their gradients, by Winograd's minimal filtering: 36 products of
 * transformed tiles and kernels take the place of 144 or 100.
 *
 * Errors are some 2.5 times those of the plain sum, measured over sums of 64 channels; tests hold all ways to one bound.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineWithEpilogue, type Epilogue, epilogueOf } from "./epilogue.ts";
import { gemm, quarters } from "./gemm.ts";
import { defineKernel, type Kernel, sizeOf, specialize, spread } from "./kernel.ts";
import { matrixWindow, type Window } from "./window.ts";
import common from "./winograd_common.wgsl" with { type: "text" };
import inputCode from "./winograd_input.wgsl" with { type: "text" };
import outputCode from "./winograd_output.wgsl" with { type: "text" };
import outputGradientCode from "./winograd_output_gradient.wgsl" with { type: "text" };
import weightGradientCode from "./winograd_weight_gradient.wgsl" with { type: "text" };
import weightsCode from "./winograd_weights.wgsl" with { type: "text" };

const textOf = (code: string, reach: number) => specialize(common + code, { reach });
const plain = (name: string, code: string, reach: number) =>
  defineKernel(`winograd_${name}_${reach}`, textOf(code, reach));

/** The kernels for a window's size. */
interface Filter {
  readonly size: number;
  /** Output pixels along a tile. */
  readonly side: number;
  readonly weights: Kernel;
  readonly output: Kernel;
  readonly outputGradient: Kernel;
  readonly weightGradient: Kernel;
}

function filterOf(size: number): Filter {
  const side = 7 - size;
  return {
    size,
    side,
    weights: plain("weights", weightsCode, size),
    output: defineWithEpilogue(`winograd_output_${side}`, textOf(outputCode, side)),
    outputGradient: plain("output_gradient", outputGradientCode, side),
    weightGradient: plain("weight_gradient", weightGradientCode, size),
  };
}

const FILTERS = [filterOf(3), filterOf(5)];
const inputKernel: Kernel = defineKernel("winograd_input", textOf(inputCode, 3));
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  inputKernel,
  ...FILTERS.flatMap((f) => [f.weights, f.output, f.outputGradient, f.weightGradient]),
];

/** Points of a transformed tile. */
const POINTS = 36;
/** Elements of transformed tiles that lie in memory at once, about, and tiles that fill whole register tiles. */
const PIECE = 2 ** 21, UNIT = 64;

/** The filter for a window, where there is one. */
function filterFor<T>(e: Emitter<T>, g: Window, outputs: number): Filter | undefined {
  const isPlain = g.kernel[0] === g.kernel[1] && sizeOf(g.stride) * sizeOf(g.rate) === 1;
  const fits = g.channels % 4 === 0 && outputs % 4 === 0 && POINTS * g.channels * outputs <= e.limit;
  return isPlain && fits ? FILTERS.find(({ size }) => size === g.kernel[0]) : undefined;
}

function tilesOf({ side }: Filter, { out }: Window): readonly [number, number] {
  return [Math.ceil(out[0] / side), Math.ceil(out[1] / side)];
}

/** Steps of k that take a product as long as storing its sums. */
const STORE = 40;

/**
 * Whether a window is convolved Winograd's way, or the gradient of its weights computed so: where there is one and, unless the
 * emitter knows better, it takes less time than the plain product. Tiles at the edges are computed whole, few tiles fill no
 * register tile, and kernels are transformed, in training at each run. Times are in multiplications of a product, fitted to lavapipe's: within a
 * fifth of what eleven shapes took.
 */
export function prefersWinograd<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  of: "output" | "weights" = "output",
): boolean {
  const f = filterFor(e, g, outputs);
  if (!f) return false;
  const pixels = g.n * sizeOf(g.out),
    tiles = g.n * sizeOf(tilesOf(f, g)),
    { channels: c } = g,
    taps = f.size ** 2;
  const filled = (rows: number) => 16 * Math.ceil(rows / 16); // register tiles
  const [direct, time] = of === "weights"
    ? [taps * c * outputs * pixels, c * outputs * (tiles + STORE + 8) + 50 * tiles * c + 40 * tiles * outputs]
    : [
      filled(pixels) * outputs * (taps * c + STORE),
      filled(tiles) * outputs * (c + STORE) + 50 * tiles * c + 25 * tiles * outputs + 26 * c * outputs,
    ];
  const operation = `conv${f.size}x${f.size} ${of}`,
    byDefault = POINTS * time < direct ? "winograd" : "direct";
  return e.choose(operation, [g.n, ...g.out, c, outputs], ["direct", "winograd"], byDefault) === "winograd";
}

/** Consecutive tiles whose transforms lie in memory at once. */
function* piecesOf<T>(
  e: Emitter<T>,
  all: number,
  channels: number,
): Generator<{ first: number; count: number }> {
  const most = Math.max(UNIT, Math.floor(Math.min(PIECE, e.limit) / POINTS / channels / UNIT) * UNIT);
  const pieces = Math.ceil(all / most), each = Math.ceil(all / pieces / UNIT) * UNIT;
  for (let first = 0; first < all; first += each) yield { first, count: Math.min(each, all - first) };
}

/** Emits u [points, count, channels]: transformed tiles of x. */
function emitInput<T>(
  e: Emitter<T>,
  f: Filter,
  g: Window,
  { first, count }: { first: number; count: number },
  b: { x: T; u: T },
): void {
  const channels4 = g.channels / 4, invocations = count * channels4;
  e.emit({
    kernel: inputKernel,
    params: {
      ...{ size: g.size, tiles: tilesOf(f, g), pad: g.pad, side: f.side, channels4, first },
      count: invocations,
    },
    buffers: [b.x, b.u],
    writes: [1],
    workgroups: spread(Math.ceil(invocations / 64)),
    work: 300 * count * g.channels,
  });
}

/** Where element (row, column, k, n) of a kernel lies. */
export interface KernelElements<T> {
  readonly w: T;
  readonly base: number;
  /** Of row, column, k and n. */
  readonly strides: readonly [number, number, number, number];
}

/** Emits y [n, oh, ow, outputs] = epilogue(x * w) for x [n, h, w, c]. */
export function winograd<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: Epilogue<T> & { x: T; w: KernelElements<T>; y: T },
): void {
  const f = filterFor(e, g, outputs)!,
    tiles = tilesOf(f, g),
    { channels: c, out } = g,
    n4 = quarters(outputs);
  const v = e.scratch(POINTS * c * outputs), [rowStride, columnStride, kStride, nStride] = b.w.strides;
  e.emit({
    kernel: f.weights,
    params: { k: c, n: outputs, n4, base: b.w.base, rowStride, columnStride, kStride, nStride },
    buffers: [b.w.w, v],
    writes: [1],
    workgroups: spread(Math.ceil(c * n4 / 64)),
    work: 120 * c * outputs,
  });
  for (const piece of piecesOf(e, g.n * sizeOf(tiles), Math.max(c, outputs))) {
    const { first, count } = piece, batches = { count: POINTS, stride: count * c / 4 };
    const u = e.scratch(POINTS * count * c), m = e.scratch(POINTS * count * outputs);
    emitInput(e, f, g, piece, { x: b.x, u });
    gemm(e, { m: count, n: outputs, k: c, a: u, rows: matrixWindow(count, c), b: v, y: m, batches });
    const epilogue = epilogueOf(b, m);
    e.emit({
      kernel: f.output,
      params: {
        out,
        tiles,
        n4,
        first,
        pointStride: count * n4,
        count: count * n4,
        points: 6,
        ...epilogue.params,
      },
      buffers: [...epilogue.buffers, m, b.y],
      writes: [6],
      unused: epilogue.unused,
      workgroups: spread(Math.ceil(count * n4 / 64)),
      work: 250 * count * outputs,
    });
  }
}

/** Emits dw [size, size, c, outputs] from x [n, h, w, c] and dy [n, oh, ow, outputs]. */
export function winogradWeightGradient<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: { x: T; dy: T; dw: T },
): void {
  const f = filterFor(e, g, outputs)!,
    tiles = tilesOf(f, g),
    { channels: c, out } = g,
    n4 = quarters(outputs);
  const pieces = [...piecesOf(e, g.n * sizeOf(tiles), Math.max(c, outputs))], size = POINTS * c * outputs;
  const sums = e.scratch(pieces.length * size);
  for (const [i, piece] of pieces.entries()) {
    const { first, count } = piece,
      u = e.scratch(POINTS * count * c),
      v = e.scratch(POINTS * count * outputs);
    emitInput(e, f, g, piece, { x: b.x, u });
    e.emit({
      kernel: f.outputGradient,
      params: { out, tiles, n4, first, pointStride: count * n4, count: count * n4, points: 6 },
      buffers: [b.dy, v],
      writes: [1],
      workgroups: spread(Math.ceil(count * n4 / 64)),
      work: 250 * count * outputs,
    });
    const y = pieces.length === 1 ? sums : e.window(sums, i * size, size);
    gemm(e, { m: c, n: outputs, k: count, a: u, b: v, y, batches: { count: POINTS, stride: count * c / 4 } });
  }
  e.emit({
    kernel: f.weightGradient,
    params: { size4: c * n4, pieces: pieces.length },
    buffers: [sums, b.dw],
    writes: [1],
    workgroups: spread(Math.ceil(c * n4 / 64)),
    work: 120 * c * outputs,
  });
}
