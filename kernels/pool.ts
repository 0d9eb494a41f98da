/**
 * Plans max and average pooling and their gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, sizeOf, spread } from "./kernel.ts";
import type { Window } from "./window.ts";
import averageCode from "./average_pool.wgsl" with { type: "text" };
import averageGradientCode from "./average_pool_gradient.wgsl" with { type: "text" };
import maxCode from "./max_pool.wgsl" with { type: "text" };
import maxGradientCode from "./max_pool_gradient.wgsl" with { type: "text" };

/** One kernel for single channels, one for channels in fours. */
type Widths = readonly [one: Kernel, four: Kernel];

function widths(name: string, code: string): Widths {
  const four = code.replace("alias V = f32;", "alias V = vec4f;");
  return [defineKernel(name, code), defineKernel(`${name}_4`, four)];
}

const maxKernel = widths("max_pool", maxCode),
  maxGradientKernel = widths("max_pool_gradient", maxGradientCode);
const averageKernel = widths("average_pool", averageCode);
const averageGradientKernel = widths("average_pool_gradient", averageGradientCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [maxKernel, maxGradientKernel, averageKernel, averageGradientKernel]
  .flat();

function emitPool<T>(
  e: Emitter<T>,
  [one, four]: Widths,
  g: Window,
  over: readonly [number, number],
  buffers: T[],
  extra: { taps?: number } = {},
): void {
  const { size, out, stride, rate, pad } = g, wide = g.channels % 4 === 0;
  const channels = wide ? g.channels / 4 : g.channels, count = g.n * sizeOf(over) * channels;
  e.emit({
    kernel: wide ? four : one,
    params: { size, out, kernel: g.kernel, stride, rate, pad, channels, count, ...extra },
    buffers,
    writes: [buffers.length - 1],
    workgroups: spread(Math.ceil(count / 64)),
    work: g.n * sizeOf(over) * g.channels * sizeOf(g.kernel),
  });
}

/** Emits y [n, oh, ow, c] = maximum over each window of x [n, h, w, c]. */
export function maxPool<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  emitPool(e, maxKernel, g, g.out, [b.x, b.y], { taps: 0 });
}

/** Emits dx from x and dy: first which tap of each window won, then what each input gets. */
export function maxPoolGradient<T>(e: Emitter<T>, g: Window, b: { x: T; dy: T; dx: T }): void {
  const winner = e.scratch(g.n * sizeOf(g.out) * g.channels);
  emitPool(e, maxKernel, g, g.out, [b.x, winner], { taps: 1 });
  emitPool(e, maxGradientKernel, g, g.size, [winner, b.dy, b.dx]);
}

/** Emits y [n, oh, ow, c] = average over the part of each window of x [n, h, w, c] that lies inside the image. */
export function averagePool<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  emitPool(e, averageKernel, g, g.out, [b.x, b.y]);
}

/** Emits dx from dy. */
export function averagePoolGradient<T>(e: Emitter<T>, g: Window, b: { dy: T; dx: T }): void {
  emitPool(e, averageGradientKernel, g, g.size, [b.dy, b.dx]);
}
