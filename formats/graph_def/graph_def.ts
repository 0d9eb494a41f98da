/**
 * TensorFlow's graphs as files: `GraphDef` in the binary form (`.pb`) and as text (`.pbtxt`), and the `.meta` files beside
 * checkpoints.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { toBinary } from "npm:@bufbuild/protobuf@2.17.0";
import { toText } from "npm:@bufbuild/protobuf@2.17.0/txtpb";
import { DataLossError } from "../errors.ts";
import { decodeMessage, parseMessage } from "../protobuf_message.ts";
import { type GraphDef, GraphDefSchema, MetaGraphDefSchema } from "./graph_pb.ts";

/**
 * Reads a graph. Byte strings, so all tensors' contents, are views of `bytes`.
 *
 * @param bytes a file, binary or text: {@linkcode isText} tells
 * @param path its name, for error messages
 * @throws {DataLossError} if it is no graph, naming field and byte or the line, or if it has no nodes
 */
export function decodeGraph(bytes: Uint8Array, path: string): GraphDef {
  const read = isText(bytes) ? parseMessage : decodeMessage;
  return withNodes(read(GraphDefSchema, bytes, path), path);
}

/**
 * Reads the graph in a `MetaGraphDef`, what `tf.train.Saver` writes as `.meta`.
 *
 * @throws {DataLossError} as {@linkcode decodeGraph} does
 */
export function decodeMetaGraph(bytes: Uint8Array, path: string): GraphDef {
  const read = isText(bytes) ? parseMessage : decodeMessage;
  return withNodes(read(MetaGraphDefSchema, bytes, path).graphDef, path);
}

function withNodes(graph: GraphDef | undefined, path: string): GraphDef {
  if (graph !== undefined && graph.node.length > 0) return graph;
  throw new DataLossError(`Cannot read "${path}": it holds no nodes; give the file of a TensorFlow graph`, {
    path,
  });
}

/** Serializes a graph. Unknown fields come along. */
export function encodeGraph(graph: GraphDef): Uint8Array<ArrayBuffer> {
  return toBinary(GraphDefSchema, graph);
}

/** A graph in protocol buffers' text form, with each node's attributes in the order of their names. */
export function printGraph(graph: GraphDef): string {
  const node = graph.node.map((node) => ({
    ...node,
    attr: Object.fromEntries(Object.entries(node.attr).sort(([a], [b]) => a < b ? -1 : 1)),
  }));
  return toText(GraphDefSchema, { ...graph, node });
}

/**
 * Whether a file is text: it begins with a name or a comment, and has none of the control characters that a message in the
 * binary form has in its tags and lengths.
 */
function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 4096);
  return /^\s*[a-z#]/i.test(new TextDecoder().decode(start)) &&
    start.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13 && byte !== 11));
}
