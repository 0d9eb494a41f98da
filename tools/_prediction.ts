/**
 * What pictures are classified with: a net and a checkpoint, or a graph with its weights, compiled, with the names of the classes.
 *
 * @module
 */
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { reasonOf } from "../formats/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { denoFiles } from "../host/files.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { Tape } from "../tape/tape.ts";
import { restoreVariables } from "../training/checkpoints.ts";
import { SHADOWS } from "../training/moving_averages.ts";
import { Predictor } from "../training/predictor.ts";
import { readClassNames } from "./_class_names.ts";
import { UsageError } from "./_flags.ts";
import { labelsOffsetOf, openDataset } from "./_model_flags.ts";
import { classesOf } from "./_model_tensors.ts";
import type { PredictionValues } from "./_prediction_flags.ts";
import { readGraph } from "./_prediction_graph.ts";

/** No classifier takes larger images than this. */
const LARGEST_SIDE = 8192;

/** Names of the classes in the order of the scores, as far as they are known. */
export type ClassNames = readonly (string | undefined)[];

/** A compiled model. */
export interface Model {
  readonly predictor: Predictor;
  /** Of the pictures that it takes: 1 grey, 3 red, green and blue. */
  readonly channels: 1 | 3;
  readonly names: ClassNames;
}

/** Compiles a net and restores it; a SafeTensors file may say what it needs. `say` gets what could not be found out. */
export async function modelOfCheckpoint(
  gpu: Gpu,
  values: PredictionValues,
  reader: CheckpointReader,
  say: (line: string) => void,
): Promise<Model> {
  const { metadata } = reader, net = getNet(values.model_name ?? metadata.get("model_name") ?? "lenet");
  const numClasses = classesOf(reader, net), notedSize = Number(metadata.get("image_size"));
  const tape = new Tape();
  buildNet(tape, net, tape.feed("images", [1, net.defaultImageSize, net.defaultImageSize, 3]), {
    numClasses,
    isTraining: false,
  });
  const [first] = tape.variables.values(), isGrey = reader.tensors.get(first.name)?.shape[2] === 1;
  const useGrayscale = values.use_grayscale, channels = isGrey && !useGrayscale ? 1 : 3;
  const predictor = await Predictor.ofNet(gpu, {
    modelName: net.name,
    numClasses,
    preprocessingName: values.preprocessing_name ?? metadata.get("preprocessing"),
    imageSize: values.eval_image_size ?? (notedSize > 0 ? notedSize : undefined),
    channels,
    useGrayscale,
    batchSize: values.batch_size,
    precision: values.precision,
  });
  await restoreVariables(reader, predictor.parameters, undefined, values.moving_average_decay ? SHADOWS : "");
  const names = values.labels === undefined ? notedNames(metadata) : undefined;
  return { predictor, channels, names: names ?? await namesOf(values, net.name, say) };
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

/** Compiles a frozen graph of TensorFlow or a model of ONNX. */
export async function modelOfGraph(
  gpu: Gpu,
  values: PredictionValues,
  path: string,
  say: (line: string) => void,
): Promise<Model> {
  const { notes, batchSize, height, width, channels, classify } = await readGraph(values, path);
  const modelName = values.model_name ?? notes.get("model_name");
  if (height !== width || (height ?? 1) > LARGEST_SIDE) {
    throw new UsageError(
      `Cannot use ${path}: its images are ${height}x${width}, only squares of up to ${LARGEST_SIDE} are supported`,
    );
  }
  const imageSize = values.eval_image_size ?? height;
  const preprocessingName = values.preprocessing_name ?? notes.get("preprocessing");
  if (modelName === undefined && (preprocessingName === undefined || imageSize === undefined)) {
    throw new UsageError(
      `Cannot tell how pictures are prepared for ${path}: give --model_name, or --preprocessing_name and --eval_image_size`,
    );
  }
  const predictor = await Predictor.compile(
    gpu,
    {
      modelName,
      preprocessingName,
      imageSize,
      channels,
      batchSize: batchSize ?? values.batch_size,
      precision: values.precision,
    },
    classify,
  );
  predictor.parameters.initialize(0); // where a graph has variables, their initial values are its weights
  const names = values.labels === undefined ? notedNames(notes) : undefined;
  return { predictor, channels, names: names ?? await namesOf(values, modelName, say) };
}

/** The names that a model's writer noted; others than tools/export.ts may have noted something else. */
function notedNames(notes: ReadonlyMap<string, string>): string[] | undefined {
  try {
    const names: unknown = JSON.parse(notes.get("labels") ?? "");
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : undefined;
  } catch {
    return undefined;
  }
}
