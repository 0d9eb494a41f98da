/**
 * Folding: batch normalization by constants becomes part of the convolution before it, so that it costs nothing.
 *
 *     y = gamma * (x * w - mean) / sqrt(variance + epsilon) + beta
 *       = x * (w * scale) + (beta - mean * scale),  scale = gamma / sqrt(variance + epsilon)
 *
 * Source: TensorFlow's `fold_old_batch_norms` of `optimize_for_inference`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { create } from "npm:@bufbuild/protobuf@2.17.0";
import {
  attributeOf,
  booleanAttribute,
  floatAttribute,
  tensorAttribute,
} from "../../formats/graph_def/attributes.ts";
import {
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
} from "../../formats/graph_def/graph_pb.ts";
import { GraphIndex, parseInput } from "./graph_index.ts";

const normalizations = new Set(["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"]);
/** Convolutions whose last dimensions of weights are their outputs. */
const convolutions = new Set(["Conv2D", "DepthwiseConv2dNative"]);

/** Values of a constant. */
interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A normalization that can be folded, with its convolution. */
interface Pair {
  readonly normalization: NodeDef;
  readonly convolution: NodeDef;
  readonly weights: Values;
  /** Of each output. */
  readonly scale: Float64Array;
  readonly offset: Float32Array;
}

/**
 * Folds all that can be: normalization for inference, of a convolution that nothing else uses, where weights and statistics are
 * constants. A `BiasAdd` of the normalization's name stands in its place.
 *
 * @param outputs nodes that the graph is to compute; what they do not need is left out
 * @returns the graph, and how many normalizations were folded
 * @throws {RangeError} if an output is not in the graph
 */
export function foldBatchNorm(
  graph: GraphDef,
  outputs: readonly string[],
): { graph: GraphDef; folded: number } {
  const index = new GraphIndex(graph), uses = new Map<string, number>();
  for (const node of graph.node) {
    for (const text of node.input) {
      const { node: name } = parseInput(text);
      uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  const isOutput = new Set(outputs), pairs = new Map<NodeDef, Pair>();
  for (const node of graph.node) {
    const pair = normalizations.has(node.op) ? pairOf(node, index) : undefined;
    if (pair && uses.get(pair.convolution.name) === 1 && !isOutput.has(pair.convolution.name)) {
      pairs.set(pair.convolution, pair).set(pair.normalization, pair);
    }
  }
  const node = graph.node.flatMap((old) => {
    const pair = pairs.get(old);
    if (!pair) return [old];
    return old === pair.convolution ? foldedConvolution(pair) : foldedNormalization(pair);
  });
  const { versions, library } = graph, whole = create(GraphDefSchema, { node, versions, library });
  const needed = new GraphIndex(whole).neededBy(outputs);
  return { graph: { ...whole, node: node.filter(({ name }) => needed.has(name)) }, folded: pairs.size / 2 };
}

function pairOf(normalization: NodeDef, index: GraphIndex): Pair | undefined {
  const [x, ...statistics] = normalization.input;
  const convolution = index.producer(parseInput(x), normalization);
  if (!convolutions.has(convolution.op) || (booleanAttribute(normalization, "is_training") ?? true)) return;
  const weights = constantOf(convolution.input[1], convolution, index);
  const [gamma, beta, mean, variance] = statistics.slice(0, 4).map((input) =>
    constantOf(input, normalization, index)?.data
  );
  if (!weights || !gamma || !beta || !mean || !variance) return;
  const epsilon = floatAttribute(normalization, "epsilon") ?? 1e-4;
  const scale = Float64Array.from(gamma, (g, i) => g / Math.sqrt(variance[i] + epsilon));
  const offset = Float32Array.from(beta, (b, i) => b - mean[i] * scale[i]);
  return { normalization, convolution, weights, scale, offset };
}

/** The constant that an input has, perhaps through identities. */
function constantOf(input: string, consumer: NodeDef, index: GraphIndex): Values | undefined {
  let node = index.producer(parseInput(input), consumer);
  while (node.op === "Identity") node = index.producer(parseInput(node.input[0]), node);
  const tensor = node.op === "Const" ? tensorAttribute(node, "value") : undefined;
  return tensor?.dtype === "float32" ? { shape: tensor.shape, data: tensor.data } : undefined;
}

function constant(name: string, { shape, data }: Values): NodeDef {
  const value = attributeOf.tensor({ dtype: "float32", shape: [...shape], data });
  return create(NodeDefSchema, { name, op: "Const", attr: { dtype: attributeOf.dtype("float32"), value } });
}

function foldedConvolution({ convolution, weights: { shape, data }, scale }: Pair): NodeDef[] {
  const weights = constant(`${convolution.name}/folded_weights`, {
    shape,
    data: data.map((w, i) => w * scale[i % scale.length]),
  });
  const [x, , ...rest] = convolution.input;
  return [weights, { ...convolution, input: [x, weights.name, ...rest] }];
}

function foldedNormalization({ normalization: { name, attr }, convolution, offset }: Pair): NodeDef[] {
  const biases = constant(`${name}/folded_biases`, { shape: [offset.length], data: offset });
  const { T, data_format } = attr;
  const sum = create(NodeDefSchema, {
    name,
    op: "BiasAdd",
    input: [convolution.name, biases.name],
    attr: { T, ...data_format ? { data_format } : {} },
  });
  return [biases, sum];
}
