/**
 * Plans convolutions of 3x3 windows with stride 1, and their gradients, by Winograd's minimal filtering: 36 products of
 * transformed tiles and kernels take the place of 144.
 *
 * Errors are some 2.5 times those of the plain sum, measured over sums of 64 channels; tests hold all ways to one bound.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Emitter, WINDOW_UNIT } from "./emitter.ts";
import { defineWithEpilogue, type Epilogue, epilogueOf } from "./epilogue.ts";
import { gemm } from "./gemm.ts";
import { defineKernel, type Kernel, quarters, sizeOf, specialize, spread } from "./kernel.ts";
import { withTextures } from "./texture.ts";
import { matrixWindow, type Window } from "./window.ts";
import common from "./winograd_common.wgsl" with { type: "text" };
import inputCode from "./winograd_input.wgsl" with { type: "text" };
import outputCode from "./winograd_output.wgsl" with { type: "text" };
import outputGradientCode from "./winograd_output_gradient.wgsl" with { type: "text" };
import weightGradientCode from "./winograd_weight_gradient.wgsl" with { type: "text" };
import weightsCode from "./winograd_weights.wgsl" with { type: "text" };

/** Taps along a window, and output pixels along a tile. */
const TAPS = 3, SIDE = 4;

const textOf = (code: string, reach: number) => specialize(withTextures(common + code), { reach });
const inputKernel: Kernel = defineKernel("winograd_input", textOf(inputCode, TAPS));
const weightsKernel: Kernel = defineKernel("winograd_weights", textOf(weightsCode, TAPS));
const outputKernel: Kernel = defineWithEpilogue("winograd_output", textOf(outputCode, SIDE));
const outputGradientKernel: Kernel = defineKernel(
  "winograd_output_gradient",
  textOf(outputGradientCode, SIDE),
);
const weightGradientKernel: Kernel = defineKernel(
  "winograd_weight_gradient",
  textOf(weightGradientCode, TAPS),
);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  inputKernel,
  weightsKernel,
  outputKernel,
  outputGradientKernel,
  weightGradientKernel,
];

/** Points of a transformed tile. */
const POINTS = 36;
/** Elements of transformed tiles that lie in memory at once, about, and tiles that fill whole register tiles. */
const PIECE = 2 ** 21, UNIT = 64;

/** Whether a window can be convolved Winograd's way. */
function fits<T>(e: Emitter<T>, g: Window, outputs: number): boolean {
  const isPlain = g.kernel.every((taps) => taps === TAPS) && sizeOf(g.stride) * sizeOf(g.rate) === 1;
  return isPlain && g.channels % 4 === 0 && outputs % 4 === 0 && POINTS * g.channels * outputs <= e.limit;
}

function tilesOf({ out }: Window): readonly [number, number] {
  return [Math.ceil(out[0] / SIDE), Math.ceil(out[1] / SIDE)];
}

/** Steps of k that take a product as long as storing its sums. */
const STORE = 40;

/**
 * Whether a window is convolved by w Winograd's way or, without w, the gradient of its weights computed so: where it can be
 * and, unless the emitter knows better, it takes less time than the plain product. Tiles at the edges are computed whole, few
 * tiles fill no register tile, and weights that do not last are transformed at each run. Times are in multiplications of a
 * product, fitted to lavapipe's over nineteen shapes of nets.
 */
