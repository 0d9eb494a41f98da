/**
 * Fusion: what follows a product or convolution (bias or batch normalization by given statistics, a residual, an activation)
 * becomes its epilogue; an activation also that of batch normalization by the batch.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Epilogue } from "../kernels/epilogue.ts";
import { activationOf } from "./ops/activations.ts";
import { isBatchNormByBatch, normalizationOf } from "./ops/batch_norm.ts";
import { isWeightGradient } from "./ops/conv2d.ts";
import { additionOf, isBiasAdd } from "./ops/pointwise.ts";
import type { EpilogueKind, Node, Value } from "./tape.ts";

/** A node to lower, with what was fused into it. */
export interface Step {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly epilogue: Epilogue<Value>;
  /**
   * Whether rounding of the output is magnified: where it is normalized by the batch, doubled every few layers; where it is
   * trained, a unit that falls on the other side of zero gets another gradient.
   */
  readonly isSensitive: boolean;
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

/** Of a list of nodes in order, those that compute gradients, or take some. */
export function backwardOf(nodes: readonly Node[]): Set<Node> {
  const backward = new Set<Node>();
  for (const node of nodes) {
    const isBackward = /Gradients?$/.test(node.operation.name) ||
      node.inputs.some((input) => input.node && backward.has(input.node));
    if (isBackward) backward.add(node);
  }
  return backward;
}

/** What `next` does to `value` at the end of an epilogue that does `done` so far; undefined where it cannot be part of it. */
function continued(next: Node, value: Value, kind: EpilogueKind, done: Epilogue<Value>) {
  if (done.activation) return;
  const activation = activationOf(next.operation);
  if (activation && next.inputs[0] === value) return { activation };
  if (kind === "activation" || done.addend) return;
  const addition = kind === "all" ? additionOf(next, value) : undefined;
  if (addition || next.inputs[0] !== value || done.bias || done.normalization) return addition;
  return isBiasAdd(next.operation) ? { bias: next.inputs[1] } : normalizationOf(next);
}

/** Steps of a list of nodes. A value in `kept` is needed as it is and is not fused away. */
export function fuse(nodes: readonly Node[], kept: ReadonlySet<Value>): Step[] {
  const consumers = new Map<Value, Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) consumers.set(input, [...consumers.get(input) ?? [], node]);
  }
  const fused = new Set<Node>();
  /** The node that alone uses a value, once. */
  const follower = (value: Value) => {
    const users = consumers.get(value) ?? [];
    return !kept.has(value) && users.length === 1 && !fused.has(users[0]) ? users[0] : undefined;
  };
  const steps = new Map<Node, Step>(); // by the last node of each, since a bias or addend may be computed after the product
  for (const node of nodes) {
    if (fused.has(node)) continue;
    let step: Step = { node, inputs: node.inputs, outputs: node.outputs, epilogue: {}, isSensitive: false },
      last = node;
    const { operation, attributes } = node;
    const isSum = operation.batch?.(attributes)?.outputs === "sum"; // its parts would each have the epilogue
    const kind = isSum ? undefined : operation.epilogue?.(node.inputs.map((v) => v.shape), attributes);
    while (kind) {
      const [value] = step.outputs, next = follower(value);
      const more = next && continued(next, value, kind, step.epilogue);
      if (!next || !more) break;
      fused.add(next);
      last = next;
      const outputs = [next.outputs[0], ...node.outputs.slice(1)];
      step = { ...step, outputs, epilogue: { ...step.epilogue, ...more } };
    }
    const isNormalized = consumers.get(step.outputs[0])?.some((user) => isBatchNormByBatch(user.operation));
    const isTrained = consumers.get(node.inputs[0])?.some((user) => isWeightGradient(user.operation));
    steps.set(last, { ...step, isSensitive: Boolean(isNormalized || isTrained) });
  }
  return nodes.flatMap((node) => steps.get(node) ?? []);
}
