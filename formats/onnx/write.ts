/**
 * Writes ONNX models: everything but the weights at once, then one tensor after another as they are fetched.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { create, type MessageInitShape, toBinary } from "npm:@bufbuild/protobuf@2.17.0";
import { BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import type { Files } from "../files.ts";
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from "./onnx_pb.ts";

/** A float tensor of a graph that is fetched when its turn comes. */
export interface OnnxWeights {
  readonly name: string;
  readonly dims: readonly number[];
  /** Fetches the values, row-major. */
  read(): Float32Array | Promise<Float32Array>;
}

/** A model whose weights are still to be fetched. */
export interface OnnxDraft {
  /** Without its graph. */
  readonly model: MessageInitShape<typeof ModelProtoSchema>;
  /** Without its weights. */
  readonly graph: GraphProto;
  readonly weights: readonly OnnxWeights[];
}

/** Numbers of the fields that are written by hand. */
const field = {
  graph: ModelProtoSchema.field.graph.number,
  initializer: GraphProtoSchema.field.initializer.number,
  rawData: TensorProtoSchema.field.rawData.number,
};
/** Protocol buffers of 2 GiB are refused by everybody. */
const mostBytes = 2 ** 31 - 1;

/** Tag and length of a field whose bytes follow. */
function announce(number: number, length: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish();
}

/** What comes before the values of a tensor in its graph. */
function headOf({ name, dims }: OnnxWeights): Uint8Array {
  const size = 4 * dims.reduce((product, d) => product * d, 1);
  const head = toBinary(
    TensorProtoSchema,
    create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: TensorProto_DataType.FLOAT }),
  );
  const values = announce(field.rawData, size), writer = new BinaryWriter();
  return writer.tag(field.initializer, WireType.LengthDelimited).uint32(head.length + values.length + size)
    .raw(head).raw(values).finish();
}

/**
 * Writes a model, whole or not at all; one tensor is in memory at a time.
 *
 * @returns the file's size in bytes
 * @throws {RangeError} if it would have 2 GiB or more, or a tensor's values do not fit its dimensions
 */
export async function writeOnnx(files: Files, path: string, draft: OnnxDraft): Promise<number> {
  const start = toBinary(ModelProtoSchema, create(ModelProtoSchema, draft.model) as ModelProto);
  const graph = toBinary(GraphProtoSchema, draft.graph), heads = draft.weights.map(headOf);
  const sizes = draft.weights.map(({ dims }) => 4 * dims.reduce((product, d) => product * d, 1));
  const length = [...heads.map((head) => head.length), ...sizes].reduce((sum, n) => sum + n, graph.length);
  const total = start.length + announce(field.graph, 0).length + 4 + length;
  if (total > mostBytes) {
    throw new RangeError(
      `Cannot write "${path}": the model has ${total} bytes, and ONNX files must be smaller than 2 GiB`,
    );
  }
  const opening = announce(field.graph, length);
  await files.write(path, chunks());
  return start.length + opening.length + length;

  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield start;
    yield opening;
    yield graph;
    for (const [i, weights] of draft.weights.entries()) {
      const values = await weights.read();
      if (values.byteLength !== sizes[i]) {
        throw new RangeError(
          `Cannot write tensor "${weights.name}": [${weights.dims}] is not the shape of ${values.length} values`,
        );
      }
      yield heads[i];
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    }
  }
}
