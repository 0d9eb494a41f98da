/**
 * Plans max and average pooling and their gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { type Activation, passing } from "./epilogue.ts";
import { defineKernel, type Kernel, type ParamValues, sizeOf, specialize, spread } from "./kernel.ts";
import type { Window } from "./window.ts";
import averageCode from "./average_pool.wgsl" with { type: "text" };
import maxCode from "./max_pool.wgsl" with { type: "text" };
import maxGradientCode from "./max_pool_gradient.wgsl" with { type: "text" };

/** Outputs of a row that one invocation computes, as in the texts. */
const CELLS = 4;

/** Invocations of a launch where there is so much to do: fewer divide fewer indices, and more are what GPUs like. */
const INVOCATIONS = 4096;

/** One kernel for single channels, one for channels in fours. */
type Widths = readonly [one: Kernel, four: Kernel];

function widths(name: string, text: string): Widths {
  const code = specialize(text, { cells: CELLS }), four = code.replace("alias V = f32;", "alias V = vec4f;");
  return [defineKernel(name, code), defineKernel(`${name}_4`, four)];
}

const maxKernel = widths("max_pool", maxCode),
  maxGradientKernel = widths("max_pool_gradient", maxGradientCode),
  averageKernel = widths("average_pool", averageCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [maxKernel, maxGradientKernel, averageKernel].flat();

function emitPool<T>(
  e: Emitter<T>,
  [one, four]: Widths,
  g: Window,
  over: readonly [number, number],
  buffers: T[],
  extra: ParamValues = {},
): void {
  const { size, out, stride, rate, pad } = g, wide = g.channels % 4 === 0;
  const channels = wide ? g.channels / 4 : g.channels, columns = g.n * over[0] * channels;
  const blocks = Math.ceil(over[1] / CELLS),
    run = CELLS * Math.ceil(blocks / Math.ceil(INVOCATIONS / columns));
  const runs = Math.ceil(over[1] / run), count = columns * runs;
  e.emit({
    kernel: wide ? four : one,
    params: { size, out, kernel: g.kernel, stride, rate, pad, channels, run, runs, count, ...extra },
    buffers,
    writes: [buffers.length - 1],
    workgroups: spread(Math.ceil(count / 64)),
    work: g.n * sizeOf(over) * g.channels * sizeOf(g.kernel),
  });
}

/** What max_pool.wgsl writes. */
const RESULTS = { values: 0, winners: 1, gradient: 2 } as const;

function emitMax<T>(
  e: Emitter<T>,
  g: Window,
  result: keyof typeof RESULTS,
  buffers: T[],
  activation: Activation = "none",
): void {
  emitPool(e, maxKernel, g, g.out, buffers, { result: RESULTS[result], ...passing(activation) });
}

/** Whether every cell of the image lies in one window. */
function tiles({ size, out, kernel, stride, rate, pad }: Window): boolean {
  return [0, 1].every((i) =>
    kernel[i] === stride[i] && rate[i] === 1 && pad[i] === 0 && out[i] * stride[i] >= size[i]
  );
}

/** Emits y [n, oh, ow, c] = maximum over each window of x [n, h, w, c]. */
export function maxPool<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  emitMax(e, g, "values", [b.x, b.x, b.y]);
}

/**
 * Emits dx from x and dy: at once where windows tile the image, else first which tap of each window won. Where x comes from an
 * activation, dx is the gradient for what that gets: it passes on what windows won that it lets pass.
 */
export function maxPoolGradient<T>(
  e: Emitter<T>,
  g: Window,
  activation: Activation,
  b: { x: T; dy: T; dx: T },
): void {
  if (tiles(g)) return emitMax(e, g, "gradient", [b.x, b.dy, b.dx], activation);
  const winner = e.scratch(g.n * sizeOf(g.out) * g.channels);
  emitMax(e, g, "winners", [b.x, b.x, winner], activation);
  emitPool(e, maxGradientKernel, g, g.size, [winner, b.dy, b.dx]);
}

/** Emits y [n, oh, ow, c] = average over the part of each window of x [n, h, w, c] that lies inside the image. */
export function averagePool<T>(e: Emitter<T>, g: Window, b: { x: T; y: T }): void {
  emitPool(e, averageKernel, g, g.out, [b.x, b.y], { gradient: 0 });
}

/** Emits dx from dy. */
export function averagePoolGradient<T>(e: Emitter<T>, g: Window, b: { dy: T; dx: T }): void {
  emitPool(e, averageKernel, g, g.size, [b.dy, b.dx], { gradient: 1 });
}
