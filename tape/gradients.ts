/**
 * Reverse-mode differentiation: walks the tape backwards and appends operations.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { add } from "./ops/pointwise.ts";
import type { Value } from "./tape.ts";

/**
 * Records the gradients of a scalar for given values.
 *
 * Operations on which none of `of` bears get no gradient, so frozen layers cost nothing backwards.
 *
 * @param loss a value of shape []
 * @param of values on the same tape, usually variables
 * @param scale what the gradients are multiplied by, a scalar []; left out: 1
 * @returns one gradient for each, of its shape; undefined where the loss does not depend on it
 */
export function gradients(
  loss: Value,
  of: readonly Value[],
  scale: Value = loss.tape.constant(Float32Array.of(1), []),
): (Value | undefined)[] {
  const tape = loss.tape;
  if (loss.shape.length !== 0) {
    throw new RangeError(`Cannot differentiate ${loss.label} [${loss.shape}]: it is no scalar`);
  }
  const depends = new Set<Value>(of);
  for (const node of tape.nodes) {
    if (node.inputs.some((input) => depends.has(input))) {
      node.outputs.forEach((output) => depends.add(output));
    }
  }
  const found = new Map<Value, Value>([[loss, scale]]);
  for (const node of tape.nodes.slice().reverse()) {
    const incoming = node.outputs.map((output) => found.get(output));
    if (!incoming.some((g) => g) || !node.inputs.some((input) => depends.has(input))) continue;
    if (!node.operation.gradient) {
      throw new TypeError(
        `Cannot differentiate ${node.outputs[0].label}: ${node.operation.name} has no gradient`,
      );
    }
    const outgoing = node.operation.gradient({
      node,
      inputs: node.inputs,
      outputs: node.outputs,
      gradients: incoming,
      attributes: node.attributes,
      wanted: node.inputs.map((input) => depends.has(input)),
    });
    node.inputs.forEach((input, i) => {
      const gradient = outgoing[i];
      if (!gradient || !depends.has(input)) return;
      const previous = found.get(input);
      found.set(input, previous ? add(previous, gradient, { scope: `gradients/${input.label}` }) : gradient);
    });
  }
  return of.map((value) => found.get(value));
}
