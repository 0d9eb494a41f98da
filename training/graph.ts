/**
 * A tape as TensorBoard draws it: a `GraphDef` with a node for each operation, named by scope.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { MessageWriter } from "../formats/message_writer.ts";
import type { Tape, Value } from "../tape/tape.ts";

/** TF's operations for what the tape finds before any operation has run. */
const SOURCES = {
  feed: "Placeholder",
  variable: "VariableV2",
  state: "VariableV2",
  constant: "Const",
} as const;

/** The serialized `GraphDef` of a tape, for display: it names operations as this project does. */
export function drawTape(tape: Tape): Uint8Array {
  const graph = new MessageWriter(), names = new Map<Value, string>(), counts = new Map<string, number>();
  const unique = (name: string) => {
    const plain = name.replace(/[^A-Za-z0-9_./\\-]/g, "_").replace(/^[^A-Za-z0-9.]/, "."),
      count = counts.get(plain) ?? 0;
    counts.set(plain, count + 1);
    return count === 0 ? plain : `${plain}_${count}`;
  };
  const node = (name: string, op: string, inputs: readonly string[]) => {
    const message = new MessageWriter().string(1, name).string(2, op);
    for (const input of inputs) message.string(3, input);
    graph.message(1, message);
  };
  const nameOf = (value: Value) => {
    const known = names.get(value);
    if (known || !value.source) return known ?? value.label;
    const name = unique(value.label);
    names.set(value, name);
    node(name, SOURCES[value.source.kind], []);
    return name;
  };
  for (const { operation, scope, inputs, outputs } of tape.nodes) {
    const name = unique(scope ? `${scope}/${operation.name}` : operation.name), from = inputs.map(nameOf);
    node(name, operation.name, from);
    outputs.forEach((value, i) => names.set(value, i === 0 ? name : `${name}:${i}`));
  }
  return graph.finish();
}
