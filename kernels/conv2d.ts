/**
 * Plans 2-D convolutions as products.
 *
 * The rows of the left operand are the places of the window in the image where it lies. Channels that do not come in fours are
 * copied so that they do (fours.ts), or, where they are few, what the window meets is: along the rows of the image
 * (narrow_images.ts) or whole, some at a time, so that the copy stays in the cache.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { imageRows } from "./columns.ts";
import type { Emitter } from "./emitter.ts";
import type { Epilogue } from "./epilogue.ts";
import { computeInFours, packEpilogue, packRows, widened } from "./fours.ts";
import { gemm, MOST_TAPS, type Scatter } from "./gemm.ts";
import { quarters, sizeOf } from "./kernel.ts";
import { matmul } from "./matmul.ts";
import { narrow, prefersFours } from "./narrow_images.ts";
import { unitOf } from "./rearrange.ts";
import { matrixWindow, type Window } from "./window.ts";
import { prefersWinograd, winograd } from "./winograd.ts";

/** Elements of a left operand that are copied at once, about: small enough for a cache, large enough to fill an adapter. */
const PIECE = 2 ** 21;

/** A convolution by packed weights [taps, channels, ceil4(outputs)], and where its rows go. */
interface Packed<T> extends Epilogue<T> {
  readonly x: T;
  readonly w: T;
  readonly y: T;
  readonly scatter?: Scatter;
  /** Steps of a sum that are zeros. */
  readonly zeros?: number;
}

/** Emits a convolution of any window. */
export function convolve<T>(e: Emitter<T>, g: Window, outputs: number, b: Packed<T>): void {
  const taps = sizeOf(g.kernel), k = taps * g.channels, k4 = 4 * quarters(k), all = g.n * sizeOf(g.out);
  const plan = { ...b, m: all, n: outputs, k, b: b.w };
  if (k === 0) return gemm(e, { ...plan, a: b.x });
  if (g.channels % 4 === 0 && taps <= MOST_TAPS) return gemm(e, { ...plan, a: b.x, rows: g });
  const narrowed = b.scatter ? undefined : narrow(e, g, outputs, b);
  if (narrowed) {
    const { g: window, ...operands } = narrowed;
    return convolve(e, window, outputs, { ...b, ...operands });
  }
  const unit = Math.max(64, unitOf(outputs)),
    fitting = Math.floor(Math.min(PIECE, e.limit) / k4 / unit) * unit;
  const pieces = b.scatter ? 1 : Math.ceil(all / Math.max(unit, fitting)),
    each = Math.ceil(all / pieces / unit) * unit;
  for (let first = 0; first < all; first += each) {
    const count = Math.min(each, all - first), a = e.scratch(count * k4, b.x);
    const part = (v: T) => count === all ? v : e.window(v, first * outputs, count * outputs);
    imageRows(e, g, { x: b.x, y: a }, { first, count });
    gemm(e, {
      ...plan,
      m: count,
      a,
      rows: matrixWindow(count, k4),
      addend: b.addend && part(b.addend),
      y: part(b.y),
    });
  }
}

/** Whether there is one window, as large as the image: a fully connected layer. */
export function isDense(g: Window): boolean {
  return g.pad[0] + g.pad[1] === 0 && sizeOf(g.out) === 1 && sizeOf(g.kernel) === sizeOf(g.size);
}

/**
 * Emits y [n, oh, ow, o] = epilogue(x * w), x [n, h, w, c], w [kh, kw, c, o]. A sensitive y is summed plainly whatever was
 * chosen, as Winograd's way rounds more.
 */
export function conv2d<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: Epilogue<T> & { x: T; w: T; y: T; isSensitive?: boolean },
): void {
  const k = sizeOf(g.kernel) * g.channels;
  if (isDense(g)) return matmul(e, { ...b, m: g.n, n: outputs, k, a: b.x, b: b.w });
  if (prefersFours(e, g, outputs)) {
    const rows = g.n * sizeOf(g.out), wide = widened(e, g, outputs), { isSensitive } = b;
    const operands = {
      ...packEpilogue(e, b, rows, outputs),
      x: wide.pixels(b.x),
      w: wide.weights(b.w),
      isSensitive,
    };
    const compute = (y: T) => conv2d(wide.e, wide.g, wide.outputs, { ...operands, y });
    return computeInFours(e, [rows, outputs], b.y, compute);
  }
  if (!b.isSensitive && prefersWinograd(e, g, outputs, b.w)) {
    const { channels: c } = g, strides = [g.kernel[1] * c * outputs, c * outputs, outputs, 1] as const;
    return winograd(e, g, outputs, { ...b, w: { w: b.w, base: 0, strides } });
  }
  convolve(e, g, outputs, { ...b, w: packRows(e, b.w, k, outputs) });
}
