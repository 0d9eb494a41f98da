/**
 * Sums, products, bias, gate and reshape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { columnSum } from "../../kernels/column_sum.ts";
import type { Emitter } from "../../kernels/emitter.ts";
import type { Epilogue } from "../../kernels/epilogue.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { pointwise } from "../../kernels/pointwise.ts";
import { rearrange } from "../../kernels/rearrange.ts";
import { defineOperation, type Node, type Operation, type Shape, type Value } from "../tape.ts";

interface Scoped {
  readonly scope?: string;
}

function sameShape([a, b]: readonly Shape[]): Shape[] {
  if (a.join() !== b.join()) throw new RangeError("the shapes differ");
  return [a];
}

const addOperation: Operation<{ factor: number }> = defineOperation<{ factor: number }>({
  name: "add",
  infer: sameShape,
  gradient: ({ node, gradients: [dy], attributes: { factor }, wanted }) => [
    dy,
    dy && factor !== 1 && wanted[1] ? scale(dy, factor, { scope: node.scope }) : dy,
  ],
  batch: () => ({ outputs: "map" }),
  channelwise: true,
  lower: (e, { inputs: [a, b], outputs: [y], attributes }) =>
    pointwise(e, "add", sizeOf(y.shape), { a, b, y }, attributes),
});

/** a + factor * b, both of one shape. */
export function add(a: Value, b: Value, { scope, factor = 1 }: Scoped & { factor?: number } = {}): Value {
  return a.tape.apply(addOperation, [a, b], { factor }, scope)[0];
}

const scaleOperation: Operation<{ factor: number }> = defineOperation<{ factor: number }>({
  name: "scale",
  infer: (inputs) => {
    if (inputs[1]?.length) throw new RangeError("the second operand must be a scalar []");
    return [inputs[0]];
  },
  gradient: ({ node, inputs: [, by], gradients: [dy], attributes: { factor }, wanted }) => {
    if (by && wanted[1]) {
      throw new TypeError(`Cannot differentiate ${node.scope}/scale for its scalar operand`);
    }
    return [dy && scale(dy, factor, { by, scope: node.scope })];
  },
  batch: () => ({ shared: [1], outputs: "map" }),
  lower: (e, { inputs: [x, by], outputs: [y], attributes: { factor } }) =>
    by
      ? pointwise(e, "multiply", sizeOf(y.shape), { a: x, b: by, y }, { factor, period: 1 })
      : pointwise(e, "scale", sizeOf(y.shape), { a: x, y }, { factor }),
});

/** x * factor, and, with `by`, times that scalar value of shape []. */
export function scale(x: Value, factor: number, { scope, by }: Scoped & { by?: Value } = {}): Value {
  return x.tape.apply(scaleOperation, by ? [x, by] : [x], { factor }, scope)[0];
}

/** Emits y = formula(x, b), b [groups, channels] repeated over each group's rows. */
function spreadOver(
  e: Emitter<Value>,
  name: "add" | "multiply",
  groups: number,
  b: { x: Value; b: Value; y: Value },
) {
  const count = sizeOf(b.y.shape), channels = sizeOf(b.b.shape) / groups, block = count / groups;
  if (channels % 4 === 0) {
    return pointwise(e, name, count, { a: b.x, b: b.b, y: b.y }, { period: channels, block });
  }
  const repeated = e.scratch(count);
  rearrange(e, b.b, repeated, {
    dims: [1, groups, block / channels, channels],
    strides: [0, channels, 0, 1],
  });
  pointwise(e, name, count, { a: b.x, b: repeated, y: b.y });
}

const gateOperation: Operation<null> = defineOperation<null>({
  name: "gate",
  infer: ([x, gate]) => {
    if (x.length !== 4 || gate.join() !== [x[0], 1, 1, x[3]].join()) {
      throw new RangeError("the gate must be [n, 1, 1, channels]");
    }
    return [x];
  },
  gradient: ({ node, inputs: [x, by], gradients: [dy], wanted }) => {
    if (!dy) return [];
    const { tape } = x, { scope } = node;
    const dx = wanted[0] ? gate(dy, by, { scope }) : undefined;
    return [dx, wanted[1] ? tape.apply(gateGradient, [x, dy], null, scope)[0] : undefined];
  },
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x, b], outputs: [y] }) => spreadOver(e, "multiply", x.shape[0], { x, b, y }),
});

