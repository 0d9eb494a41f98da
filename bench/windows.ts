/**
 * Windows of recorded operations, for libraries that want to know the zeros around an image.
 *
 * @module
 */
import { type Pair, slide, type Window, type WindowOptions } from "../kernels/window.ts";
import type { Value } from "../tape/tape.ts";

/** What a convolution records. */
export interface ConvolutionAttributes {
  readonly window: WindowOptions;
}
/** What pooling records. */
export interface PoolAttributes extends WindowOptions {
  readonly kernel: Pair;
}
/** Rows and columns at each side of an image. */
export type Margins = Readonly<Record<"top" | "bottom" | "left" | "right", number>>;

/** A window sliding over an image with margins. */
export interface FramedWindow extends Window {
  readonly margins: Margins;
  /** Whether the window is the whole image. */
  readonly isWhole: boolean;
}

/** The window that slides over x. */
export function framedWindow({ shape }: Value, { kernel, ...options }: PoolAttributes): FramedWindow {
  const window = slide(shape, kernel, options), { size, stride, rate, pad: [top, left], out } = window;
  const [bottom, right] = size.map((n, i) => {
    const reach = (window.kernel[i] - 1) * rate[i] + 1;
    return Math.max(0, (out[i] - 1) * stride[i] + reach - n - window.pad[i]);
  });
  const margins = { top, bottom, left, right };
  return { ...window, margins, isWhole: window.kernel.join() === size.join() && out.join() === "1,1" };
}

/** How many pixels of the image lie under the window, for each of its places. */
export function pixelCounts({ size, kernel, stride, pad, out }: Window): Float32Array {
  const covered = (axis: 0 | 1, index: number) => {
    const first = index * stride[axis] - pad[axis];
    return Math.min(first + kernel[axis], size[axis]) - Math.max(first, 0);
  };
  return Float32Array.from(
    { length: out[0] * out[1] },
    (_, i) => covered(0, Math.floor(i / out[1])) * covered(1, i % out[1]),
  );
}
