/**
 * Puts a frozen graph of TensorFlow on a tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { dtypeAttribute, tensorAttribute } from "../../formats/graph_def/attributes.ts";
import type { GraphDef, NodeDef } from "../../formats/graph_def/graph_pb.ts";
import { checkTensor } from "../../formats/graph_def/tensor_value.ts";
import type { Shape, Tape, Value } from "../../tape/tape.ts";
import { GraphIndex, parseInput } from "./graph_index.ts";
import { hostTensor } from "./host_tensor.ts";
import { Constants, NodeContext, nodeError, type Operand, type Rule } from "./operand.ts";
import { arithmetic } from "./arithmetic.ts";
import { arrangements } from "./arrangement.ts";
import { normalizations } from "./normalization.ts";
import { slices } from "./slices.ts";
import { windows } from "./windows.ts";

const rules: ReadonlyMap<string, Rule> = new Map(
  [windows, normalizations, arithmetic, arrangements, slices].flatMap((table) => Object.entries(table)),
);

/** Nodes that a graph may have at most; the largest net of TF-Slim has 4,008. */
const mostNodes = 1 << 14;

/** Elements of known values that may be made of fewer in the file, by one that stands for many or by arithmetic. */
const mostMade = 1 << 26;

/** What is fed and wanted; names of nodes, `:1` behind a name stands for another output than the first. */
export interface RecordOptions {
  /**
   * What takes the place of nodes: values of the tape, or shapes of what will be fed under the nodes' names. Images are
   * [n, height, width, channels].
   */
  readonly feeds: Readonly<Record<string, Shape | Value>>;
  readonly outputs: readonly string[];
}

/**
 * Records what the outputs need of a graph, in float32.
 *
 * Constants are computed with at once, so that shapes that a graph computes are known.
 *
 * @returns the outputs, in the order asked for
 * @throws {RangeError} naming the node, if an operation or its attributes are not supported, shapes do not fit, an input is
 * neither fed nor in the graph, or nodes wait for one another
 * @throws {TypeError} naming the node, if a type does not fit
 *
 * @example Usage
 * ```ts
 * import { Tape } from "../../tape/tape.ts";
 * import type { GraphDef } from "../../formats/graph_def/graph_pb.ts";
 * import { recordGraph } from "./record.ts";
 *
 * declare const lenet: GraphDef; // from decodeGraph()
 * const outputs = ["Predictions/Reshape_1"], feeds = { input: [1, 28, 28, 3] };
 * const [probabilities] = recordGraph(new Tape(), lenet, { outputs, feeds });
 * console.log(probabilities.shape); // [1, 10]
 * ```
 */
export function recordGraph(tape: Tape, graph: GraphDef, { feeds, outputs }: RecordOptions): Value[] {
  const index = new GraphIndex(graph), wanted = outputs.map(parseInput);
  const isFed = ({ name }: NodeDef) => Object.hasOwn(feeds, name);
  for (const name of Object.keys(feeds)) index.node(name);
  const needed = index.neededBy(wanted.map(({ node }) => node), { stops: isFed, withControl: false });
  if (needed.size > mostNodes) {
    throw new RangeError(`Cannot import the graph: ${needed.size} nodes are more than ${mostNodes}`);
  }
  const order = index.inOrder(needed).filter((node) => !isFed(node));
  checkOperations(order);
  const results = new Map<string, readonly Operand[]>(), constants = new Constants(tape);
  for (const [name, fed] of Object.entries(feeds)) {
    results.set(name, [{ value: "tape" in fed ? fed : tape.feed(name, fed) }]);
  }
  let made = 0;
  for (const node of order) {
    try {
      const operands = operandsOf(node, results), result = resultsOf(node, operands, constants);
      made += elementsMade(node, operands, result);
      if (made > mostMade) {
        throw new RangeError(`with it, constants have ${made} elements more than the file has`);
      }
      results.set(node.name, result);
    } catch (thrown) {
      throw nodeError(node, thrown);
    }
  }
  return wanted.map(({ node, output }) => {
    try {
      return outputOf(results.get(node)![output], output, constants);
    } catch (thrown) {
      throw nodeError(index.node(node), thrown);
    }
  });
}

function outputOf(operand: Operand | undefined, output: number, constants: Constants): Value {
  if (operand === undefined) throw new RangeError(`it has no output ${output}`);
  if ("known" in operand) return constants.value(operand.known);
  if (operand.block === undefined) return operand.value;
  throw new RangeError("images in blocks cannot be an output");
}

function operandsOf(node: NodeDef, results: ReadonlyMap<string, readonly Operand[]>): readonly Operand[] {
  return node.input.map(parseInput).filter(({ isControl }) => !isControl).map((input) => {
    const operand = results.get(input.node)![input.output];
    if (operand !== undefined) return operand;
    throw new RangeError(`its input "${input.node}" has no output ${input.output}`);
  });
}

function resultsOf(node: NodeDef, operands: readonly Operand[], constants: Constants): readonly Operand[] {
  if (node.op !== "Const") return rules.get(node.op)!(new NodeContext(node, operands, constants));
  const tensor = tensorAttribute(node, "value");
  if (tensor === undefined) throw new TypeError('it has no attribute "value"');
  return [{ known: hostTensor(tensor) }];
}

/** Elements of known results that are neither in the file nor an operand's. */
function elementsMade(node: NodeDef, operands: readonly Operand[], results: readonly Operand[]): number {
  let count = 0;
  for (const result of results) {
    if (!("known" in result)) continue;
    const { data } = result.known, value = node.attr.value?.value;
    if (operands.some((operand) => "known" in operand && operand.known.data === data)) continue;
    count += data.length - (value?.case === "tensor" ? checkTensor(value.value).stored : 0);
  }
  return count;
}

/** Refuses operations without a rule, all in one message, and inputs that are not fed. */
function checkOperations(nodes: readonly NodeDef[]): void {
  const placeholder = nodes.find(({ op }) => op === "Placeholder");
  if (placeholder !== undefined) {
    const dtype = dtypeAttribute(placeholder, "dtype") ?? "float32";
    throw new RangeError(
      `Cannot import node "${placeholder.name}" (Placeholder): its value (${dtype}) is needed and not fed; feed it`,
    );
  }
  const unknown = nodes.filter(({ op }) => op !== "Const" && !rules.has(op));
  if (unknown.length === 0) return;
  const [{ name, op }] = unknown,
    others = [...new Set(unknown.map((node) => node.op))].filter((o) => o !== op);
  throw new RangeError(
    `Cannot import node "${name}" (${op}): the operation ${op} is not supported${
      others.length > 0 ? `, nor are ${others.join(", ")}, which the graph has too` : ""
    }${op.startsWith("Variable") || op === "VarHandleOp" ? "; freeze the graph first" : ""}`,
  );
}
