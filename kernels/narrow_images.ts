/**
 * Plans convolutions of images whose channels do not come in fours in two steps: what the window meets along the rows of the
 * image is copied, with zeros at its end, and a window of one column slides over that.
 *
 * A pixel is copied once for each column of the window, not once for each of its taps, and the product reads the copy where it
 * lies. For that its sums are longer, by the zeros.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { imageRows } from "./columns.ts";
import type { Emitter } from "./emitter.ts";
import { MOST_TAPS } from "./gemm.ts";
import { quarters, sizeOf } from "./kernel.ts";
import { rearrange } from "./rearrange.ts";
import type { Window } from "./window.ts";

/** Multiplications of a product that take as long as copying an element of its left operand, fitted to lavapipe's. */
const COPY = 26;

/** What the ways take for a place of the window, in multiplications of the product. */
function timesOf({ kernel: [taps, width], channels, size, out, stride }: Window, outputs: number) {
  const run4 = 4 * quarters(width * channels), pixels = sizeOf(size) / sizeOf(out);
  return {
    oneStep: 4 * quarters(taps * width * channels) * (COPY + outputs),
    twoSteps: run4 * (stride[0] * COPY + taps * outputs),
    fours: 4 * quarters(channels) * (pixels * COPY + taps * width * outputs),
  };
}

/**
 * Whether a convolution, or the gradient of its weights, is computed of copies with channels and outputs in fours: where there are
 * more than a few of them. Forward in training images are not, for the order of their sums; little would be gained there.
 */
export function prefersFours<T>(e: Emitter<T>, g: Window, outputs: number): boolean {
  const { n, channels, size, out } = g;
  const most = 4 * n * Math.max(sizeOf(size) * quarters(channels), sizeOf(out) * quarters(outputs));
  if (most > e.limit) return false;
  if (channels % 4 === 0) return outputs % 4 !== 0;
  const { oneStep, twoSteps, fours } = timesOf(g, outputs);
  const isKept = channels < 4 && e.sums !== "long";
  return !isKept && sizeOf(g.kernel) <= MOST_TAPS && fours <= Math.min(oneStep, twoSteps);
}

/** A convolution that has the same results. */
interface Narrowed<T> {
  readonly g: Window;
  readonly x: T;
  readonly w: T;
  /** Zeros in a sum. */
  readonly zeros: number;
}

/**
 * Emits the first step, and the weights [taps, channels, ceil4(outputs)] with zeros; returns the second. Undefined for channels in
 * fours, where one step takes less time or the copies too much memory, and forward in training: the zeros fall between the terms
 * of the sums, which round a little differently then.
 */
export function narrow<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: { x: T; w: T },
): Narrowed<T> | undefined {
  const { n, size: [height], out: [, columns], kernel: [taps, width], channels } = g;
  const run = width * channels, run4 = 4 * quarters(run), n4 = 4 * quarters(outputs);
  const { oneStep, twoSteps } = timesOf(g, outputs);
  const fits = taps <= MOST_TAPS && Math.max(n * height * columns, taps * n4) * run4 <= e.limit;
  if (channels % 4 === 0 || !fits || e.sums !== "long" || twoSteps >= oneStep) return undefined;
  const alongRows: Window = {
    ...g,
    out: [height, columns],
    kernel: [1, width],
    stride: [1, g.stride[1]],
    rate: [1, g.rate[1]],
    pad: [0, g.pad[1]],
  };
  const x = e.scratch(n * sizeOf(alongRows.out) * run4, b.x), w = e.scratch(taps * run4 * n4, b.w);
  imageRows(e, alongRows, { x: b.x, y: x });
  rearrange(e, b.w, w, {
    dims: [1, taps, run4, n4],
    size: [1, taps, run, n4],
    strides: [0, run * n4, n4, 1],
  });
  const downColumns: Window = {
    ...g,
    size: alongRows.out,
    channels: run4,
    kernel: [taps, 1],
    stride: [g.stride[0], 1],
    rate: [g.rate[0], 1],
    pad: [g.pad[0], 0],
  };
  return { g: downColumns, x, w, zeros: taps * (run4 - run) };
}
