/**
 * Which values of a program lie in float16 when it is asked for: images on their way through the net and back.
 *
 * Everything else stays float32: variables, their gradients and slots, statistics, vectors such as logits, losses, and what is
 * fetched. Sums are float32 in any case.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Node, Value } from "./tape.ts";

/** Of the values that nodes compute, those to hold in float16. `kept` are needed in float32. */
export function halfValues(nodes: readonly Node[], kept: Iterable<Value>): Set<Value> {
  const roots = new Map<Value, Value>(), root = (value: Value) => roots.get(value) ?? value;
  const perImage = new Set<Value>(), halves = new Set<Value>();
  for (const { operation, attributes, inputs, outputs } of nodes) {
    if (!operation.lower || operation.inPlace) roots.set(outputs[0], root(inputs[0]));
    const isSum = operation.batch?.(attributes)?.outputs === "sum";
    if (isSum || !inputs.some((value) => perImage.has(value) || value.source?.kind === "feed")) continue;
    outputs.forEach((value) => perImage.add(value));
    const [first] = outputs;
    if (root(first) === first && isImage(first)) halves.add(first);
  }
  for (const value of kept) halves.delete(root(value));
  return halves;
}

/** Whether a value is a batch of images of more than one pixel. */
function isImage({ shape }: Value): boolean {
  return shape.length === 4 && shape[1] * shape[2] > 1;
}
