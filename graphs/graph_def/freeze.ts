/**
 * Freezing: a graph and the values of its variables become one graph whose variables are constants.
 *
 * Source: TensorFlow's `freeze_graph` and `convert_variables_to_constants`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { create } from "npm:@bufbuild/protobuf@2.17.0";
import type { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
import { firstOf, NotFoundError } from "../../formats/errors.ts";
import { attributeOf, dtypeAttribute, shapeAttribute } from "../../formats/graph_def/attributes.ts";
import {
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
} from "../../formats/graph_def/graph_pb.ts";
import { GraphIndex, parseInput } from "./graph_index.ts";

/** Options of {@linkcode freezeGraph}. */
export interface FreezeOptions {
  /** Nodes that the frozen graph is to compute; all that they need is kept. */
  readonly outputs: readonly string[];
  /** Variables to freeze. Left out: all that are needed. */
  readonly only?: readonly string[];
  /** Variables to leave as they are. @default {[]} */
  readonly except?: readonly string[];
  /** Whether nodes forget the devices that they were meant for. @default {true} */
  readonly clearDevices?: boolean;
}

const variableOps = new Set(["Variable", "VariableV2", "VarHandleOp"]);

/**
 * Replaces variables by constants of the same name, and leaves out what the outputs do not need. Nodes keep their order.
 *
 * A resource variable's `ReadVariableOp` becomes an `Identity`, since its input is then the value.
 *
 * @returns the frozen graph, and how many variables it has as constants
 * @throws {RangeError} if an output or an input of a node is not in the graph, or nothing is to freeze
 * @throws {NotFoundError} if the checkpoint lacks a variable
 * @throws {TypeError} if a variable there has another type or shape
 */
export async function freezeGraph(
  graph: GraphDef,
  checkpoint: CheckpointReader,
  { outputs, only, except = [], clearDevices = true }: FreezeOptions,
): Promise<{ graph: GraphDef; frozen: number }> {
  const index = new GraphIndex(graph), needed = index.neededBy(outputs);
  const isFrozen = ({ name, op }: NodeDef) =>
    variableOps.has(op) && !except.includes(name) && (only === undefined || only.includes(name));
  const frozen = graph.node.filter((node) => needed.has(node.name) && isFrozen(node));
  if (frozen.length === 0) {
    throw new RangeError(
      `Cannot freeze the graph: ${
        outputs.join(", ")
      } depends on no variables that are to be frozen; was it frozen before?`,
    );
  }
  const names = new Set(frozen.map(({ name }) => name));
  const missing = [...names].filter((name) => !checkpoint.has(name));
  if (missing.length > 0) {
    throw new NotFoundError(
      `Cannot freeze the graph: "${checkpoint.prefix}" lacks ${firstOf(missing, 5)}; ` +
        "give a checkpoint of the same net",
      checkpoint.prefix,
    );
  }
  const node: NodeDef[] = [];
  for (const before of graph.node) {
    if (!needed.has(before.name)) continue;
    const after = names.has(before.name)
      ? await constant(before, checkpoint)
      : readsOneOf(before, names)
      ? readOf(before)
      : before;
    node.push(clearDevices && after.device !== "" ? { ...after, device: "" } : after);
  }
  const { library, versions } = graph;
  return { graph: create(GraphDefSchema, { node, library, versions }), frozen: frozen.length };
}

/** The constant in place of a variable. */
async function constant(variable: NodeDef, checkpoint: CheckpointReader): Promise<NodeDef> {
  const { name, device } = variable, dtype = dtypeAttribute(variable, "dtype");
  if (dtype === undefined) {
    throw new TypeError(`Cannot freeze variable "${name}" (${variable.op}): it has no attribute "dtype"`);
  }
  const shape = shapeAttribute(variable, "shape");
  const tensor: Tensor = shape === undefined || shape.includes(-1)
    ? await checkpoint.read(name)
    : await checkpoint.readAs(name, dtype, shape);
  return create(NodeDefSchema, {
    name,
    op: "Const",
    device,
    attr: { dtype: attributeOf.dtype(tensor.dtype), value: attributeOf.tensor(tensor) },
  });
}

/** Whether a node takes the value of one of these variables out of its resource. */
function readsOneOf({ op, input }: NodeDef, names: ReadonlySet<string>): boolean {
  return op === "ReadVariableOp" && names.has(parseInput(input[0] ?? "").node);
}

function readOf(read: NodeDef): NodeDef {
  const { name, input, device, attr } = read;
  return create(NodeDefSchema, { name, op: "Identity", input, device, attr: { T: attr.dtype } });
}
