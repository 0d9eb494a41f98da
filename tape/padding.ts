/**
 * Zeros around images, where convolutions alone read them: their windows leave the image instead, and nothing is copied.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { marginsOf } from "./ops/arrange.ts";
import { withPadding } from "./ops/conv2d.ts";
import type { Node, Value } from "./tape.ts";

/** Nodes in which what pads images that only convolutions read has become their padding. A value in `kept` is needed as it is. */
export function absorbPadding(nodes: readonly Node[], kept: ReadonlySet<Value>): Node[] {
  const replaced = new Map<Node, Node>(), absorbed = new Set<Node>();
  for (const node of nodes) {
    const margins = marginsOf(node), [padded] = node.outputs;
    if (!margins || kept.has(padded)) continue;
    const users = nodes.filter((user) => user.inputs.includes(padded));
    const windows = users.map((user) => withPadding(user, padded, margins, node.inputs[0]));
    if (windows.some((window) => window === undefined)) continue;
    absorbed.add(node);
    users.forEach((user, i) => replaced.set(user, windows[i]!));
  }
  return nodes.filter((node) => !absorbed.has(node)).map((node) => replaced.get(node) ?? node);
}
