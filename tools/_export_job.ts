/**
 * What is to be exported: the recorded net, its weights where there are some, and what is known of its classes.
 *
 * @module
 */
import { FOLDER_NAME } from "../datasets/folder.ts";
import { LABELS_FILE, readLabels } from "../datasets/labels.ts";
import { mnistClassNames } from "../datasets/mnist.ts";
import { scanPhotos } from "../datasets/photo_folder.ts";
import { SAMPLE_NAME } from "../datasets/sample.ts";
import type { ModelFacts } from "../export/metadata.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { directoryOf } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { buildNet, type BuiltNet, type Net } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { UsageError } from "./_flags.ts";
import { chooseTensors, classesOf } from "./_model_tensors.ts";
import { openCheckpoint, readFlags } from "./_restore.ts";

/** Classes of TF-Slim's data sets, and the zeros that their descriptions leave in its graphs: the shape of a missing label. */
const DATASETS: Readonly<Record<string, { numClasses?: number; strayZeros?: readonly number[] }>> = {
  imagenet: { numClasses: 1001 },
  flowers: { numClasses: 5, strayZeros: [] },
  cifar10: { numClasses: 10, strayZeros: [] },
  mnist: { numClasses: 10, strayZeros: [1] },
  fashion_mnist: { numClasses: 10, strayZeros: [1] },
  visualwakewords: { numClasses: 2 },
  [SAMPLE_NAME]: { numClasses: 10 },
  [FOLDER_NAME]: {},
};

/** Classes whose names do not depend on files. */
const KNOWN_NAMES: Readonly<Record<string, readonly string[] | undefined>> = {
  ...mnistClassNames,
  [SAMPLE_NAME]: mnistClassNames.fashion_mnist,
};

/** Names that `--dataset_name` takes. */
export const exportDatasets: readonly string[] = Object.keys(DATASETS);

/** Flags that say what to export. */
export interface ExportFlags {
  readonly model_name?: string;
  readonly is_training: boolean;
  readonly image_size?: number;
  readonly batch_size?: number;
  readonly dataset_name?: string;
  readonly dataset_dir?: string;
  readonly labels_offset?: number;
  readonly final_endpoint?: string;
  readonly use_grayscale: boolean;
  readonly checkpoint_path?: string;
  readonly moving_average_decay?: number;
}

/** What all formats are made from. */
export interface ExportJob {
  readonly net: Net;
  readonly tape: Tape;
  /** [n, height, width, channels]. */
  readonly images: Value;
  readonly built: BuiltNet;
  /** What the exported model computes, by name: logits and predictions, or an end point. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Whether what the outputs do not need is left out. */
  readonly isPart: boolean;
  /** Whether the number of images is left open. */
  readonly hasOpenBatch: boolean;
  readonly strayZeros?: readonly number[];
  /** The variables' values, under their names; left out: the architecture alone. */
  readonly weights?: CheckpointReader;
  readonly facts: ModelFacts;
}

