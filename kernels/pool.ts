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

const maxKernel: Kernel = defineKernel("max_pool", maxCode);
const maxGradientKernel: Kernel = defineKernel("max_pool_gradient", maxGradientCode);
const averageKernel: Kernel = defineKernel("average_pool", averageCode);
const averageGradientKernel: Kernel = defineKernel("average_pool_gradient", averageGradientCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  maxKernel,
  maxGradientKernel,
  averageKernel,
  averageGradientKernel,
];

function emitPool<T>(
  e: Emitter<T>,
  kernel: Kernel,
  g: Window,
  over: readonly [number, number],
  buffers: T[],
): void {
  const { size, out, stride, rate, pad, channels } = g;
  const count = g.n * sizeOf(over) * channels;
  e.emit({
    kernel,
    params: { size, out, kernel: g.kernel, stride, rate, pad, channels, count },
    buffers,
    writes: [buffers.length - 1],
    workgroups: spread(Math.ceil(count / 64)),
    work: count * sizeOf(g.kernel),
  });
}

/** Emits y [n, oh, ow, c] = maximum over each window of x [n, h, w, c]. */
export function maxPool<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  emitPool(e, maxKernel, g, g.out, [b.x, b.y]);
}

/** Emits dx from x, y and dy. */
export function maxPoolGradient<T>(e: Emitter<T>, g: Window, b: { x: T; y: T; dy: T; dx: T }): void {
  emitPool(e, maxGradientKernel, g, g.size, [b.x, b.y, b.dy, b.dx]);
}

/** Emits y [n, oh, ow, c] = average over the part of each window of x [n, h, w, c] that lies inside the image. */
export function averagePool<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  emitPool(e, averageKernel, g, g.out, [b.x, b.y]);
}

/** Emits dx from dy. */
export function averagePoolGradient<T>(e: Emitter<T>, g: Window, b: { dy: T; dx: T }): void {
  emitPool(e, averageGradientKernel, g, g.size, [b.dy, b.dx]);
}
