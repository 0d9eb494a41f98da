/** Reference of operations that only move values. */
import { count, type Tensor, tensor } from "./tensor.ts";

/** Rows and columns at the sides of an image. */
export interface Margins {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const lastOf = ({ shape }: Tensor) => shape[shape.length - 1];

/** Tensors joined along their last dimension. */
export function concat(tensors: readonly Tensor[]): Tensor {
  const [{ shape }] = tensors, rows = count(shape.slice(0, -1)), data: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (const x of tensors) data.push(...x.data.subarray(row * lastOf(x), (row + 1) * lastOf(x)));
  }
  return tensor([...shape.slice(0, -1), data.length / rows], data);
}

/** `columns` columns of the last dimension, from `first` on. */
export function slice(x: Tensor, first: number, columns: number): Tensor {
  const width = lastOf(x);
  const kept = x.data.filter((_, i) => i % width >= first && i % width < first + columns);
  return tensor([...x.shape.slice(0, -1), columns], kept);
}

/** Images between zeros. */
export function pad(x: Tensor, { top, bottom, left, right }: Margins): Tensor {
  const [n, h, w, c] = x.shape,
    y = tensor([n, h + top + bottom, w + left + right, c]),
    [, height, width] = y.shape;
  x.data.forEach((v, i) => {
    const column = Math.floor(i / c) % w, row = Math.floor(i / c / w) % h, image = Math.floor(i / c / w / h);
    y.data[((image * height + top + row) * width + left + column) * c + i % c] = v;
  });
  return y;
}

/** Images without their margins. */
export function crop(x: Tensor, { top, bottom, left, right }: Margins): Tensor {
  const [n, h, w, c] = x.shape,
    inside = x.data.filter((_, i) => {
      const column = Math.floor(i / c) % w, row = Math.floor(i / c / w) % h;
      return row >= top && row < h - bottom && column >= left && column < w - right;
    });
  return tensor([n, h - top - bottom, w - left - right, c], inside);
}

/** Dimension i of the result is dimension `order[i]` of x. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  const y = tensor(order.map((d) => x.shape[d])),
    size = (shape: readonly number[], d: number) => count(shape.slice(d + 1));
  y.data.forEach((_, i) => {
    const from = order.reduce((sum, source, d) => {
      return sum + Math.floor(i / size(y.shape, d)) % y.shape[d] * size(x.shape, source);
    }, 0);
    y.data[i] = x.data[from];
  });
  return y;
}
