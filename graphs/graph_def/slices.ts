/**
 * Parts of tensors: `Slice` and `StridedSlice` of a graph.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { integerAttribute } from "../../formats/graph_def/attributes.ts";
import type { NodeDef } from "../../formats/graph_def/graph_pb.ts";
import { crop } from "../../tape/ops/arrange.ts";
import { generate, type HostTensor, positions } from "./host_tensor.ts";
import { computed, folded, type NodeContext, type Operand, type Rule } from "./operand.ts";
import { reshape } from "../../tape/ops/pointwise.ts";

/** Which elements of one dimension are taken. */
interface Range {
  readonly begin: number;
  readonly step: number;
  readonly count: number;
  /** The dimension is left out of the result. */
  readonly isDropped: boolean;
}

/** The part of an operand that ranges stand for. */
function part(c: NodeContext, ranges: readonly Range[]): readonly Operand[] {
  const operand = c.operand(0), shape = ranges.filter((r) => !r.isDropped).map(({ count }) => count);
  if ("known" in operand) return folded(takeKnown(operand.known, ranges, shape));
  const { value } = operand;
  const isWhole = (r: Range, d: number) => r.begin === 0 && r.step === 1 && r.count === value.shape[d];
  const [, rows, columns] = ranges;
  if (ranges.every(isWhole)) return computed(reshape(value, shape, c.scoped));
  const isCrop = ranges.length === 4 &&
    ranges.every((r, d) => d === 1 || d === 2 ? r.step === 1 : isWhole(r, d));
  if (!isCrop) {
    throw new RangeError("of what is computed, only rows and columns of images at the sides can be left out");
  }
  const cropped = crop(value, {
    ...c.scoped,
    top: rows.begin,
    bottom: value.shape[1] - rows.begin - rows.count,
    left: columns.begin,
    right: value.shape[2] - columns.begin - columns.count,
  });
  return computed(ranges.some((r) => r.isDropped) ? reshape(cropped, shape, c.scoped) : cropped);
}

function takeKnown({ kind, shape, data }: HostTensor, ranges: readonly Range[], to: number[]): HostTensor {
  let step = 1, first = 0;
  const steps = new Array<number>(shape.length);
  for (let d = shape.length - 1; d >= 0; step *= shape[d--]) {
    steps[d] = step * ranges[d].step;
    first += step * ranges[d].begin;
  }
  const at = positions(ranges.map(({ count }) => count), steps, first);
  return generate(kind, to, (i) => data[at[i]]);
}

const slice: Rule = (c) => {
  const shape = c.shape(0), begins = c.numbers(1), sizes = c.numbers(2);
  if (begins.length !== shape.length || sizes.length !== shape.length) {
    throw new RangeError(`its begin and size are for ${begins.length} dimensions, there are ${shape.length}`);
  }
  return part(
    c,
    shape.map((size, d) => {
      const begin = begins[d], count = sizes[d] === -1 ? size - begin : sizes[d];
      if (begin < 0 || count < 0 || begin + count > size) {
        throw new RangeError(`${count} elements from ${begin} on are not in a dimension of ${size}`);
      }
      return { begin, count, step: 1, isDropped: false };
    }),
  );
};

const stridedSlice: Rule = (c) => {
  const { node } = c, [begins, ends, steps] = [1, 2, 3].map((i) => c.numbers(i));
  for (const name of ["ellipsis_mask", "new_axis_mask"]) {
    if (integerAttribute(node, name)) throw new RangeError(`its attribute "${name}" is not supported`);
  }
  const shape = c.shape(0);
  if (begins.length > shape.length || ends.length !== begins.length || steps.length !== begins.length) {
    throw new RangeError(`it slices ${begins.length} dimensions, there are ${shape.length}`);
  }
  return part(
    c,
    shape.map((size, d) =>
      d < begins.length
        ? rangeOf(node, d, size, begins[d], ends[d], steps[d])
        : { begin: 0, count: size, step: 1, isDropped: false }
    ),
  );
};

/** A range as `tf.strided_slice` means it: negative positions count from the end, and ends are cut to the dimension. */
function rangeOf(node: NodeDef, d: number, size: number, begin: number, end: number, step: number): Range {
  const isSet = (name: string) => ((integerAttribute(node, name) ?? 0) >> d & 1) === 1;
  if (isSet("shrink_axis_mask")) {
    const at = begin < 0 ? begin + size : begin;
    if (at < 0 || at >= size) throw new RangeError(`there is no element ${begin} in a dimension of ${size}`);
    return { begin: at, step: 1, count: 1, isDropped: true };
  }
  if (step === 0) throw new RangeError("a stride is 0");
  const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, least), most);
  const from = isSet("begin_mask") ? (step > 0 ? least : most) : place(begin);
  const to = isSet("end_mask") ? (step > 0 ? most : least) : place(end);
  return { begin: from, step, count: Math.max(0, Math.ceil((to - from) / step)), isDropped: false };
}

/** The rules of this file. */
export const slices: Readonly<Record<string, Rule>> = { Slice: slice, StridedSlice: stridedSlice };
