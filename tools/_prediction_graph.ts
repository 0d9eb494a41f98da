/**
 * Graphs that come with their weights, of TensorFlow and of ONNX: what they take, and what they make of images.
 *
 * @module
 */
import { NOTES_SCOPE, readNotes } from "../export/graph_def/notes.ts";
import { shapeAttribute } from "../formats/graph_def/attributes.ts";
import { decodeGraph } from "../formats/graph_def/graph_def.ts";
import type { NodeDef } from "../formats/graph_def/graph_pb.ts";
import type { NodeProto } from "../formats/onnx/onnx_pb.ts";
import { decodeOnnx, type OnnxModel } from "../formats/onnx/read.ts";
import { GraphIndex, parseInput } from "../graphs/graph_def/graph_index.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { onnxInput } from "../graphs/onnx/input.ts";
import { recordOnnx } from "../graphs/onnx/record.ts";
import { denoFiles } from "../host/files.ts";
import { softmax } from "../tape/ops/losses.ts";
import type { Value } from "../tape/tape.ts";
import { UsageError } from "./_flags.ts";
import type { PredictionValues } from "./_prediction_flags.ts";

/** A graph as a classifier of images; sizes that it leaves open are undefined. */
export interface Classifier {
  /** What its writer noted, under the names of export/metadata.ts. */
  readonly notes: ReadonlyMap<string, string>;
  readonly batchSize?: number;
  readonly height?: number;
  readonly width?: number;
  readonly channels: 1 | 3;
  /** Records its probabilities [n, classes] for images [n, height, width, channels]. */
  readonly classify: (images: Value) => Value;
}

/** Reads a graph, by its name that of a model of ONNX or one of TensorFlow. */
export async function readGraph(values: PredictionValues, path: string): Promise<Classifier> {
  const bytes = await denoFiles.read(path);
  return path.endsWith(".onnx")
    ? ofOnnx(values, decodeOnnx(bytes, path), path)
    : ofTensorFlow(values, new GraphIndex(decodeGraph(bytes, path)), path);
}

/** The one of several names; fails where it cannot be told. */
function only(names: readonly string[], what: "input" | "output", path: string): string {
  if (names.length === 1) return names[0];
  throw new UsageError(
    `Cannot tell the ${what} of ${path}: ${
      names.length === 0 ? "it has none" : `it has ${names.slice(0, 5).join(", ")}`
    }; give --${what}_layer`,
  );
}

/** Scores that no softmax made become probabilities. */
function probabilities(scores: Value, isSoftmax: boolean): Value {
  return isSoftmax ? scores : softmax(scores, { scope: "Predictions" });
}

function ofTensorFlow(values: PredictionValues, index: GraphIndex, path: string): Classifier {
  const { graph } = index, nameOf = ({ name }: NodeDef) => name;
  const placeholders = graph.node.filter(({ op }) => op === "Placeholder");
  const input = values.input_layer === undefined
    ? index.node(only(placeholders.map(nameOf), "input", path))
    : index.node(parseInput(values.input_layer).node);
  const outputs = index.outputs().filter(({ name }) => !name.startsWith(`${NOTES_SCOPE}/`));
  const output = values.output_layer ?? only(outputs.map(nameOf), "output", path);
  const [batch, height, width, depth = 3] = shapeAttribute(input, "shape") ?? [];
  const known = (size = -1) => size > 0 ? size : undefined;
  return {
    notes: readNotes(graph),
    batchSize: known(batch),
    height: known(height),
    width: known(width),
    channels: depth === 1 ? 1 : 3,
    classify(images) {
      const [scores] = recordGraph(images.tape, graph, {
        feeds: { [input.name]: images },
        outputs: [output],
      });
      let node = index.node(parseInput(output).node);
      while (["Reshape", "Identity"].includes(node.op)) {
        node = index.producer(parseInput(node.input[0]), node);
      }
      return probabilities(scores, node.op === "Softmax");
    },
  };
}

/** Operators of ONNX that leave values as they are. */
const unchanging = ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast"];

/** The node that computes a value, seen through those that leave it as it is. */
function producer(nodes: readonly NodeProto[], name: string): NodeProto | undefined {
  const makers = new Map(nodes.map((node) => [node.output[0], node]));
  let node = makers.get(name);
  for (let steps = nodes.length; node && unchanging.includes(node.opType) && steps > 0; steps--) {
    node = makers.get(node.input[0]);
  }
  return node;
}

function ofOnnx(values: PredictionValues, model: OnnxModel, path: string): Classifier {
  const { batchSize, height, width, channels } = onnxInput(model, path), { graph } = model;
  const isSoftmax = (name: string) => producer(graph.node, name)?.opType === "Softmax";
  const names = graph.output.map(({ name }) => name), scores = names.filter(isSoftmax);
  const output = values.output_layer ?? only(scores.length === 1 ? scores : names, "output", path);
  return {
    notes: new Map(model.metadataProps.map(({ key, value }) => [key, value])),
    batchSize,
    height,
    width,
    channels: channels === 1 ? 1 : 3,
    classify(images) {
      const found = recordOnnx(images.tape, model, path, { images }).outputs.get(output);
      if (found) return probabilities(found, isSoftmax(output));
      throw new UsageError(
        `Cannot use --output_layer=${output}: the outputs of ${path} are ${names.join(", ")}`,
      );
    },
  };
}
