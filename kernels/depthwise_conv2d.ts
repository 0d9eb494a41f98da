/**
 * Plans depthwise convolutions and their gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { columnSum } from "./column_sum.ts";
import { rollForward, rollInputGradient, rolls, rollWeightGradient } from "./depthwise_roll.ts";
import type { Emitter } from "./emitter.ts";
import type { ChannelEpilogue } from "./epilogue.ts";
import { computeInFours, packRows, widened, withoutZeros } from "./fours.ts";
import { defineKernel, type Kernel, sizeOf, spread } from "./kernel.ts";
import type { Window } from "./window.ts";
import forwardCode from "./depthwise_conv2d.wgsl" with { type: "text" };
import inputGradientCode from "./depthwise_conv2d_input_gradient.wgsl" with { type: "text" };
import weightGradientCode from "./depthwise_conv2d_weight_gradient.wgsl" with { type: "text" };

/** One kernel for any channels, one for channels in fours with multiplier 1. */
type Widths = readonly [one: Kernel, four: Kernel];

function widths(name: string, code: string): Widths {
  const four = code.replace("alias V = f32;", "alias V = vec4f;");
  return [defineKernel(name, code), defineKernel(`${name}_4`, four)];
}

const forwardKernel = widths("depthwise_conv2d", forwardCode);
const inputGradientKernel = widths("depthwise_conv2d_input_gradient", inputGradientCode);
const weightGradientKernel = widths("depthwise_conv2d_weight_gradient", weightGradientCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [forwardKernel, inputGradientKernel, weightGradientKernel].flat();

/** Products that one invocation of the weight gradient adds up, about, and the most chunks: their sums take memory. */
const CHUNK = 128, MOST_CHUNKS = 4096;

function emit<T>(
  e: Emitter<T>,
  [one, four]: Widths,
  g: Window,
  multiplier: number,
  buffers: T[],
  cells: number,
  work: number,
  extra: { rows?: number; chunk?: number } = {},
): void {
  const { size, out, kernel, stride, rate, pad } = g, isWide = multiplier === 1 && g.channels % 4 === 0;
  const width = isWide ? 4 : 1, count = cells / width;
  e.emit({
    kernel: isWide ? four : one,
    params: {
      ...{ size, out, kernel, stride, rate, pad, multiplier, count },
      channels: g.channels * multiplier / width,
      ...extra,
    },
    buffers,
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work,
  });
}

/**
 * The same over channels in fours, and what makes operands of it: copies with zeros take less time than single channels would.
 * Undefined for a multiplier, for which there is no kernel.
 */
function inFours<T>(e: Emitter<T>, g: Window, multiplier: number) {
  const { n, channels } = g, wide = widened(e, g, channels), channels4 = wide.g.channels;
  const most = n * Math.max(sizeOf(g.size), sizeOf(g.out)) * channels4;
  if (multiplier !== 1 || channels === channels4 || most > e.limit) return undefined;
  const taps = (w: T) => packRows(e, w, sizeOf(g.kernel), channels);
  return { ...wide, e: withoutZeros(e, channels, channels4), taps };
}

/** Multiplications of a convolution, twice: with as many additions. */
function workOf(g: Window, multiplier: number): number {
  return 2 * g.n * sizeOf(g.out) * sizeOf(g.kernel) * g.channels * multiplier;
}

/** Emits y [n, oh, ow, c * multiplier], where the window rolls with an epilogue, from x [n, h, w, c] and w [kh, kw, c, multiplier]. */
export function depthwiseConv2d<T>(
  e: Emitter<T>,
  g: Window,
  multiplier: number,
  b: ChannelEpilogue<T> & { x: T; w: T; y: T },
): void {
  if (rolls(g, multiplier)) return rollForward(e, g, b);
  const wide = inFours(e, g, multiplier);
  if (wide) {
    const x = wide.pixels(b.x), w = wide.taps(b.w), places = g.n * sizeOf(g.out);
    // Windows that roll add in another order, and sums forward in training keep that in which nets were compared.
    const compute = e.sums === "long" ? depthwiseConv2d : slideForward;
    return computeInFours(e, [places, g.channels], b.y, (y) => compute(wide.e, wide.g, 1, { x, w, y }));
  }
  slideForward(e, g, multiplier, b);
}

function slideForward<T>(
  e: Emitter<T>,
  g: Window,
  multiplier: number,
  { x, w, y }: { x: T; w: T; y: T },
): void {
  const cells = g.n * sizeOf(g.out) * g.channels * multiplier;
  emit(e, forwardKernel, g, multiplier, [x, w, y], cells, workOf(g, multiplier));
}

/** Emits dx from w and dy. */
export function depthwiseConv2dInputGradient<T>(
  e: Emitter<T>,
  g: Window,
  multiplier: number,
  b: { w: T; dy: T; dx: T },
): void {
  if (rolls(g, multiplier)) return rollInputGradient(e, g, b);
  const wide = inFours(e, g, multiplier), c = g.channels, pixels = g.n * sizeOf(g.size);
  if (wide) {
    const w = wide.taps(b.w), dy = wide.places(b.dy);
    return computeInFours(
      e,
      [pixels, c],
      b.dx,
      (dx) => depthwiseConv2dInputGradient(wide.e, wide.g, 1, { w, dy, dx }),
    );
  }
  const cells = pixels * c;
  emit(e, inputGradientKernel, g, multiplier, [b.w, b.dy, b.dx], cells, workOf(g, multiplier));
}

/** Emits dw [kh, kw, c, multiplier] from x and dy. */
export function depthwiseConv2dWeightGradient<T>(
  e: Emitter<T>,
  g: Window,
  multiplier: number,
  b: { x: T; dy: T; dw: T },
): void {
  if (rolls(g, multiplier)) return rollWeightGradient(e, g, b);
  const wide = inFours(e, g, multiplier), c = g.channels, taps = sizeOf(g.kernel);
  if (wide) {
    const x = wide.pixels(b.x), dy = wide.places(b.dy);
    return computeInFours(
      e,
      [taps, c],
      b.dw,
      (dw) => depthwiseConv2dWeightGradient(wide.e, wide.g, 1, { x, dy, dw }),
    );
  }
  const rows = g.n * g.out[0], columns = taps * c * multiplier;
  const chunk = Math.ceil(Math.max(CHUNK / g.out[1], rows / MOST_CHUNKS)), chunks = Math.ceil(rows / chunk);
  const sums = e.scratch(chunks * columns);
  const work = workOf(g, multiplier);
  emit(e, weightGradientKernel, g, multiplier, [b.x, b.dy, sums], chunks * columns, work, { rows, chunk });
  columnSum(e, chunks, columns, { x: sums, y: b.dw });
}
