/**
 * What the converters of other libraries do to a trained net before it runs: a batch normalization after a convolution goes
 * into its weights, and bias and activation into the operation before them.
 *
 * @module
 */
import { reachable } from "../tape/fuse.ts";
import { biasAdd } from "../tape/ops/pointwise.ts";
import { type Node, Tape, type Value } from "../tape/tape.ts";
import type { Tensor } from "./cases.ts";
import { type Activation, type Step, usesOf } from "./interpret.ts";

/** A net and the values of its variables. */
export interface TrainedNet {
  readonly target: Value;
  readonly variables: ReadonlyMap<string, Tensor>;
}

const isConvolution = (node: Node | undefined) =>
  /^(conv2d|depthwiseConv2d)$/.test(node?.operation.name ?? "");

/** The same function of the images, recorded anew: each batch normalization that alone follows a convolution is a bias. */
export function fold({ target, variables }: TrainedNet): TrainedNet {
  const tape = new Tape(), nodes = reachable(target.tape.nodes, [target]);
  const found = new Map<Value, Value>(), values = new Map<string, Tensor>();
  const variable = (name: string, tensor: Tensor) => {
    values.set(name, tensor);
    return tape.variable(name, tensor.shape, { initialize: () => tensor.data });
  };
  const valueOf = (value: Value): Value => {
    const known = found.get(value);
    if (known) return known;
    const copy = value.source?.kind === "variable"
      ? variable(value.label, variables.get(value.label)!)
      : tape.feed(value.label, value.shape, value.dtype);
    found.set(value, copy);
    return copy;
  };
  const record = ({ operation, attributes, scope }: Node, inputs: readonly Value[]) =>
    tape.apply(operation, inputs, attributes, scope)[0];
  const consumers = (value: Value) => nodes.filter(({ inputs }) => inputs.includes(value));
  const isFolded = ({ operation, inputs: [x] }: Node) =>
    operation.name === "batchNormInference" && isConvolution(x.node) && consumers(x).length === 1;
  for (const node of nodes) {
    const [output] = node.outputs;
    if (isConvolution(node) && consumers(output).some(isFolded)) continue; // recorded with what follows it
    if (!isFolded(node)) {
      found.set(output, record(node, node.inputs.map(valueOf)));
      continue;
    }
    const convolution = node.inputs[0].node!, [x, w] = convolution.inputs, name = w.label;
    const { weights, biases } = foldedValues(node, variables.get(name)!, variables);
    const y = record(convolution, [valueOf(x), variable(name, weights)]);
    found.set(output, biasAdd(y, variable(`${name}/biases`, biases), { scope: node.scope }));
  }
  return { target: found.get(target)!, variables: values };
}

/** Weights and biases of a convolution with the batch normalization after it. */
function foldedValues(
  { inputs: [, mean, variance, ...rest], attributes }: Node,
  weights: Tensor,
  variables: ReadonlyMap<string, Tensor>,
): { weights: Tensor; biases: Tensor } {
  const { epsilon, center, scale } = attributes as { epsilon: number; center: boolean; scale: boolean };
  const dataOf = (value: Value) => variables.get(value.label)!.data;
  const beta = center ? dataOf(rest[0]) : undefined, gamma = scale ? dataOf(rest.at(-1)!) : undefined;
  const means = dataOf(mean), channels = means.length;
  const factors = dataOf(variance).map((v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon));
  return {
    weights: { shape: weights.shape, data: weights.data.map((w, i) => w * factors[i % channels]) }, // outputs are last
    biases: { shape: [channels], data: means.map((m, c) => (beta?.[c] ?? 0) - m * factors[c]) },
  };
}

/** The steps with bias and activation as parts of the product or convolution that they alone follow. */
export function fuse(steps: readonly Step[]): Step[] {
  const uses = usesOf(steps), fused = new Map<Value, Step>();
  for (const step of steps) {
    const [x, ...rest] = step.inputs, before = uses.get(x) === 1 ? fused.get(x) : undefined;
    const isOpen = before && /^(conv2d|depthwiseConv2d|matmul)$/.test(before.name) && !before.activation;
    const isActivation = step.name === "relu" || step.name === "relu6";
    let merged = step;
    if (isOpen && step.name === "biasAdd" && before.inputs.length === 2) {
      merged = { ...before, inputs: [...before.inputs, ...rest], output: step.output };
    } else if (isOpen && isActivation) {
      merged = { ...before, activation: step.name as Activation, output: step.output };
    }
    if (merged !== step) fused.delete(x);
    fused.set(step.output, merged);
  }
  return [...fused.values()];
}
