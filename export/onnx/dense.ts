/**
 * Products and convolutions as ONNX has them: with their bias inside and, where it is asked for, batch normalization folded
 * into weights and bias.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { slide, type Window, type WindowOptions } from "../../kernels/window.ts";
import { normalizationOf } from "../../tape/ops/batch_norm.ts";
import { isBiasAdd } from "../../tape/ops/pointwise.ts";
import type { Node, Shape, Value } from "../../tape/tape.ts";
import { type Attributes, isGiven, type OnnxGraph } from "./graph.ts";
import { permute } from "../../formats/permute.ts";

/** What an operation's nodes are made with. */
export interface Context {
  readonly graph: OnnxGraph;
  /** The nodes that use a value. */
  readonly users: (value: Value) => readonly Node[];
  readonly foldBatchNorm: boolean;
  /** Nodes that are part of a node before them. */
  readonly absorbed: Set<Node>;
  /** Flattened images and what they were, [height, width, channels]: their values lie channel by channel. */
  readonly flattened: Map<Value, Shape>;
}

/** Given values of batch normalization, each [channels]. */
interface Normalization {
  readonly mean: Value;
  readonly variance: Value;
  readonly gamma?: Value;
  readonly beta?: Value;
  readonly epsilon: number;
}

/** What follows a product and can be part of it. */
interface Tail {
  readonly bias?: Value;
  readonly normalization?: Normalization;
  /** The result of it all. */
  readonly output: Value;
}

/** The batch normalization by given values that a node is, if it is one. */
export function givenNormalization(node: Node): Normalization | undefined {
  const found = normalizationOf(node);
  if (!found?.normalization) return undefined;
  const { mean, variance, gamma, epsilon } = found.normalization;
  const all = [mean, variance, gamma, found.bias];
  return all.every((v) => v === undefined || isGiven(v))
    ? { mean, variance, gamma, epsilon, beta: found.bias }
    : undefined;
}

/** Takes the bias and the normalization behind a product out of the nodes to come. */
function absorb(node: Node, { graph, users, foldBatchNorm, absorbed }: Context): Tail {
  let tail: Tail = { output: node.outputs[0] };
  const next = () => {
    const [user, ...more] = users(tail.output);
    return more.length === 0 && !graph.isOutput(tail.output) && user?.inputs[0] === tail.output
      ? user
      : undefined;
  };
  const take = (user: Node, found: Partial<Tail>) => {
    absorbed.add(user);
    tail = { ...tail, ...found, output: user.outputs[0] };
  };
  const bias = next();
  if (bias && isBiasAdd(bias.operation) && isGiven(bias.inputs[1])) take(bias, { bias: bias.inputs[1] });
  const last = next(), normalization = foldBatchNorm && last ? givenNormalization(last) : undefined;
  if (last && normalization) take(last, { normalization });
  return tail;
}

/** Factor and summand of each channel that stand for a normalization: y = x * factor + summand. */
async function affine(graph: OnnxGraph, { mean, variance, gamma, beta, epsilon }: Normalization) {
  const [m, v, g, b] = await Promise.all(
    [mean, variance, gamma, beta].map((value) => value && graph.values(value)),
  );
  const factors = v!.map((variance, i) => (g ? g[i] : 1) / Math.sqrt(variance + epsilon));
  return { factors, summands: m!.map((mean, i) => (b ? b[i] : 0) - mean * factors[i]) };
}

/** How weights lie in the model: the tape's values seen as `view`, their dimensions put in `order`, with shape `dims`. */
interface Layout {
  readonly view: Shape;
  readonly order: readonly number[];
  readonly dims: Shape;
}

/** Names of the weights and bias of a product; the tape's weights have the output's channels last. */
function operands(node: Node, weights: Value, tail: Tail, layout: Layout, graph: OnnxGraph): string[] {
  const { bias, normalization } = tail, scope = node.scope;
  if (!normalization) return [graph.variable(weights, layout), ...bias ? [graph.variable(bias)] : []];
  const channels = normalization.mean.shape[0];
  const folded = graph.tensor(weights.label, layout.dims, async () => {
    const [values, { factors }] = [await graph.values(weights), await affine(graph, normalization)];
    return permute(values.map((w, i) => w * factors[i % channels]), layout.view, layout.order);
  });
  const sums = graph.tensor(scope ? `${scope}/biases` : "biases", [channels], async () => {
    const { factors, summands } = await affine(graph, normalization);
    const values = bias ? await graph.values(bias) : undefined;
    return summands.map((s, i) => s + (values ? values[i] * factors[i] : 0));
  });
  return [folded, sums];
}

/** Attributes of a window. TF's "SAME" becomes the margins that it stands for at this image size. */
export function windowAttributes({ size, kernel, stride, rate, pad, out }: Window): Attributes {
  const after = [0, 1].map((i) =>
    Math.max(0, (out[i] - 1) * stride[i] + (kernel[i] - 1) * rate[i] + 1 - size[i] - pad[i])
  );
  return { kernel_shape: kernel, strides: stride, pads: [...pad, ...after], dilations: rate };
}

function requireGiven(node: Node, weights: Value): void {
  if (isGiven(weights)) return;
  throw new TypeError(
    `Cannot export ${
      node.outputs[0].label
    } to ONNX: its weights are computed; only variables can be exported`,
  );
}

/** `Conv` for a convolution, dense or depthwise. */
export function convolution(node: Node, c: Context): void {
  const { inputs: [x, w], attributes, operation, scope } = node, isDense = operation.name === "conv2d";
  requireGiven(node, w);
  const { window } = attributes as { window: WindowOptions }, [kh, kw, inputs, outputs] = w.shape;
  const layout: Layout = isDense
    ? { view: w.shape, order: [3, 2, 0, 1], dims: [outputs, inputs, kh, kw] }
    : { view: w.shape, order: [2, 3, 0, 1], dims: [inputs * outputs, 1, kh, kw] };
  const tail = absorb(node, c), names = operands(node, w, tail, layout, c.graph);
  c.graph.define(tail.output, "Conv", [c.graph.nameOf(x), ...names], {
    ...windowAttributes(slide(x.shape, [kh, kw], window)),
    group: isDense ? 1 : inputs,
  }, scope);
}

/** `Gemm` for a matrix product. */
export function product(node: Node, c: Context): void {
  const { inputs: [a, b], attributes, scope } = node, { graph } = c;
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  const flags = { transA: Number(transposeA), transB: Number(transposeB) };
  if (transposeA || transposeB || !isGiven(b)) {
    const name = isGiven(b) ? graph.variable(b) : graph.nameOf(b);
    return graph.define(node.outputs[0], "Gemm", [graph.nameOf(a), name], flags, scope);
  }
  const image = c.flattened.get(a), [inputs, outputs] = b.shape;
  const layout: Layout = image
    ? { view: [...image, outputs], order: [2, 0, 1, 3], dims: b.shape }
    : { view: [inputs, outputs], order: [0, 1], dims: b.shape };
  const tail = absorb(node, c), names = operands(node, b, tail, layout, graph);
  graph.define(tail.output, "Gemm", [graph.nameOf(a), ...names], flags, scope);
}
