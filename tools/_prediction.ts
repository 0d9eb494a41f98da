/**
 * What pictures are classified with: a net and a checkpoint, or a frozen graph, compiled, with the names of the classes.
 *
 * @module
 */
import { NOTES_SCOPE, readNotes } from "../export/graph_def/notes.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { reasonOf } from "../formats/errors.ts";
import { shapeAttribute } from "../formats/graph_def/attributes.ts";
import { decodeGraph } from "../formats/graph_def/graph_def.ts";
import type { NodeDef } from "../formats/graph_def/graph_pb.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { GraphIndex, parseInput } from "../graphs/graph_def/graph_index.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { denoFiles } from "../host/files.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { softmax } from "../tape/ops/losses.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { restoreVariables } from "../training/checkpoints.ts";
import { SHADOWS } from "../training/moving_averages.ts";
import { Predictor } from "../training/predictor.ts";
import { readClassNames } from "./_class_names.ts";
import { UsageError } from "./_flags.ts";
import { labelsOffsetOf, openDataset } from "./_model_flags.ts";
import { classesOf } from "./_model_tensors.ts";
import type { PredictionValues } from "./_prediction_flags.ts";

/** Names of the classes in the order of the scores, as far as they are known. */
export type ClassNames = readonly (string | undefined)[];

/** A compiled model. */
export interface Model {
  readonly predictor: Predictor;
  /** Of the pictures that it takes: 1 grey, 3 red, green and blue. */
  readonly channels: 1 | 3;
  readonly names: ClassNames;
}

/** Compiles a net and restores it. `say` gets what could not be found out. */
export async function modelOfCheckpoint(
  gpu: Gpu,
  values: PredictionValues,
  reader: CheckpointReader,
  say: (line: string) => void,
): Promise<Model> {
  const net = getNet(values.model_name ?? "lenet"), numClasses = classesOf(reader, net);
  const tape = new Tape();
  buildNet(tape, net, tape.feed("images", [1, net.defaultImageSize, net.defaultImageSize, 3]), {
    numClasses,
    isTraining: false,
  });
  const [first] = tape.variables.values(), channels = reader.tensors.get(first.name)?.shape[2] === 1 ? 1 : 3;
  const predictor = await Predictor.ofNet(gpu, {
    modelName: net.name,
    numClasses,
    preprocessingName: values.preprocessing_name,
    imageSize: values.eval_image_size,
    channels,
    batchSize: values.batch_size,
    precision: values.precision,
  });
  await restoreVariables(reader, predictor.parameters, undefined, values.moving_average_decay ? SHADOWS : "");
  return { predictor, channels, names: await namesOf(values, net.name, say) };
}

/** Names from --labels, or else those of the data set that flags name; none if neither is there. */
async function namesOf(
  values: PredictionValues,
  modelName: string | undefined,
  say: (line: string) => void,
): Promise<ClassNames> {
  if (values.labels !== undefined) return await readClassNames(denoFiles, values.labels);
  if (values.dataset_name === undefined && values.dataset_dir === undefined) return [];
  try {
    const dataset = await openDataset(values, undefined);
    const offset = labelsOffsetOf({ ...values, model_name: modelName ?? "lenet" }, dataset);
    return Array.from(
      { length: dataset.numClasses - offset },
      (_, i) => dataset.labelsToNames.get(i + offset),
    );
  } catch (thrown) {
    say(`Names of classes are not known: ${reasonOf(thrown)}; give --labels`);
    return [];
  }
}

/** Compiles a frozen graph. */
export async function modelOfGraph(
  gpu: Gpu,
  values: PredictionValues,
  path: string,
  say: (line: string) => void,
): Promise<Model> {
  const graph = decodeGraph(await denoFiles.read(path), path), index = new GraphIndex(graph);
  const notes = readNotes(graph), modelName = values.model_name ?? notes.get("model_name");
  const input = values.input_layer === undefined
    ? only(graph.node.filter(({ op }) => op === "Placeholder"), "input", path)
    : index.node(parseInput(values.input_layer).node);
  const outputs = index.outputs().filter(({ name }) => !name.startsWith(`${NOTES_SCOPE}/`));
  const output = values.output_layer ?? only(outputs, "output", path).name;
  const [batch = -1, height = -1, width = -1, depth = 3] = shapeAttribute(input, "shape") ?? [];
  const imageSize = values.eval_image_size ?? (height > 0 ? height : undefined);
  if (height !== width) {
    throw new UsageError(`Cannot use ${path}: its images are ${height}x${width}, only squares are supported`);
  }
  const preprocessingName = values.preprocessing_name ?? notes.get("preprocessing");
  if (modelName === undefined && (preprocessingName === undefined || imageSize === undefined)) {
    throw new UsageError(
      `Cannot tell how pictures are prepared for ${path}: give --model_name, or --preprocessing_name and --eval_image_size`,
    );
  }
  const channels = depth === 1 ? 1 : 3;
  const predictor = await Predictor.compile(
    gpu,
    {
      modelName,
      preprocessingName,
      imageSize,
      channels,
      batchSize: batch > 0 ? batch : values.batch_size,
      precision: values.precision,
    },
    (images) => probabilitiesOf(index, images, input, output),
  );
  const noted = notes.get("labels");
  const names = values.labels === undefined && noted !== undefined
    ? JSON.parse(noted) as string[]
    : await namesOf(values, modelName, say);
  return { predictor, channels, names };
}

function only(nodes: readonly NodeDef[], what: "input" | "output", path: string): NodeDef {
  if (nodes.length === 1) return nodes[0];
  const names = nodes.slice(0, 5).map(({ name }) => name).join(", ");
  throw new UsageError(
    `Cannot tell the ${what} of ${path}: ${
      nodes.length === 0 ? "it has none" : `it has ${names}`
    }; give --${what}_layer`,
  );
}

/** What a graph computes of images; scores that no softmax made become probabilities. */
function probabilitiesOf(index: GraphIndex, images: Value, input: NodeDef, output: string): Value {
  const [scores] = recordGraph(images.tape, index.graph, {
    feeds: { [input.name]: images },
    outputs: [output],
  });
  let node = index.node(parseInput(output).node);
  while (["Reshape", "Identity"].includes(node.op)) node = index.producer(parseInput(node.input[0]), node);
  return node.op === "Softmax" ? scores : softmax(scores, { scope: "Predictions" });
}
