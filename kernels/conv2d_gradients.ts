/**
 * Plans the gradients of 2-D convolutions as products.
 *
 * The gradient for the input is again a convolution, over the output gradient with the kernel flipped; with stride s it falls into
 * s x s phases, each with the taps that reach it. The gradient for the weights takes the image as its left operand where it lies,
 * inside a frame of zeros where the window reaches past it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { imageRows, transpose } from "./columns.ts";
import { convolve, isDense } from "./conv2d.ts";
import type { Emitter } from "./emitter.ts";
import { computeInFours, cutWeights, packRows, widened } from "./fours.ts";
import { gemm } from "./gemm.ts";
import { quarters, sizeOf } from "./kernel.ts";
import { matmul } from "./matmul.ts";
import { prefersFours } from "./narrow_images.ts";
import { rearrange, stridesOf } from "./rearrange.ts";
import type { Window } from "./window.ts";
import { prefersWinograd, winograd, winogradWeightGradient } from "./winograd.ts";

/** `x` inside zeros: the part of the padded image that the window touches. Returns x itself where that is all of it. */
function frame<T>(e: Emitter<T>, x: T, g: Window): { framed: T; size: readonly [number, number] } {
  const reach = (i: 0 | 1) => (g.out[i] - 1) * g.stride[i] + (g.kernel[i] - 1) * g.rate[i] + 1;
  const size = [reach(0), reach(1)] as const, { n, pad, channels: c } = g;
  if (pad[0] + pad[1] === 0 && size.every((s, i) => s <= g.size[i])) return { framed: x, size: g.size };
  const framed = e.scratch(n * size[0] * size[1] * c, x);
  const kept = (i: 0 | 1) => Math.max(0, Math.min(g.size[i], size[i] - pad[i])); // a long window may miss the image
  rearrange(e, x, framed, {
    dims: [n, ...size, c],
    low: [0, ...pad, 0],
    size: [n, kept(0), kept(1), c],
    strides: stridesOf([n, ...g.size, c]),
  });
  return { framed, size };
}

/** Emits dw [kh, kw, c, o] from x [n, h, w, c] and dy [n, oh, ow, o]. */
export function conv2dWeightGradient<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: { x: T; dy: T; dw: T },
): void {
  if (prefersFours(e, g, outputs)) {
    const taps = sizeOf(g.kernel), wide = widened(e, g, outputs);
    const dw = e.scratch(taps * wide.g.channels * wide.outputs);
    conv2dWeightGradient(wide.e, wide.g, wide.outputs, { x: wide.pixels(b.x), dy: wide.places(b.dy), dw });
    return cutWeights(e, [taps, g.channels, outputs], { x: dw, y: b.dw });
  }
  if (prefersWinograd(e, g, outputs)) return winogradWeightGradient(e, g, outputs, b);
  const m = sizeOf(g.kernel) * g.channels, k = g.n * sizeOf(g.out);
  const plan = { m, n: outputs, k, b: packRows(e, b.dy, k, outputs), y: b.dw };
  if (g.channels % 4 !== 0) {
    const a = e.scratch(k * 4 * quarters(m), b.x);
    imageRows(e, g, { x: b.x, y: a });
    return gemm(e, { ...plan, a });
  }
  const { framed, size } = frame(e, b.x, g), c4 = g.channels / 4, row = size[1] * c4;
  gemm(e, {
    ...plan,
    a: framed,
    steps: {
      rows: { dims: [g.kernel[1], c4], strides: [g.rate[0] * row, g.rate[1] * c4, 1] },
      dims: g.out,
      strides: [size[0] * row, g.stride[0] * row, g.stride[1] * c4],
    },
  });
}

