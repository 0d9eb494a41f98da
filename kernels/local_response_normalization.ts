/**
 * Plans local response normalization and its gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import common from "./local_response_normalization_common.wgsl" with { type: "text" };
import forwardCode from "./local_response_normalization.wgsl" with { type: "text" };
import gradientCode from "./local_response_normalization_gradient.wgsl" with { type: "text" };

/** Parameters of TF's `tf.nn.local_response_normalization`. */
export interface LrnOptions {
  readonly depthRadius: number;
  readonly bias: number;
  /** Not divided by the window's size. */
  readonly alpha: number;
  readonly beta: number;
}

/** One kernel for single channels, one for channels in fours. */
type Widths = readonly [one: Kernel, four: Kernel];

function widths(name: string, text: string): Widths {
  const code = common + text;
  const four = code.replace("alias V = f32;", "alias V = vec4f;").replace("+= near1(", "+= near4(");
  return [defineKernel(name, code), defineKernel(`${name}_4`, four)];
}

const forwardKernel = widths("local_response_normalization", forwardCode);
const gradientKernel = widths("local_response_normalization_gradient", gradientCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [...forwardKernel, ...gradientKernel];

function emitLrn<T>(
  e: Emitter<T>,
  [one, four]: Widths,
  count: number,
  channels: number,
  o: LrnOptions,
  buffers: T[],
  writes: number[],
) {
  const width = channels % 4 === 0 ? 4 : 1;
  const quarters = 4 * o.beta; // beta in whole quarters is computed with square roots
  e.emit({
    kernel: width === 4 ? four : one,
    params: {
      count: count / width,
      channels: channels / width,
      radius: o.depthRadius,
      reach: Math.ceil(o.depthRadius / width),
      bias: o.bias,
      alpha: o.alpha,
      beta: o.beta,
      quarters: Number.isInteger(quarters) && quarters > 0 && quarters <= 16 ? quarters : 0,
    },
    buffers,
    writes,
    workgroups: spread(Math.ceil(count / width / 64)),
    work: count * (4 * o.depthRadius + 8),
  });
}

/** Emits y and scale, both of x's shape; `count` values in rows of `channels`. */
export function lrn<T>(
  e: Emitter<T>,
  count: number,
  channels: number,
  o: LrnOptions,
  b: { x: T; y: T; scale: T },
): void {
  emitLrn(e, forwardKernel, count, channels, o, [b.x, b.y, b.scale], [1, 2]);
}

/** Emits dx from x, y, scale and dy. */
export function lrnGradient<T>(
  e: Emitter<T>,
  count: number,
  channels: number,
  o: LrnOptions,
  b: { x: T; y: T; scale: T; dy: T; dx: T },
): void {
  emitLrn(e, gradientKernel, count, channels, o, [b.x, b.y, b.scale, b.dy, b.dx], [4]);
}
