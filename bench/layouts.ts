/**
 * Reordering of host tensors for libraries that keep channels first.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import type { Tensor } from "./cases.ts";

/** How a library keeps a tensor; with nothing said, as it is. */
export interface Layout {
  /** Dimensions that the tensor is seen with. @default its shape */
  readonly view?: readonly number[];
  /** Which of them come first, second... @default their own order */
  readonly order?: readonly number[];
  /** Shape of the result. @default the dimensions in the new order */
  readonly shape?: readonly number[];
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