export function prefersWinograd<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  w?: T,
): boolean {
  if (!fits(e, g, outputs)) return false;
  const pixels = g.n * sizeOf(g.out),
    tiles = g.n * sizeOf(tilesOf(g)),
    { channels: c } = g,
    taps = TAPS ** 2;
  const filled = (rows: number) => 16 * Math.ceil(rows / 16); // register tiles
  const [direct, time] = w === undefined
    ? [taps * c * outputs * pixels, c * outputs * (tiles + 100) + 50 * tiles * c + 40 * tiles * outputs]
    : [
      filled(pixels) * outputs * (taps * c + STORE),
      filled(tiles) * outputs * (c + STORE) + 50 * tiles * c + 25 * tiles * outputs +
      (e.isLasting(w) ? 0 : 45 * c * outputs),
    ];
  const byDefault = POINTS * time < direct ? "winograd" : "direct";
  const operation = `conv3x3 ${w === undefined ? "weights" : "output"}`;
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

/** The images of a batch that some tiles are of, where they can be cut out: what is read as a texture is copied. */
function imagesOf<T>(
  e: Emitter<T>,
  g: Window,
  batch: T,
  size: number,
  { first, count }: { first: number; count: number },
): { image: number; part: T } {
  const each = sizeOf(tilesOf(g)), image = Math.floor(first / each), end = Math.ceil((first + count) / each);
  if (size % WINDOW_UNIT !== 0 || end - image === g.n) return { image: 0, part: batch };
  return { image, part: e.window(batch, image * size, (end - image) * size) };
}

/** Emits u [points, count, channels]: transformed tiles of x. */
function emitInput<T>(
  e: Emitter<T>,
  g: Window,
  { first, count }: { first: number; count: number },
  b: { x: T; u: T },
): void {
  const channels4 = g.channels / 4, invocations = count * channels4;
  const { image, part } = imagesOf(e, g, b.x, sizeOf(g.size) * g.channels, { first, count });
  e.emit({
    kernel: inputKernel,
    params: {
      ...{ size: g.size, tiles: tilesOf(g), pad: g.pad, channels4, points: POINTS },
      first: first - image * sizeOf(tilesOf(g)),
      count: invocations,
    },
    buffers: [part, b.u],
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
  const tiles = tilesOf(g),
    { channels: c, out } = g,
    n4 = quarters(outputs);
  const v = e.scratch(POINTS * c * outputs), [rowStride, columnStride, kStride, nStride] = b.w.strides;
  e.emit({
    kernel: weightsKernel,
    params: {
      k: c,
      n: outputs,
      n4,
      base: b.w.base,
      points: POINTS,
      rowStride,
      columnStride,
      kStride,
      nStride,
    },
    buffers: [b.w.w, v],
    writes: [1],
    workgroups: spread(Math.ceil(c * n4 / 64)),
    work: 120 * c * outputs,
  });
  for (const piece of piecesOf(e, g.n * sizeOf(tiles), Math.max(c, outputs))) {
    const { first, count } = piece, batches = { count: POINTS, stride: count * c / 4 };
    const u = e.scratch(POINTS * count * c), m = e.scratch(POINTS * count * outputs);
    emitInput(e, g, piece, { x: b.x, u });
    gemm(e, { m: count, n: outputs, k: c, a: u, rows: matrixWindow(count, c), b: v, y: m, batches });
    const epilogue = epilogueOf(b, m);
    e.emit({
      kernel: outputKernel,
      params: {
        out,
        tiles,
        n4,
        first,
        pointStride: count * n4,
        count: count * n4,
        side: SIDE,
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

/** Emits dw [3, 3, c, outputs] from x [n, h, w, c] and dy [n, oh, ow, outputs]. */
export function winogradWeightGradient<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: { x: T; dy: T; dw: T },
): void {
  const tiles = tilesOf(g),
    { channels: c, out } = g,
    n4 = quarters(outputs);
  const pieces = [...piecesOf(e, g.n * sizeOf(tiles), Math.max(c, outputs))], size = POINTS * c * outputs;
  const sums = e.scratch(pieces.length * size);
  for (const [i, piece] of pieces.entries()) {
    const { first, count } = piece,
      u = e.scratch(POINTS * count * c),
      v = e.scratch(POINTS * count * outputs);
    emitInput(e, g, piece, { x: b.x, u });
    const { image, part } = imagesOf(e, g, b.dy, sizeOf(out) * outputs, piece);
    e.emit({
      kernel: outputGradientKernel,
      params: {
        ...{ out, tiles, n4, points: POINTS },
        first: first - image * sizeOf(tiles),
        pointStride: count * n4,
        count: count * n4,
      },
      buffers: [part, v],
      writes: [1],
      workgroups: spread(Math.ceil(count * n4 / 64)),
      work: 250 * count * outputs,
    });
    const y = pieces.length === 1 ? sums : e.window(sums, i * size, size);
    gemm(e, { m: c, n: outputs, k: count, a: u, b: v, y, batches: { count: POINTS, stride: count * c / 4 } });
  }
  e.emit({
    kernel: weightGradientKernel,
    params: { size4: c * n4, pieces: pieces.length },
    buffers: [sums, b.dw],
    writes: [1],
    workgroups: spread(Math.ceil(c * n4 / 64)),
    work: 120 * c * outputs,
  });
}
