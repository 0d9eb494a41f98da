/**
 * Operations that only move values: concatenation, padding, cropping, transposition.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { copyColumns } from "../../kernels/copy_columns.ts";
import { quarters, sizeOf } from "../../kernels/kernel.ts";
import { rearrange, stridesOf } from "../../kernels/rearrange.ts";
import { defineOperation, type Node, type Operation, type Shape, type Value } from "../tape.ts";

interface Scoped {
  readonly scope?: string;
}

/** Rows and columns at each side of an image. */
export interface Margins {
  readonly top?: number;
  readonly bottom?: number;
  readonly left?: number;
  readonly right?: number;
}

const lastOf = (shape: Shape): number => shape[shape.length - 1];
const imageShape = ({ shape }: Value) => shape as [number, number, number, number];

const concatOperation: Operation<null> = defineOperation<null>({
  name: "concat",
  infer: (shapes) => {
    const [first] = shapes, outer = first.slice(0, -1);
    if (first.length === 0) throw new RangeError("scalars have no last dimension");
    if (shapes.some((s) => s.length !== first.length || s.slice(0, -1).join() !== outer.join())) {
      throw new RangeError("all dimensions but the last must be equal");
    }
    return [[...outer, shapes.reduce((sum, s) => sum + lastOf(s), 0)]];
  },
  gradient: ({ node, inputs, gradients: [dy], wanted }) => {
    let first = 0;
    return inputs.map(({ shape }, i) => {
      const place = { first, columns: lastOf(shape) };
      first += place.columns;
      return dy && wanted[i] ? dy.tape.apply(sliceOperation, [dy], place, node.scope)[0] : undefined;
    });
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs, outputs: [y] }) => {
    const stride = lastOf(y.shape), rows = sizeOf(y.shape) / stride;
    let first = 0;
    for (const x of inputs) {
      const columns = lastOf(x.shape), wide = e.inFours(x, columns);
      const from = wide ? { matrix: wide, stride: 4 * quarters(columns) } : { matrix: x, stride: columns };
      copyColumns(e, rows, columns, { ...from, first: 0 }, { matrix: y, stride, first });
      first += columns;
    }
  },
});

/** Columns of a matrix whose rows are all dimensions but the last. */
interface Columns {
  readonly first: number;
  readonly columns: number;
}

const sliceOperation: Operation<Columns> = defineOperation<Columns>({
  name: "slice",
  infer: ([x], { first, columns }) => {
    const isCount = [first, columns].every((v) => Number.isInteger(v) && v >= 0);
    if (!isCount || columns === 0 || first + columns > lastOf(x)) {
      throw new RangeError(`there are no ${columns} columns from ${first} on among ${lastOf(x)}`);
    }
    return [[...x.slice(0, -1), columns]];
  },
  gradient: ({ node, inputs: [x], gradients: [dy], attributes: { first } }) => {
    const place = { first, columns: lastOf(x.shape) };
    return [dy && dy.tape.apply(placeOperation, [dy], place, node.scope)[0]];
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x], outputs: [y], attributes: { first, columns } }) => {
    const stride = lastOf(x.shape);
    const [from, to] = [{ matrix: x, stride, first }, { matrix: y, stride: columns, first: 0 }];
    copyColumns(e, sizeOf(x.shape) / stride, columns, from, to);
  },
});

/** A slice between zeros: `columns` is how many there are with these. */
const placeOperation: Operation<Columns> = defineOperation<Columns>({
  name: "place",
  infer: ([x], { columns }) => [[...x.slice(0, -1), columns]],
  gradient: ({ node, inputs: [x], gradients: [dy], attributes: { first } }) => [
    dy && slice(dy, first, lastOf(x.shape), { scope: node.scope }),
  ],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x], outputs: [y], attributes: { first, columns } }) => {
    const inside = lastOf(x.shape), rows = sizeOf(x.shape) / inside;
    rearrange(e, x, y, {
      dims: [1, 1, rows, columns],
      low: [0, 0, 0, first],
      size: [1, 1, rows, inside],
      strides: [0, 0, inside, 1],
    });
  },
});

/**
 * Values joined along their last dimension (channels), as `tf.concat(values, -1)`.
 *
 * @throws {RangeError} where there are no values, or other dimensions differ
 */
export function concat(values: readonly Value[], { scope }: Scoped = {}): Value {
  if (values.length === 0) {
    throw new RangeError(`Cannot apply concat${scope ? ` in ${scope}` : ""}: there are no values`);
  }
  return values[0].tape.apply(concatOperation, values, null, scope)[0];
}

/**
 * Some of the values along the last dimension (channels): `columns` of them, from `first` on.
 *
 * @throws {RangeError} where there are not so many
 */