/** One phase of an axis: the input positions phase, phase + stride, ... and the taps that connect them to outputs. */
interface Phase {
  phase: number;
  positions: number;
  taps: number;
  /** Tap that meets the first output read; the next output meets the tap `tapStep` before it. */
  lastTap: number;
  tapStep: number;
  /** First output read by the first position, and the distance to the next one. */
  first: number;
  step: number;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Splits an axis of the input gradient: input i meets output o at tap k where i + pad = o * stride + k * rate. */
function phases(size: number, kernel: number, stride: number, rate: number, pad: number): Phase[] {
  const tapStep = stride / gcd(stride, rate), step = tapStep * rate / stride;
  const list: Phase[] = [];
  for (let phase = 0; phase < Math.min(stride, size); phase++) {
    let tap = 0;
    while (tap < tapStep && (phase + pad - tap * rate) % stride !== 0) tap++;
    const reached = tap < tapStep && tap < kernel;
    const taps = reached ? Math.floor((kernel - 1 - tap) / tapStep) + 1 : 0;
    list.push({
      phase,
      positions: Math.ceil((size - phase) / stride),
      taps,
      lastTap: tap + (taps - 1) * tapStep,
      tapStep,
      first: reached ? (phase + pad - tap * rate) / stride - (taps - 1) * step : 0,
      step,
    });
  }
  return list;
}

/** The taps of w [kh, kw, c, o] that a phase meets, last first, as a right operand [taps, o, c]. */
function packFlipped<T>(e: Emitter<T>, w: T, g: Window, o: number, py: Phase, px: Phase): T {
  const c = g.channels, row = g.kernel[1] * c * o, size = py.taps * px.taps * o * c;
  if (size === 0) return w;
  const packed = e.scratch(size);
  transpose(e, w, packed, {
    rows: c,
    columns: o,
    outer: { count: py.taps, stride: -py.tapStep * row },
    inner: { count: px.taps, stride: -px.tapStep * c * o },
    base: py.lastTap * row + px.lastTap * c * o,
  });
  return packed;
}

/** Emits dx [n, h, w, c] from w [kh, kw, c, o] and dy [n, oh, ow, o]. */
export function conv2dInputGradient<T>(
  e: Emitter<T>,
  g: Window,
  outputs: number,
  b: { w: T; dy: T; dx: T },
): void {
  const [h, w] = g.size, { n, channels: c } = g, o = outputs;
  if (isDense(g)) return matmul(e, { m: n, n: h * w * c, k: o, a: b.dy, b: b.w, transposeB: true, y: b.dx });
  if (c % 4 !== 0 || o % 4 !== 0) {
    const wide = widened(e, g, o), operands = { w: wide.weights(b.w), dy: wide.places(b.dy) };
    const compute = (dx: T) => conv2dInputGradient(wide.e, wide.g, wide.outputs, { ...operands, dx });
    return computeInFours(e, [n * h * w, c], b.dx, compute);
  }
  const flipped: Window = {
    ...g,
    size: g.out,
    channels: o,
    out: g.size,
    pad: [g.kernel[0] - 1 - g.pad[0], g.kernel[1] - 1 - g.pad[1]],
  };
  if (prefersWinograd(e, flipped, c, b.w)) {
    const strides = [-g.kernel[1] * c * o, -c * o, 1, o] as const;
    return winograd(e, flipped, c, {
      x: b.dy,
      w: { w: b.w, base: (sizeOf(g.kernel) - 1) * c * o, strides },
      y: b.dx,
    });
  }
  const [rows, columns] = [0, 1].map((i) => phases(g.size[i], g.kernel[i], g.stride[i], g.rate[i], g.pad[i]));
  const isWhole = rows.length * columns.length === 1;
  for (const py of rows) {
    for (const px of columns) {
      const over: Window = {
        n,
        size: g.out,
        channels: o,
        kernel: [py.taps, px.taps],
        stride: [1, 1],
        rate: [py.step, px.step],
        pad: [-py.first, -px.first],
        out: [py.positions, px.positions],
      };
      const scatter = isWhole ? undefined : {
        base: (py.phase * w + px.phase) * c,
        dims: over.out,
        strides: [h * w * c, g.stride[0] * w * c, g.stride[1] * c] as const,
      };
      convolve(e, over, c, { x: b.dy, w: packFlipped(e, b.w, g, o, py, px), y: b.dx, scatter });
    }
  }
}