const gateGradient: Operation<null> = defineOperation<null>({
  name: "gateGradient",
  infer: ([x]) => [[x[0], 1, 1, x[3]]],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [x, dy], outputs: [dgate] }) => {
    const [groups, h, w, channels] = x.shape;
    columnSum(e, h * w, channels, { x, by: dy, y: dgate }, { groups });
  },
});

/** x [n, height, width, channels] times a gate [n, 1, 1, channels], as in squeeze-and-excite. */
export function gate(x: Value, by: Value, { scope }: Scoped = {}): Value {
  return x.tape.apply(gateOperation, [x, by], null, scope)[0];
}

const biasGradient: Operation<null> = defineOperation<null>({
  name: "biasGradient",
  infer: ([dy]) => [[dy[dy.length - 1]]],
  batch: () => ({ outputs: "sum" }),
  channelwise: true,
  lower: (e, { inputs: [dy], outputs: [db] }) =>
    columnSum(e, sizeOf(dy.shape) / db.shape[0], db.shape[0], { x: dy, y: db }),
});

const biasOperation: Operation<null> = defineOperation<null>({
  name: "biasAdd",
  infer: ([x, b]) => {
    if (b.length !== 1 || b[0] !== x[x.length - 1]) {
      throw new RangeError("the bias needs one value a channel");
    }
    return [x];
  },
  gradient: ({ node, gradients: [dy], wanted }) => [
    dy,
    dy && wanted[1] ? dy.tape.apply(biasGradient, [dy], null, node.scope)[0] : undefined,
  ],
  batch: () => ({ shared: [1], outputs: "map" }),
  channelwise: true,
  lower: (e, { inputs: [x, b], outputs: [y] }) => spreadOver(e, "add", 1, { x, b, y }),
});

/** x + bias, one value a channel (the last dimension), as `tf.nn.bias_add`. */
export function biasAdd(x: Value, bias: Value, { scope }: Scoped = {}): Value {
  return x.tape.apply(biasOperation, [x, bias], null, scope)[0];
}

interface ReshapeAttributes {
  readonly shape: Shape;
  /** What TF-Slim has in its place: `squeeze` of height and width, `flatten`, or none as the operation before gives that shape. */
  readonly kind?: "squeeze" | "flatten" | "none";
}

const reshapeOperation: Operation<ReshapeAttributes> = defineOperation<ReshapeAttributes>({
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(x) !== sizeOf(shape)) throw new RangeError(`[${shape}] has another number of elements`);
    return [shape];
  },
  gradient: ({ node, inputs: [x], gradients: [dy] }) => [dy && reshape(dy, x.shape, { scope: node.scope })],
});

/** The same values under another shape; costs nothing. */
export function reshape(
  x: Value,
  shape: Shape,
  { scope, kind }: Scoped & Pick<ReshapeAttributes, "kind"> = {},
): Value {
  return x.tape.apply(reshapeOperation, [x], { shape, kind }, scope)[0];
}

/** What a node that adds to `value` adds, as part of a dense kernel's epilogue; undefined where it does something else. */
export function additionOf(
  { operation, inputs: [a, b], attributes }: Node,
  value: Value,
): Epilogue<Value> | undefined {
  if (operation !== addOperation as Operation<unknown> || a === b) return;
  const { factor } = attributes as { factor: number };
  if (b === value) return { addend: a, factor };
  return factor === 1 ? { addend: b } : undefined;
}

/** Whether an operation is the addition of a bias, which a dense kernel's epilogue can do. */
export function isBiasAdd(operation: Operation<unknown>): boolean {
  return operation === biasOperation as Operation<unknown>;
}