export function slice(x: Value, first: number, columns: number, { scope }: Scoped = {}): Value {
  return x.tape.apply(sliceOperation, [x], { first, columns }, scope)[0];
}

function checkMargins(x: Shape, margins: Required<Margins>): void {
  if (x.length !== 4) throw new RangeError("the input needs 4 dimensions [n, height, width, channels]");
  for (const [side, size] of Object.entries(margins)) {
    if (!Number.isInteger(size) || size < 0) {
      throw new RangeError(`${side} must be a whole number of at least 0, got ${size}`);
    }
  }
}

const padOperation: Operation<Required<Margins>> = defineOperation<Required<Margins>>({
  name: "pad",
  infer: ([x], margins) => {
    checkMargins(x, margins);
    return [[x[0], x[1] + margins.top + margins.bottom, x[2] + margins.left + margins.right, x[3]]];
  },
  gradient: ({ node, gradients: [dy], attributes }) =>
    dy ? dy.tape.apply(cropOperation, [dy], attributes, node.scope) : [],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x], outputs: [y], attributes: { top, left } }) => {
    const size = imageShape(x);
    rearrange(e, x, y, { dims: imageShape(y), low: [0, top, left, 0], size, strides: stridesOf(size) });
  },
});

const cropOperation: Operation<Required<Margins>> = defineOperation<Required<Margins>>({
  name: "crop",
  infer: ([x], margins) => {
    checkMargins(x, margins);
    const { top, bottom, left, right } = margins, [n, h, w, c] = x;
    if (top + bottom >= h || left + right >= w) throw new RangeError("nothing would be left");
    return [[n, h - top - bottom, w - left - right, c]];
  },
  gradient: ({ node, gradients: [dy], attributes }) =>
    dy ? dy.tape.apply(padOperation, [dy], attributes, node.scope) : [],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x], outputs: [y], attributes: { top, left } }) => {
    const strides = stridesOf(imageShape(x)), base = top * strides[1] + left * strides[2];
    rearrange(e, x, y, { dims: imageShape(y), strides, base });
  },
});

/** The rows and columns of zeros that a node puts around images; undefined where it does something else. */
export function marginsOf({ operation, attributes }: Node): Required<Margins> | undefined {
  if (operation === padOperation as Operation<unknown>) return attributes as Required<Margins>;
}

/**
 * Zeros around images [n, height, width, channels], as `tf.pad`.
 *
 * @throws {RangeError} where a margin is no count
 */
export function pad(x: Value, { scope, top = 0, bottom = 0, left = 0, right = 0 }: Margins & Scoped): Value {
  return x.tape.apply(padOperation, [x], { top, bottom, left, right }, scope)[0];
}

/**
 * Images [n, height, width, channels] without rows and columns at their sides: `tf.slice` of height and width.
 *
 * @throws {RangeError} where a margin is no count, or nothing would be left
 */
export function crop(x: Value, { scope, top = 0, bottom = 0, left = 0, right = 0 }: Margins & Scoped): Value {
  return x.tape.apply(cropOperation, [x], { top, bottom, left, right }, scope)[0];
}

type Order = readonly number[];

const transposeOperation: Operation<{ order: Order }> = defineOperation<{ order: Order }>({
  name: "transpose",
  infer: ([x], { order }) => {
    if (x.length > 4) throw new RangeError("the input has more than 4 dimensions");
    if (order.length !== x.length || x.some((_, d) => !order.includes(d))) {
      throw new RangeError(`[${order}] does not name each of the ${x.length} dimensions once`);
    }
    return [order.map((d) => x[d])];
  },
  gradient: ({ node, gradients: [dy], attributes: { order } }) => [
    dy && transpose(dy, order.map((_, d) => order.indexOf(d)), { scope: node.scope }),
  ],
  batch: ({ order }) => order[0] === 0 ? { outputs: "map" } : undefined,
  lower: (e, { inputs: [x], outputs: [y], attributes: { order } }) => {
    const missing = 4 - order.length, ones = new Array<number>(missing).fill(1);
    const strides = stridesOf([...ones, ...x.shape] as [number, number, number, number]);
    const of = (d: number) => strides[d + missing];
    rearrange(e, x, y, {
      dims: [...ones, ...y.shape] as [number, number, number, number],
      strides: [...ones.map(() => 0), ...order.map(of)] as [number, number, number, number],
    });
  },
});

/**
 * The same values with their dimensions in another order, as `tf.transpose`: dimension i of the result is dimension `order[i]`
 * of `x`, which has at most four.
 *
 * @throws {RangeError} where `order` does not name each dimension once
 */
export function transpose(x: Value, order: Order, { scope }: Scoped = {}): Value {
  return x.tape.apply(transposeOperation, [x], { order }, scope)[0];
}
