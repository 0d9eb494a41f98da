/**
 * Fusion: a bias and an activation become the epilogue of the product or convolution before them, an activation that of batch
 * normalization.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Activation } from "../kernels/epilogue.ts";
import { activationOf } from "./ops/activations.ts";
import { isBiasAdd } from "./ops/pointwise.ts";
import type { Node, Value } from "./tape.ts";

/** A node to lower, with what was fused into it. */
export interface Step {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly bias?: Value;
  readonly activation?: Activation;
}

/** Nodes that the targets depend on, in order. */
export function reachable(nodes: readonly Node[], targets: Iterable<Value>): Node[] {
  const needed = new Set<Value>(targets), kept: Node[] = [];
  for (const node of nodes.slice().reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    kept.push(node);
    node.inputs.forEach((input) => needed.add(input));
  }
  return kept.reverse();
}

/** Steps of a list of nodes. A value in `kept` is needed as it is and is not fused away. */
export function fuse(nodes: readonly Node[], kept: ReadonlySet<Value>): Step[] {
  const consumers = new Map<Value, Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) consumers.set(input, [...consumers.get(input) ?? [], node]);
  }
  const fused = new Set<Node>();
  /** The node that alone uses a value as its first input, if a dense operation can absorb it. */
  const follower = (value: Value) => {
    const users = consumers.get(value) ?? [];
    return !kept.has(value) && users.length === 1 && users[0].inputs[0] === value ? users[0] : undefined;
  };
  const steps = new Map<Node, Step>(); // by the last node of each, since a bias may be computed after the product
  for (const node of nodes) {
    if (fused.has(node)) continue;
    let step: Step = { node, inputs: node.inputs, outputs: node.outputs }, last = node;
    for (let i = 0; i < 2 && node.operation.epilogue; i++) {
      const next = follower(step.outputs[0]), activation = next && activationOf(next.operation);
      const isBias = next !== undefined && isBiasAdd(next.operation);
      if (!next || step.activation || !(activation || isBias)) break;
      if (isBias && (step.bias || node.operation.epilogue === "activation")) break;
      fused.add(next);
      last = next;
      const outputs = [next.outputs[0], ...node.outputs.slice(1)];
      step = isBias ? { ...step, bias: next.inputs[1], outputs } : { ...step, activation, outputs };
    }
    steps.set(last, step);
  }
  return nodes.flatMap((node) => steps.get(node) ?? []);
}
