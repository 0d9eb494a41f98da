/**
 * Transposition of tensors on the host.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Values of a tensor whose dimension i is dimension `order[i]` of the given one. */
export function permute(
  values: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  const rank = shape.length, strides = new Array<number>(rank).fill(1);
  for (let i = rank - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  const result = new Float32Array(values.length), index = new Array<number>(rank).fill(0);
  const sizes = order.map((d) => shape[d]), steps = order.map((d) => strides[d]);
  const last = rank - 1, count = sizes[last] ?? 1, step = steps[last] ?? 0;
  for (let at = 0, from = 0; at < result.length;) {
    for (let i = 0, source = from; i < count; i++, source += step) result[at++] = values[source];
    for (let d = last - 1; d >= 0; d--) {
      from += steps[d];
      if (++index[d] < sizes[d]) break;
      from -= sizes[d] * steps[d];
      index[d] = 0;
    }
  }
  return result;
}
