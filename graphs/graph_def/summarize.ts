/**
 * What a graph is made of: inputs, likely outputs, parameters, operations.
 *
 * Source: TensorFlow's `summarize_graph`, whose text this is.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizesOf } from "../../formats/graph_def/attributes.ts";
import type { GraphDef, NodeDef, TensorShapeProto } from "../../formats/graph_def/graph_pb.ts";
import { checkTensor } from "../../formats/graph_def/tensor_value.ts";
import { GraphIndex, parseInput } from "./graph_index.ts";
import { introsort } from "./introsort.ts";
import { nameOfType, tensorText } from "./tensor_text.ts";

/** A summary. */
export interface GraphSummary {
  /** Its text, in lines. */
  readonly lines: string[];
  /** What is odd about the graph. */
  readonly warnings: string[];
  /** Whether every input of a node is in the graph; if not, the text ends with those that are not. */
  readonly isValid: boolean;
}

const variableOps = new Set(["Variable", "VariableV2"]);

/**
 * Summarizes a graph.
 *
 * @param path the graph's file, for the command line that the text ends with
 * @param withStructure adds a line for each node, in an order of execution
 * @throws {TypeError} if two nodes have the same name
 * @throws {RangeError} if the structure is asked for, and nodes wait for one another
 */
export function summarizeGraph(graph: GraphDef, path: string, withStructure = false): GraphSummary {
  const index = new GraphIndex(graph), outputs = index.outputs();
  const placeholders = graph.node.filter(({ op }) => op === "Placeholder");
  const variables = graph.node.filter(({ op }) => variableOps.has(op));
  const warnings: string[] = [];
  const lines = [
    found(placeholders.map(nodeText), "possible inputs", "inputs"),
    found(variables.map(nodeText), "variables", "variables"),
    found(outputs.map(({ name, op }) => `(name=${name}, op=${op}) `), "possible outputs", "outputs"),
    parameters(graph, warnings),
  ];
  const invalid = graph.node.flatMap((node) =>
    node.input.filter((text) => !index.has(parseInput(text).node)).map((text) =>
      `Invalid input ${text} for node ${node.name}`
    )
  );
  if (invalid.length > 0) {
    return { lines: [...lines, devices(graph) + invalid.join("\n")], warnings, isValid: false };
  }
  lines.push(
    `${devices(graph)}Op types used: ${opTypes(graph)}`,
    "To use with tensorflow/tools/benchmark:benchmark_model try these arguments:",
    benchmark(path, [...placeholders, ...variables], outputs),
  );
  if (withStructure) {
    const all = new Set(graph.node.map(({ name }) => name));
    lines.push(...index.inOrder(all).map((node) => structure(node, warnings)));
  }
  return { lines, warnings, isValid: true };
}

function found(texts: string[], kind: string, none: string): string {
  return texts.length === 0 ? `No ${none} spotted.` : `Found ${texts.length} ${kind}: ${texts.join("")}`;
}

function nodeText(node: NodeDef): string {
  const type = typeOf(node), shape = shapeOf(node);
  const text = shape === undefined ? "None" : shapeText(shape);
  return `(name=${node.name}, type=${nameOfType(type)}(${type}), shape=${text}) `;
}

function typeOf({ attr }: NodeDef): number {
  const value = attr.dtype?.value;
  return value?.case === "type" ? value.value : 0;
}

function shapeOf({ attr }: NodeDef): TensorShapeProto | undefined {
  const value = attr.shape?.value;
  return value?.case === "shape" ? value.value : undefined;
}

function shapeText(shape: TensorShapeProto): string {
  if (shape.unknownRank) return "<unknown>";
  return `[${sizesOf(shape).map((size) => size < 0 ? "?" : size).join(",")}]`;
}

/** Counts values and control inputs; a constant that cannot be read, and every variable, is a warning. */
function parameters({ node }: GraphDef, warnings: string[]): string {
  let count = 0, controls = 0;
  for (const { name, op, attr, input } of node) {
    controls += input.filter((text) => text.startsWith("^")).length;
    if (op !== "Const" && !variableOps.has(op)) continue;
    const value = attr.value?.value;
    try {
      if (value?.case !== "tensor") throw new TypeError("it has no value");
      count += checkTensor(value.value).count;
    } catch {
      warnings.push(`Decoding Tensor failed for node${name}`);
    }
  }
  return `Found ${count} (${
    readable(count)
  }) const parameters, 0 (0) variable parameters, and ${controls} control_edges`;
}

/** A count with a unit, as `HumanReadableNum` of TensorFlow. */
function readable(count: number): string {
  if (count < 1000) return String(count);
  const units = "kMBT";
  let unit = 0;
  for (; count >= 1e6 && unit < units.length - 1; unit++) count = Math.floor(count / 1000);
  return (count / 1000).toFixed(2) + units[unit];
}

/** How many nodes each device has, in the order of the devices' names, and not ended by a new line. */
function devices({ node }: GraphDef): string {
  const groups = Map.groupBy(node.filter(({ device }) => device !== ""), ({ device }) => device);
  return [...groups].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([device, { length }]) => `${length} nodes assigned to device '${device}'`).join("");
}

function opTypes({ node, library }: GraphDef): string {
  const nodes = [...node, ...(library?.function ?? []).flatMap(({ nodeDef }) => nodeDef)];
  const counts = [...Map.groupBy(nodes, ({ op }) => op)].map(([op, { length }]) => ({ op, length }));
  counts.sort((a, b) => a.op < b.op ? -1 : 1);
  introsort(counts, (a, b) => a.length > b.length);
  return counts.map(({ op, length }) => `${length} ${op}`).join(", ");
}

function benchmark(path: string, inputs: NodeDef[], outputs: NodeDef[]): string {
  const shapes = inputs.map((node) => {
    const shape = shapeOf(node);
    return shape === undefined || shape.unknownRank ? "" : sizesOf(shape).join(",");
  });
  return `bazel run tensorflow/tools/benchmark:benchmark_model -- --graph=${path} --show_flops` +
    ` --input_layer=${inputs.map(({ name }) => name).join(",")}` +
    ` --input_layer_type=${inputs.map((node) => nameOfType(typeOf(node))).join(",")}` +
    ` --input_layer_shape=${shapes.join(":")} --output_layer=${outputs.map(({ name }) => name).join(",")}`;
}

function structure({ name, op, input, attr }: NodeDef, warnings: string[]): string {
  const line = `${name} (${op}): [${input.join(", ")}]`, value = attr.value?.value;
  if (op !== "Const") return line;
  try {
    if (value?.case !== "tensor") throw new TypeError("it has no value");
    return `${line}, value=${tensorText(value.value)}`;
  } catch {
    warnings.push(`Decoding Tensor failed for node${name}`);
    return line;
  }
}
