/**
 * A recorded net as an ONNX model: one more reader of the tape.
 *
 * Images are what ONNX's users expect, [n, channels, height, width]; the batch size is left open. Weights are transposed here,
 * once, so that no node has to transpose activations.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { create, type MessageInitShape } from "npm:@bufbuild/protobuf@2.17.0";
import {
  GraphProtoSchema,
  TensorProto_DataType,
  type ValueInfoProtoSchema,
} from "../../formats/onnx/onnx_pb.ts";
import type { OnnxDraft } from "../../formats/onnx/write.ts";
import { reachable } from "../../tape/fuse.ts";
import type { Node, Shape, Value } from "../../tape/tape.ts";
import type { Context } from "./dense.ts";
import { OnnxGraph, onnxShape, type WeightSource } from "./graph.ts";
import { rules } from "./operations.ts";

/** The set of operators that is written: the oldest with all that are needed, so that old runtimes read it, too. */
const opset = 14;
/** The version of the format that came with it. */
const irVersion = 7;

/** What is to be exported. */
export interface OnnxRequest {
  /** Name of the graph. */
  readonly name: string;
  /** The images, a feed [n, height, width, channels]; the model's `input`. */
  readonly images: Value;
  /** By the names that they get in the model. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Where the variables' values come from; asked when the model is written. */
  readonly weights: WeightSource;
  /** Whether batch normalization becomes part of the weights before it, where a product is. @default {false} */
  readonly foldBatchNorm?: boolean;
  /** Whether the model takes any number of images, not only as many as it was recorded for. @default {true} */
  readonly hasOpenBatch?: boolean;
  /** Texts that go with the model. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/** A value of the graph's interface; the first dimension is the batch. */
function valueInfo(
  name: string,
  shape: Shape,
  hasOpenBatch: boolean,
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = onnxShape(shape).map((d, i) =>
    i === 0 && hasOpenBatch
      ? { value: { case: "dimParam" as const, value: "N" } }
      : { value: { case: "dimValue" as const, value: BigInt(d) } }
  );
  return { name, type: { tensorType: { elemType: TensorProto_DataType.FLOAT, shape: { dim } } } };
}

/** The nodes that use each value. */
function usersOf(nodes: readonly Node[]): (value: Value) => readonly Node[] {
  const users = new Map<Value, Node[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) users.set(input, [...users.get(input) ?? [], node]);
  }
  return (value) => users.get(value) ?? [];
}

/**
 * Makes an ONNX model of a net that was recorded for inference; {@linkcode writeOnnx} writes it.
 *
 * @throws {TypeError} naming the operation where ONNX has none for it
 */
export function exportOnnx(request: OnnxRequest): OnnxDraft {
  const { name, images, outputs, weights, metadata = new Map() } = request;
  const { foldBatchNorm = false, hasOpenBatch = true } = request;
  const byValue = new Map(Object.entries(outputs).map(([name, value]) => [value, name]));
  const graph = new OnnxGraph(weights, byValue), nodes = reachable(images.tape.nodes, Object.values(outputs));
  graph.addInput(images, "input");
  const context: Context = {
    graph,
    users: usersOf(nodes),
    foldBatchNorm,
    absorbed: new Set(),
    flattened: new Map(),
  };
  for (const node of nodes) {
    if (context.absorbed.has(node)) continue;
    const rule = rules[node.operation.name];
    if (!rule) {
      throw new TypeError(
        `Cannot export ${
          node.outputs[0].label
        } to ONNX: there is no counterpart of ${node.operation.name}; ` +
          "record the net alone, with isTraining false",
      );
    }
    rule(node, context);
  }
  for (const [name, value] of Object.entries(outputs)) {
    if (graph.nameOf(value) !== name) graph.alias(value, name); // the images, or one value under two names
  }
  return {
    model: {
      irVersion: BigInt(irVersion),
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      producerName: "wgslim",
      metadataProps: [...metadata].map(([key, value]) => ({ key, value })),
    },
    graph: create(GraphProtoSchema, {
      name,
      node: graph.nodes,
      initializer: graph.constants,
      input: [valueInfo("input", images.shape, hasOpenBatch)],
      output: Object.entries(outputs).map(([name, value]) => valueInfo(name, value.shape, hasOpenBatch)),
    }),
    weights: graph.weights,
  };
}
