/** Tensors of the reference operations: float64 throughout, and inputs that float32 holds exactly. */
import { hash32, uniforms } from "../../random/philox.ts";

/** Row-major numbers with a shape. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Half a unit in the last place of a float32 just below 2: the relative error of one rounding. */
export const UNIT = 2 ** -24;

/** Number of elements of a shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** A tensor of given values, or of zeros. */
export function tensor(shape: readonly number[], data?: Iterable<number>): Tensor {
  const values = data ? Float64Array.from(data) : new Float64Array(count(shape));
  if (values.length !== count(shape)) {
    throw new RangeError(`[${shape}] does not hold ${values.length} values`);
  }
  return { shape, data: values };
}

/** Random float32 values in [-scale, scale): each name and shape has its own. */
export function random(name: string, shape: readonly number[], scale = 1): Tensor {
  const next = uniforms(7, hash32(`${name} [${shape}]`));
  return tensor(shape, Array.from({ length: count(shape) }, () => Math.fround(scale * (2 * next() - 1))));
}

/** Random multiples of 1/2 in [-1, 1]: many ties, and their sums are exact in float32. */
export function coarse(name: string, shape: readonly number[]): Tensor {
  return map(random(name, shape, 5), (v) => Math.trunc(v / 2) / 2);
}

/** f of each element, and of the same elements of further tensors. */
export function map(x: Tensor, f: (v: number, i: number) => number): Tensor {
  return { shape: x.shape, data: x.data.map(f) };
}

/** Magnitudes: an operation that sums products, given these, gives the scale of its own rounding. */
export function abs(x: Tensor): Tensor {
  return map(x, Math.abs);
}

/** The same values under another shape. */
export function reshaped(x: Tensor, shape: readonly number[]): Tensor {
  return tensor(shape, x.data);
}
