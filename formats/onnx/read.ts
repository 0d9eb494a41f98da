/**
 * Reads ONNX models.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "../errors.ts";
import type { MessageLimits } from "../protobuf_check.ts";
import { decodeMessage } from "../protobuf_message.ts";
import { type GraphProto, type ModelProto, ModelProtoSchema } from "./onnx_pb.ts";

/** What no image classifier comes near: the deepest have a few thousand nodes. */
const limits: MessageLimits = { depth: 16, listItems: 1 << 16, messages: 1 << 20, integers: 1 << 22 };

/** A model that has a graph. */
export type OnnxModel = ModelProto & { readonly graph: GraphProto };

/**
 * Reads a model. Byte strings, so all tensors' raw data, are views of `bytes`.
 *
 * @param bytes an `.onnx` file
 * @param path its name, for error messages
 * @throws {DataLossError} if it is no such model, naming field and byte, or if it is beyond what a classifier can be
 */
export function decodeOnnx(bytes: Uint8Array, path: string): OnnxModel {
  const model = decodeMessage(ModelProtoSchema, bytes, path, limits);
  const { graph, irVersion, opsetImport } = model;
  const missing = graph === undefined || graph.node.length === 0
    ? "no graph"
    : irVersion === 0n || opsetImport.length === 0
    ? "no version"
    : undefined;
  if (missing === undefined) return model as OnnxModel;
  throw new DataLossError(`Cannot read "${path}": it has ${missing}; give the file of an ONNX model`, {
    path,
  });
}
