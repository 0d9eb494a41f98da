/**
 * Plans depthwise convolutions whose window rolls along rows: the windows that nets use most,
 * squares of 3 with stride 1 or 2 and of 5 with stride 1, over channels in fours.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { columnSum } from "./column_sum.ts";
import type { Emitter } from "./emitter.ts";
import { type ChannelEpilogue, channelEpilogueOf, defineWithChannelEpilogue } from "./epilogue.ts";
import { defineKernel, type Kernel, sizeOf, specialize, spread, variant } from "./kernel.ts";
import { withTextures } from "./texture.ts";
import type { Window } from "./window.ts";
import forwardCode from "./depthwise_roll.wgsl" with { type: "text" };
import gradientCode from "./depthwise_roll_gradient.wgsl" with { type: "text" };
import inputGradientCode from "./depthwise_roll_input_gradient.wgsl" with { type: "text" };

/** How x is read: as a texture, or where it lies. */
const WAYS = ["texture", "buffer"] as const;
type Way = typeof WAYS[number];

/**
 * Sizes and strides of windows, with the rows of outputs that an invocation computes either way: more of them load less, but a
 * load from a buffer is 1.7 KB of lavapipe's code, and a loop that the instruction cache does not hold runs at half the speed.
 * Seven divide the sizes of images that come from 224.
 */
const WINDOWS = [
  { size: 3, stride: 1, rows: { texture: 7, buffer: 4 } },
  { size: 3, stride: 2, rows: { texture: 2, buffer: 2 } },
  { size: 5, stride: 1, rows: { texture: 7, buffer: 2 } },
] as const;
/** Pairs of rows that an invocation of the input gradient with stride 2 computes. */
const PAIRS = 2;
/** Rows of a strip of the weight gradient. */
const GRADIENT_ROWS = 2;
/** Products that one invocation of the weight gradient adds up, about, and the most chunks: their sums take memory. */
const CHUNK = 256, MOST_CHUNKS = 2048;

interface Rolling {
  readonly rows: Readonly<Record<Way, number>>;
  readonly forward: Readonly<Record<Way, Kernel>>;
  readonly weightGradient: Kernel;
}

const rolling = new Map<string, Rolling>();
for (const { size, stride, rows } of WINDOWS) {
  const name = `${size}x${size}_s${stride}`, open = Math.ceil(size / stride) - 1;
  const special = (code: string, rows: number) =>
    specialize(code, {
      ...{ size, stride, rows, open, taps: size ** 2 },
      ...{ pending: open + 1, height: (rows - 1) * stride + size },
    });
  const forward = (way: Way) => {
    const text = special(variant(forwardCode, WAYS, [way]), rows[way]);
    const whole = way === "texture" ? withTextures(text) : text;
    return defineWithChannelEpilogue(`depthwise_roll_${name}_${way}`, whole);
  };
  rolling.set(`${size} ${stride}`, {
    rows,
    forward: { texture: forward("texture"), buffer: forward("buffer") },
    weightGradient: defineKernel(`depthwise_roll_gradient_${name}`, special(gradientCode, GRADIENT_ROWS)),
  });
}
/** The input gradient of 3x3 windows of stride 2; with stride 1 it is a convolution forward. */
const inputGradient = defineKernel(
  "depthwise_roll_input_gradient_3x3_s2",
  specialize(inputGradientCode, { pairs: PAIRS, height: PAIRS + 1 }),
);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [
  ...[...rolling.values()].flatMap(({ forward, weightGradient }) => [
    ...Object.values(forward),
    weightGradient,
  ]),
  inputGradient,
];

/** The kernels for a window; undefined where it does not roll. */
function rollingOf(g: Window, multiplier: number): Rolling | undefined {
  const { kernel: [size, width], stride: [down, across] } = g;
  const fits = size === width && down === across && sizeOf(g.rate) === 1 && multiplier === 1;
  return fits && g.channels % 4 === 0 ? rolling.get(`${size} ${down}`) : undefined;
}

