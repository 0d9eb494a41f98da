/**
 * How TensorFlow resizes along one axis: which inputs each output is made of, and with which weights.
 *
 * All methods of `tf.image.resize_images` are separable, so a resized pixel is the sum over the taps of its row and of its
 * column. They are TF 1's kernels without half-pixel centres, `ResizeBilinear`, `ResizeNearestNeighbor`, `ResizeBicubic` and
 * `ResizeArea`: output i lies at input i * scale. Places are computed in float32 as there: a rounding decides which inputs
 * are met.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Methods in the order of TF's `ResizeMethod`. */
export const resizeMethods = ["bilinear", "nearest", "bicubic", "area"] as const;
/** A method of `tf.image.resize_images`. */
export type ResizeMethod = typeof resizeMethods[number];

/** The inputs of consecutive outputs, `perOutput` each; weight 0 where an output has fewer. */
export interface Taps {
  readonly perOutput: number;
  /** Input numbers, [outputs * perOutput]. */
  readonly indices: Int32Array;
  /** [outputs * perOutput] */
  readonly weights: Float32Array;
}

/** How an axis is resized. */
export interface AxisResize {
  readonly method: ResizeMethod;
  /** Number of inputs. */
  readonly from: number;
  /** Number of outputs. */
  readonly to: number;
  /** Whether the centres of the first and last pixels stay where they are; not for "area". @default {false} */
  readonly alignCorners?: boolean;
}

const { fround } = Math;

/** The taps of the outputs `outputs`, each 0 to `to` - 1; any other number stands for zero padding. */
export function resizeTaps(axis: AxisResize, outputs: readonly number[]): Taps {
  const { method, from, to, alignCorners = false } = axis;
  const scale = alignCorners && to > 1 ? fround((from - 1) / (to - 1)) : fround(from / to);
  const perOutput = from === to ? 1 : method === "area" ? Math.floor(scale) + 2 : TAPS[method];
  const indices = new Int32Array(outputs.length * perOutput), weights = new Float32Array(indices.length);
  outputs.forEach((output, i) => {
    if (output < 0 || output >= to) return;
    const at = i * perOutput;
    const add = (tap: number, index: number, weight: number) => {
      indices[at + tap] = Math.min(Math.max(index, 0), from - 1);
      weights[at + tap] = weight;
    };
    if (from === to) add(0, output, 1); // all methods leave such an axis as it is
    else {FILL[method](fround(output * scale), {
        from,
        scale,
        alignCorners,
        next: fround((output + 1) * scale),
      }, add);}
  });
  return { perOutput, indices, weights };
}

const TAPS = { bilinear: 2, nearest: 1, bicubic: 4 } as const;

interface Place {
  readonly from: number;
  readonly scale: number;
  readonly alignCorners: boolean;
  /** Where the next output lies. */
  readonly next: number;
}
type Add = (tap: number, index: number, weight: number) => void;

const FILL: Readonly<Record<ResizeMethod, (at: number, place: Place, add: Add) => void>> = {
  bilinear: (at, { from }, add) => {
    const lower = Math.floor(at), share = at - lower;
    add(0, Math.min(lower, from - 1), 1 - share);
    add(1, Math.min(Math.ceil(at), from - 1), share);
  },
  nearest: (at, { alignCorners }, add) => add(0, Math.floor(alignCorners ? at + 0.5 : at), 1),
  bicubic: (at, _, add) => {
    const lower = Math.floor(at), offset = roundHalfToEven((at - lower) * CUBIC_STEPS);
    add(0, lower - 1, cubic(1 + offset / CUBIC_STEPS));
    add(1, lower, cubic(offset / CUBIC_STEPS));
    add(2, lower + 1, cubic(1 - offset / CUBIC_STEPS));
    add(3, lower + 2, cubic(2 - offset / CUBIC_STEPS));
  },
  area: (at, { scale, next }, add) => {
    for (let input = Math.floor(at), tap = 0; input < Math.ceil(next); input++, tap++) {
      const isFirst = input < at, isLast = input + 1 > next;
      const share = isFirst && isLast ? scale : isFirst ? input + 1 - at : isLast ? next - input : 1;
      add(tap, input, share / scale);
    }
  },
};

/** TF looks the cubic's weights up in a table of so many steps a pixel. */
const CUBIC_STEPS = 1024;

/** The cubic convolution with a = -0.75, at a distance of 0 to 2 (Keys, "Cubic Convolution Interpolation...", 1981). */
function cubic(x: number): number {
  const a = -0.75;
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/** The nearest whole number, of two the even one, as C's `rint`. */
export function roundHalfToEven(x: number): number {
  const lower = Math.floor(x), rest = x - lower;
  return rest > 0.5 || (rest === 0.5 && lower % 2 !== 0) ? lower + 1 : lower;
}
