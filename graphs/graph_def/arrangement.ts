/**
 * Shapes, and what only moves values: reshaping, concatenation, padding, means over images.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { booleanAttribute, integerAttribute, integersAttribute } from "../../formats/graph_def/attributes.ts";
import { elementsOf } from "../../formats/checkpoint/tensor.ts";
import { concat, pad } from "../../tape/ops/arrange.ts";
import { reshape } from "../../tape/ops/pointwise.ts";
import { avgPool2d } from "../../tape/ops/pool.ts";
import { filled, generate, type HostTensor, numbersOf, wholes, withShape } from "./host_tensor.ts";
import { computed, folded, type NodeContext, type Operand, type Rule } from "./operand.ts";

const same: Rule = (c) => [c.operand(0)];

/** The first operand under another shape. */
function reshaped(c: NodeContext, shape: readonly number[]): readonly Operand[] {
  const operand = c.operand(0);
  if ("value" in operand) return computed(reshape(operand.value, shape, c.scoped));
  if (elementsOf(shape) === operand.known.data.length) return folded(withShape(operand.known, shape));
  throw new RangeError(`[${operand.known.shape}] has another number of elements than [${shape}]`);
}

const reshapeRule: Rule = (c) => {
  const wanted = c.numbers(1), open = wanted.indexOf(-1);
  if (open < 0) return reshaped(c, wanted);
  const rest = elementsOf(wanted.filter((size) => size !== -1)), all = elementsOf(c.shape(0));
  if (wanted.lastIndexOf(-1) !== open || rest < 1 || all % rest !== 0) {
    throw new RangeError(`the shape [${wanted}] does not fit ${all} elements`);
  }
  return reshaped(c, wanted.map((size) => size === -1 ? all / rest : size));
};

/** A dimension's number, counted from the end if it is negative. */
function axisOf(axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(found) && found >= 0 && found < rank) return found;
  throw new RangeError(`there is no dimension ${axis} among ${rank}`);
}

const squeeze: Rule = (c) => {
  const shape = c.shape(0);
  const listed = integersAttribute(c.node, "squeeze_dims") ?? integersAttribute(c.node, "axis") ?? [];
  const axes = listed.map((axis) => axisOf(axis, shape.length));
  if (axes.some((axis) => shape[axis] !== 1)) {
    throw new RangeError(`dimensions ${axes} of [${shape}] are not all 1`);
  }
  return reshaped(c, shape.filter((size, d) => axes.length > 0 ? !axes.includes(d) : size !== 1));
};

const expandDims: Rule = (c) => {
  const shape = c.shape(0), axis = c.integer(1);
  return reshaped(c, shape.toSpliced(axisOf(axis, shape.length + 1), 0, 1));
};

/** Joins operands along a dimension; those of the tape along the last one. */
function joined(c: NodeContext, indices: readonly number[], axisIndex: number): readonly Operand[] {
  if (indices.length === 0) throw new RangeError("it has nothing to join");
  const operands = indices.map((i) => c.operand(i)), shape = c.shape(indices[0]);
  const axis = axisOf(c.integer(axisIndex), shape.length);
  const known = operands.flatMap((operand) => "known" in operand ? operand.known : []);
  if (known.length === operands.length) return folded(joinKnown(known, axis));
  if (operands.length === 1) return operands;
  if (axis !== shape.length - 1) {
    throw new RangeError(`it joins along dimension ${axis}, only the last one (channels) is supported`);
  }
  return computed(concat(indices.map((i) => c.value(i)), c.scoped));
}

function joinKnown(parts: readonly HostTensor[], axis: number): HostTensor {
  const [{ kind, shape }] = parts, outer = elementsOf(shape.slice(0, axis));
  const sizes = parts.map((part) => part.data.length / outer);
  const fits = (part: HostTensor) => part.shape.toSpliced(axis, 1).join() === shape.toSpliced(axis, 1).join();
  if (!parts.every((part) => part.kind === kind && part.shape.length === shape.length && fits(part))) {
    throw new RangeError("its operands do not fit together");
  }
  const row = sizes.reduce((a, b) => a + b, 0), joined = new Float64Array(outer * row);
  for (let i = 0, at = 0; i < outer; i++) {
    parts.forEach(({ data }, p) => {
      joined.set(data.subarray(i * sizes[p], (i + 1) * sizes[p]), at);
      at += sizes[p];
    });
  }
  const length = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  return generate(kind, shape.toSpliced(axis, 1, length), (i) => joined[i]);
}

/** Several values of one shape become one, along a new first dimension; for shapes only. */
const pack: Rule = (c) => {
  if (integerAttribute(c.node, "axis")) throw new RangeError("only the axis 0 is supported");
  const parts = [c.known(0), ...c.operands.slice(1).map((_, i) => c.known(i + 1))];
  return folded(joinKnown(parts.map((part) => withShape(part, [1, ...part.shape])), 0));
};

const padRule: Rule = (c) => {
  const [n0, n1, top, bottom, left, right, c0, c1, ...more] = c.numbers(1);
  const value = c.operands.length > 2 ? c.scalar(2) : 0;
  if (c.shape(0).length !== 4 || more.length > 0 || [n0, n1, c0, c1, value].some((v) => v !== 0)) {
    throw new RangeError(
      `its paddings are [${
        c.numbers(1)
      }] with ${value}, only zeros above, below and beside images are supported`,
    );
  }
  return computed(pad(c.value(0), { top, bottom, left, right, ...c.scoped }));
};

const mean: Rule = (c) => {
  const shape = c.shape(0), axes = c.numbers(1).map((axis) => axisOf(axis, shape.length)).sort();
  if (shape.length !== 4 || axes.join() !== "1,2") {
    throw new RangeError(`it is over dimensions ${axes} of [${shape}], only height and width are supported`);
  }
  const [n, height, width, channels] = shape;
  const y = avgPool2d(c.value(0), [height, width], { padding: "VALID", stride: 1, ...c.scoped });
  return computed(
    booleanAttribute(c.node, "keep_dims") ? y : reshape(y, [n, channels], c.scoped),
  );
};

const fill: Rule = (c) => {
  const { kind, data: [value] } = c.known(1);
  return folded(filled(kind, c.numbers(0), value));
};

const product: Rule = (c) => {
  const factors = numbersOf(c.known(0)), result = factors.reduce((a, b) => a * b, 1);
  return folded(wholes([result], booleanAttribute(c.node, "keep_dims") ? [1] : []));
};

/** The rules of this file. */
export const arrangements: Readonly<Record<string, Rule>> = {
  Identity: same,
  StopGradient: same,
  PreventGradient: same,
  CheckNumerics: same,
  PlaceholderWithDefault: same,
  /** Types of numbers are of no account here. */
  Cast: same,
  Shape: (c) => folded(wholes(c.shape(0))),
  Rank: (c) => folded(wholes([c.shape(0).length], [])),
  Size: (c) => folded(wholes([elementsOf(c.shape(0))], [])),
  Reshape: reshapeRule,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  ConcatV2: (c) => joined(c, c.operands.map((_, i) => i).slice(0, -1), c.operands.length - 1),
  Concat: (c) => joined(c, c.operands.map((_, i) => i).slice(1), 0),
  Pack: pack,
  Pad: padRule,
  PadV2: padRule,
  Mean: mean,
  Fill: fill,
  Prod: product,
};