/** Whether the functions below plan a window. */
export function rolls(g: Window, multiplier: number): boolean {
  return rollingOf(g, multiplier) !== undefined;
}

function emitRoll<T>(
  e: Emitter<T>,
  g: Window,
  flip: boolean,
  b: ChannelEpilogue<T> & { x: T; w: T; y: T },
): void {
  const { forward, rows } = rollingOf(g, 1)!, { n, size: image, out, pad } = g, channels4 = g.channels / 4;
  const way = e.choose("depthwise", [n, ...out, g.channels], WAYS, "texture");
  const strips = Math.ceil(out[0] / rows[way]), count = n * strips * channels4;
  const epilogue = channelEpilogueOf(b, b.x);
  e.emit({
    kernel: forward[way],
    params: {
      ...{ image, out, pad, channels4, strips, flip: flip ? 1 : 0, count },
      ...epilogue.params,
    },
    buffers: [...epilogue.buffers, b.x, b.w, b.y],
    writes: [6],
    unused: epilogue.unused,
    workgroups: spread(Math.ceil(count / 64)),
    work: 2 * n * sizeOf(out) * sizeOf(g.kernel) * g.channels,
  });
}

/** Emits y [n, oh, ow, c] = epilogue(x * w) from x [n, h, w, c] and w [size, size, c, 1]. */
export function rollForward<T>(e: Emitter<T>, g: Window, b: ChannelEpilogue<T> & { x: T; w: T; y: T }): void {
  emitRoll(e, g, false, b);
}

/** Emits dx from w and dy. With stride 1 it is a convolution of dy with the window turned by half. */
export function rollInputGradient<T>(e: Emitter<T>, g: Window, b: { w: T; dy: T; dx: T }): void {
  if (g.stride[0] === 2) return emitInputGradient(e, g, b);
  const pad = [g.kernel[0] - 1 - g.pad[0], g.kernel[1] - 1 - g.pad[1]] as const;
  emitRoll(e, { ...g, size: g.out, out: g.size, pad }, true, { x: b.dy, w: b.w, y: b.dx });
}

function emitInputGradient<T>(e: Emitter<T>, g: Window, b: { w: T; dy: T; dx: T }): void {
  const { n, size: image, out, pad } = g, channels4 = g.channels / 4;
  const [rows, columns] = image.map((size, i) =>
    Math.floor((pad[i] + size - 1) / 2) - Math.floor(pad[i] / 2) + 1
  );
  const strips = Math.ceil(rows / PAIRS), count = n * strips * channels4;
  e.emit({
    kernel: inputGradient,
    params: { image, out, pad, channels4, strips, columns, count },
    buffers: [b.w, b.dy, b.dx],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 2 * n * sizeOf(out) * sizeOf(g.kernel) * g.channels,
  });
}

/** Emits dw [size, size, c, 1] from x and dy. */
export function rollWeightGradient<T>(e: Emitter<T>, g: Window, b: { x: T; dy: T; dw: T }): void {
  const { size: image, out, pad } = g, channels4 = g.channels / 4;
  const strips = Math.ceil(out[0] / GRADIENT_ROWS), total = g.n * strips;
  const chunk = Math.ceil(Math.max(CHUNK / GRADIENT_ROWS / out[1], total / MOST_CHUNKS));
  const chunks = Math.ceil(total / chunk);
  const columns = sizeOf(g.kernel) * g.channels,
    sums = e.scratch(chunks * columns),
    count = chunks * channels4;
  e.emit({
    kernel: rollingOf(g, 1)!.weightGradient,
    params: { image, out, pad, channels4, strips, total, chunk, count },
    buffers: [b.x, b.dy, sums],
    writes: [2],
    workgroups: spread(Math.ceil(count / 64)),
    work: 2 * g.n * sizeOf(out) * columns,
  });
  columnSum(e, chunks, columns, { x: sums, y: b.dw });
}