/** Reads the checkpoint, if there is one, and records the net that it fits. */
export async function prepareExport(flags: ExportFlags): Promise<ExportJob> {
  const { checkpoint_path: path, moving_average_decay: decay } = flags;
  if (path === undefined && decay) {
    throw new UsageError(
      `Cannot use --moving_average_decay=${decay} without --checkpoint_path: there are none`,
    );
  }
  const reader = path === undefined ? undefined : await openCheckpoint(path);
  const trained = reader ? await readFlags(directoryOf(reader.prefix)) ?? {} : {};
  const net = getNet(flags.model_name ?? textOf(trained.model_name) ?? "inception_v3");
  const datasetName = flags.dataset_name ?? textOf(trained.dataset_name) ?? "imagenet";
  const weights = reader && modelWeights(reader, !!(decay ?? trained.moving_average_decay));
  const labelsToNames = await labelsOf(datasetName, flags.dataset_dir ?? textOf(trained.dataset_dir));
  const { numClasses: usualClasses, strayZeros } = DATASETS[datasetName] ?? {};
  const offset = flags.labels_offset ?? numberOf(trained.labels_offset);
  const numClasses = (weights && classesOf(weights, net)) ??
    (labelsToNames ? Math.max(...labelsToNames.keys()) + 1 : usualClasses ?? NaN) - (offset ?? 0);
  const labelsOffset = offset ?? (weights && labelsToNames?.size === numClasses + 1 ? 1 : 0); // a background class
  if (!(numClasses > 0)) {
    throw new UsageError(
      `Cannot tell how many classes --dataset_name=${datasetName} has: give --dataset_dir with its ${LABELS_FILE}, ` +
        `or --checkpoint_path${labelsOffset > 0 ? "; --labels_offset leaves none" : ""}`,
    );
  }
  const imageSize = flags.image_size ?? numberOf(trained.train_image_size) ?? net.defaultImageSize;
  const hasOpenBatch = flags.batch_size === undefined;
  const record = (channels: number) => {
    const tape = new Tape(), shape = [flags.batch_size ?? 1, imageSize, imageSize, channels];
    const images = tape.feed("images", shape);
    return {
      tape,
      images,
      built: buildNet(tape, net, images, { numClasses, isTraining: flags.is_training }),
    };
  };
  let recorded = record(flags.use_grayscale || trained.use_grayscale === true ? 1 : 3);
  const [first] = recorded.tape.variables.values(), channels = weights?.tensors.get(first.name)?.shape[2];
  if (channels === 1) recorded = record(1); // trained on grey images
  if (weights) assertFits(recorded.tape, weights, net);
  const preprocessing = textOf(trained.preprocessing_name) ?? net.preprocessing;
  return {
    net,
    ...recorded,
    outputs: outputsOf(recorded.built, net, flags.final_endpoint),
    isPart: flags.final_endpoint !== undefined,
    hasOpenBatch,
    strayZeros,
    weights,
    facts: {
      modelName: net.name,
      numClasses,
      imageSize,
      channels: recorded.images.shape[3],
      preprocessing,
      labelsOffset,
      labelsToNames,
    },
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A checkpoint as the model alone: without what belongs to the optimizer, shadows under their variables' names if wanted. */
function modelWeights(reader: CheckpointReader, useMovingAverages: boolean): CheckpointReader {
  const chosen = chooseTensors(reader.names(), { onlyModel: true, useMovingAverages });
  const tensors = new Map([...chosen].map(([name, source]) => [name, reader.tensors.get(source)!]));
  return new CheckpointReader(reader.prefix, {
    format: reader.format,
    tensors,
    unsupported: reader.unsupported,
    metadata: reader.metadata,
    read: (name) => reader.read(chosen.get(name)!),
  });
}

/** Names of a data set's classes, as far as it or its directory has them. */
async function labelsOf(
  datasetName: string,
  directory: string | undefined,
): Promise<Map<number, string> | undefined> {
  if (directory === undefined) {
    const names = KNOWN_NAMES[datasetName];
    return names && new Map(names.entries());
  }
  const labels = await readLabels(denoFiles, directory);
  if (labels) return labels.size > 0 ? labels : undefined;
  if (datasetName !== FOLDER_NAME) return undefined;
  return new Map((await scanPhotos(denoFiles, directory)).classNames.entries());
}

/** Fails unless a checkpoint has all variables of a net, in their shapes. */
function assertFits(tape: Tape, { prefix, tensors }: CheckpointReader, net: Net): void {
  const wrong = [...tape.variables.values()].flatMap(({ name, shape }) => {
    const there = tensors.get(name)?.shape;
    if (there?.join() === shape.join()) return [];
    return there ? `${name} is [${there}] there and [${shape}] in the net` : `${name} is not there`;
  });
  if (wrong.length === 0) return;
  throw new Error(
    `Cannot export ${prefix} as ${net.name}: ${wrong.slice(0, 3).join("; ")}${
      wrong.length > 3 ? `; and ${wrong.length - 3} more` : ""
    }; look at --model_name, --image_size and --use_grayscale`,
  );
}

/** What a model computes: its end, or the end point that was asked for. */
function outputsOf({ logits, endPoints }: BuiltNet, net: Net, endPoint?: string): Record<string, Value> {
  if (endPoint === undefined) {
    const predictions = endPoints.get("Predictions") ?? endPoints.get("predictions");
    return { logits, ...predictions ? { predictions } : {} };
  }
  const value = endPoints.get(endPoint);
  if (value) return { [endPoint]: value };
  throw new UsageError(
    `Cannot use --final_endpoint=${endPoint}: the end points of ${net.name} are ${
      [...endPoints.keys()].join(", ")
    }`,
  );
}
