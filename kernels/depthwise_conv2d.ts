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
import { quarters } from "./gemm.ts";
import { defineKernel, type Kernel, sizeOf, spread } from "./kernel.ts";
import { packRows } from "./matmul.ts";
import { cutRows } from "./rearrange.ts";
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
 * The window over channels in fours: copies of the operands with zeros take less time than single channels would. Not forward in
 * training, where sums keep the order that nets were compared in.
 */
function widen<T>(e: Emitter<T>, g: Window, multiplier: number): Window | undefined {
  const channels = 4 * quarters(g.channels), cells = g.n * Math.max(sizeOf(g.size), sizeOf(g.out)) * channels;
  const fits = multiplier === 1 && channels !== g.channels && cells <= e.limit && e.sums === "long";
  return fits ? { ...g, channels } : undefined;
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
  const wide = widen(e, g, multiplier), c = g.channels, places = g.n * sizeOf(g.out);
  if (wide) {
    const x = packRows(e, b.x, g.n * sizeOf(g.size), c), w = packRows(e, b.w, sizeOf(g.kernel), c);
    const y = e.scratch(places * wide.channels);
    depthwiseConv2d(e, wide, 1, { x, w, y });
    return cutRows(e, places, c, { x: y, y: b.y });
  }
  const cells = places * c * multiplier;
  emit(e, forwardKernel, g, multiplier, [b.x, b.w, b.y], cells, workOf(g, multiplier));
}

/** Emits dx from w and dy. */
export function depthwiseConv2dInputGradient<T>(
  e: Emitter<T>,
  g: Window,
  multiplier: number,
  b: { w: T; dy: T; dx: T },
): void {
  if (rolls(g, multiplier)) return rollInputGradient(e, g, b);
  const wide = widen(e, g, multiplier), c = g.channels, pixels = g.n * sizeOf(g.size);
  if (wide) {
    const w = packRows(e, b.w, sizeOf(g.kernel), c), dy = packRows(e, b.dy, g.n * sizeOf(g.out), c);
    const dx = e.scratch(pixels * wide.channels);
    depthwiseConv2dInputGradient(e, wide, 1, { w, dy, dx });
    return cutRows(e, pixels, c, { x: dx, y: b.dx });
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
  const wide = widen(e, g, multiplier), c = g.channels, taps = sizeOf(g.kernel);
  if (wide) {
    const x = packRows(e, b.x, g.n * sizeOf(g.size), c), dy = packRows(e, b.dy, g.n * sizeOf(g.out), c);
    const dw = e.scratch(taps * wide.channels);
    depthwiseConv2dWeightGradient(e, wide, 1, { x, dy, dw });
    return cutRows(e, taps, c, { x: dw, y: b.dw });
  }
  const rows = g.n * g.out[0], columns = taps * c * multiplier;
  const chunk = Math.ceil(Math.max(CHUNK / g.out[1], rows / MOST_CHUNKS)), chunks = Math.ceil(rows / chunk);
  const sums = e.scratch(chunks * columns);
  const work = workOf(g, multiplier);
  emit(e, weightGradientKernel, g, multiplier, [b.x, b.dy, sums], chunks * columns, work, { rows, chunk });
  columnSum(e, chunks, columns, { x: sums, y: b.dw });
}
