/**
 * Sums, products and activations of a graph: done at once where all operands are known, else recorded.
 *
 * An operand may be a whole tensor, one number, or one for each channel; a product also has gates [n, 1, 1, channels].
 *
 * This module is browser compatible.
 *
 * @module
 */
import { booleanAttribute } from "../../formats/graph_def/attributes.ts";
import { relu, relu6, sigmoid } from "../../tape/ops/activations.ts";
import { batchNormInference } from "../../tape/ops/batch_norm.ts";
import { matmul } from "../../tape/ops/matmul.ts";
import { multiply } from "../../tape/ops/multiply.ts";
import { add, biasAdd, gate, scale } from "../../tape/ops/pointwise.ts";
import type { Value } from "../../tape/tape.ts";
import { combine, filled, generate, type HostTensor, scalarOf } from "./host_tensor.ts";
import { computed, folded, type NodeContext, type Operand, type Rule } from "./operand.ts";
import { assertNhwc } from "./windows.ts";

const numbers: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  AddV2: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  Div: (a, b) => a / b,
  FloorDiv: (a, b) => Math.floor(a / b),
  Maximum: Math.max,
};

/** A function of one known value. */
function mapped(tensor: HostTensor, f: (value: number) => number): HostTensor {
  return generate(tensor.kind, tensor.shape, (i) => f(tensor.data[i]));
}

/** A known operand as one value for each channel of x; undefined where it is neither that nor one number. */
function perChannel(c: NodeContext, known: HostTensor, x: Value): Value | undefined {
  const channels = x.shape[x.shape.length - 1], one = scalarOf(known);
  const isVector = known.data.length === channels && (known.shape.at(-1) ?? 1) === channels;
  if (isVector && known.shape.length <= x.shape.length) return c.constants.value(known, [channels]);
  if (one === undefined || known.shape.length > x.shape.length || channels === undefined) return undefined;
  return c.constants.value(filled(known.kind, [channels], one));
}

function unfit(c: NodeContext): never {
  throw new RangeError(
    `operands of shape [${c.shape(0)}] and [${
      c.shape(1)
    }] are not supported: equal shapes, one number or one for ` +
      "each channel are",
  );
}

const hasShape = ({ shape }: Value, other: readonly number[]) => shape.join() === other.join();

/** x + factor * y, where one of both is computed. */
function sum(c: NodeContext, factor: 1 | -1): Value {
  const [a, b] = [c.operand(0), c.operand(1)];
  if ("value" in a && hasShape(a.value, c.shape(1))) return add(a.value, c.value(1), { factor, ...c.scoped });
  if ("value" in b && hasShape(b.value, c.shape(0))) return add(c.value(0), b.value, { factor, ...c.scoped });
  if ("value" in a && "known" in b) {
    const bias = perChannel(c, factor === 1 ? b.known : mapped(b.known, (v) => -v), a.value);
    if (bias) return biasAdd(a.value, bias, c.scoped);
  }
  if ("known" in a && "value" in b) {
    const bias = perChannel(c, a.known, b.value);
    if (bias) return biasAdd(factor === 1 ? b.value : scale(b.value, -1, c.scoped), bias, c.scoped);
  }
  return unfit(c);
}

function product(c: NodeContext): Value {
  const [a, b] = [c.operand(0), c.operand(1)];
  if ("value" in a && "value" in b) {
    if (hasShape(a.value, b.value.shape)) return multiply(a.value, b.value, c.scoped);
    const isGate = ({ shape }: Value) => shape.length === 4 && shape[1] === 1 && shape[2] === 1;
    if (isGate(b.value)) return gate(a.value, b.value, c.scoped);
    return isGate(a.value) ? gate(b.value, a.value, c.scoped) : unfit(c);
  }
  const x = "value" in a ? a.value : (b as { value: Value }).value;
  return times(c, x, "known" in a ? a.known : (b as { known: HostTensor }).known);
}

/** x times a known value. */
function times(c: NodeContext, x: Value, known: HostTensor): Value {
  const one = scalarOf(known);
  if (one !== undefined && known.shape.length <= x.shape.length) return scale(x, one, c.scoped);
  if (hasShape(x, known.shape)) return multiply(x, c.constants.value(known), c.scoped);
  const gamma = perChannel(c, known, x);
  if (gamma === undefined || x.shape.length < 2) return unfit(c);
  const [mean, variance] = [0, 1].map((v) => c.constants.value(filled("float", gamma.shape, v)));
  return batchNormInference(x, { mean, variance, gamma }, { epsilon: 0, ...c.scoped });
}

function quotient(c: NodeContext): Value {
  const a = c.operand(0), b = c.operand(1);
  if ("known" in b && "value" in a) return times(c, a.value, mapped(b.known, (v) => 1 / v));
  throw new RangeError("it divides by what depends on what is fed, which is not supported");
}

/** Only what bounds a value on one side is supported: max(x, 0). */
function maximum(c: NodeContext): Value {
  for (const [x, bound] of [[0, 1], [1, 0]]) if (c.scalar(bound) === 0) return relu(c.value(x), c.scoped);
  throw new RangeError("only the maximum of a value and 0 is supported");
}

/** A rule of two operands that folds where both are known. */
function binary(record: (c: NodeContext) => Value): Rule {
  return (c) => {
    const [a, b] = [c.operand(0), c.operand(1)];
    if (!("known" in a && "known" in b)) return computed(record(c));
    return folded(combine(a.known, b.known, numbers[c.node.op]));
  };
}

/** What shapes are computed with, and nothing else. */
function knownOnly(): never {
  throw new RangeError("it is supported for constants and shapes only, and this one depends on what is fed");
}

/** A rule of one operand that folds where it is known. */
function unary(f: (v: number) => number, record?: (x: Value, options: { scope: string }) => Value): Rule {
  return (c) => {
    const operand: Operand = c.operand(0);
    if ("known" in operand) return folded(mapped(operand.known, f));
    return record ? computed(record(operand.value, c.scoped)) : knownOnly();
  };
}

const addAll: Rule = (c) => {
  const first = c.value(0), rest = c.operands.slice(1).map((_, i) => c.value(i + 1));
  return computed(rest.reduce((sum, value) => add(sum, value, c.scoped), first));
};

const biasRule: Rule = (c) => {
  assertNhwc(c.node);
  return computed(biasAdd(c.value(0), c.value(1), c.scoped));
};

const matmulRule: Rule = (c) =>
  computed(matmul(c.value(0), c.value(1), {
    ...c.scoped,
    transposeA: booleanAttribute(c.node, "transpose_a"),
    transposeB: booleanAttribute(c.node, "transpose_b"),
  }));

/** The rules of this file. */
export const arithmetic: Readonly<Record<string, Rule>> = {
  Add: binary((c) => sum(c, 1)),
  AddV2: binary((c) => sum(c, 1)),
  Sub: binary((c) => sum(c, -1)),
  Mul: binary(product),
  RealDiv: binary(quotient),
  Div: binary(quotient),
  FloorDiv: binary(knownOnly),
  Maximum: binary(maximum),
  AddN: addAll,
  BiasAdd: biasRule,
  MatMul: matmulRule,
  Relu: unary((v) => Math.max(v, 0), relu),
  Relu6: unary((v) => Math.min(Math.max(v, 0), 6), relu6),
  Sigmoid: unary((v) => 1 / (1 + Math.exp(-v)), sigmoid),
  Neg: unary((v) => -v, (x, options) => scale(x, -1, options)),
  Rsqrt: unary((v) => 1 / Math.sqrt(v)),
  Sqrt: unary(Math.sqrt),
};
