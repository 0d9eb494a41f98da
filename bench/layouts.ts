/**
 * Reordering of host tensors for libraries that keep channels first.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import type { Value } from "../tape/tape.ts";
import type { Tensor } from "./cases.ts";
import type { Step } from "./interpret.ts";

/** How a library keeps a tensor; with nothing said, as it is. */
export interface Layout {
  /** Dimensions that the tensor is seen with. @default its shape */
  readonly view?: readonly number[];
  /** Which of them come first, second... @default their own order */
  readonly order?: readonly number[];
  /** Shape of the result. @default the dimensions in the new order */
  readonly shape?: readonly number[];
}

/** Images [n, h, w, c] as [n, c, h, w]. */
export const imagesFirst: Layout = { order: [0, 3, 1, 2] };
/** Convolution weights [kh, kw, in, out] as [out, in, kh, kw]. */
export const weightsFirst: Layout = { order: [3, 2, 0, 1] };

/** Depthwise weights [kh, kw, in, multiplier] as [in * multiplier, 1, kh, kw]. */
export function depthwiseFirst([kh, kw, channels, multiplier]: readonly number[]): Layout {
  const view = [kh, kw, channels, multiplier];
  return { view, order: [2, 3, 0, 1], shape: [channels * multiplier, 1, kh, kw] };
}

/** How a library that keeps channels first keeps a net's feeds and variables, by name; those left out as they are. */
export function channelsFirst(steps: readonly Step[]): Map<string, Layout> {
  const layouts = new Map<string, Layout>(), flattened = new Map<Value, readonly number[]>();
  for (const { name, inputs: [x, w], output } of steps) {
    if (x.source?.kind === "feed" && x.shape.length === 4) layouts.set(x.label, imagesFirst);
    if (name === "conv2d") layouts.set(w.label, weightsFirst);
    if (name === "depthwiseConv2d") layouts.set(w.label, depthwiseFirst(w.shape));
    if (name === "reshape" && x.shape.length === 4) flattened.set(output, x.shape.slice(1));
    if (name === "matmul" && flattened.has(x)) { // its rows follow the flattened pixels
      layouts.set(w.label, {
        view: [...flattened.get(x)!, w.shape[1]],
        order: [2, 0, 1, 3],
        shape: w.shape,
      });
    }
  }
  return layouts;
}

/** A tensor as the library keeps it. */
export function toLayout({ shape, data }: Tensor, layout: Layout): Tensor {
  const { view = shape, order = view.map((_, i) => i) } = layout;
  return { shape: layout.shape ?? order.map((i) => view[i]), data: transpose(data, view, order) };
}

/** The values of a tensor that the library keeps, in their own order. */
export function fromLayout({ shape, data }: Tensor, { view, order }: Layout): Float32Array {
  if (!order) return data;
  return transpose(data, view ? order.map((i) => view[i]) : shape, order.map((_, i) => order.indexOf(i)));
}

function transpose(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const result = new Float32Array(data.length);
  let at = 0;
  const copy = (dimension: number, from: number) => {
    if (dimension === order.length) {
      result[at++] = data[from];
      return;
    }
    const axis = order[dimension];
    for (let i = 0; i < shape[axis]; i++) {
      copy(dimension + 1, from + i * strides[axis]);
    }
  };
  copy(0, 0);
  return result;
}
