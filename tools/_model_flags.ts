/**
 * Flags that training and evaluation share.
 *
 * @module
 */
import {
  datasetNames,
  type DatasetOptions,
  evaluationSplitOf,
  getDataset,
} from "../datasets/dataset_factory.ts";
import { FOLDER_NAME } from "../datasets/folder.ts";
import type { Oddity } from "../datasets/photo_listing.ts";
import { SAMPLE_NAME } from "../datasets/sample.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { denoFiles } from "../host/files.ts";
import { adapterChoices, openGpu } from "../host/drivers.ts";
import type { ProgressLine } from "../host/terminal.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { WAYS } from "../kernels/choices.ts";
import { nets } from "../nets/nets_factory.ts";
import { preprocessingNames } from "../preprocessing/preprocessing_factory.ts";
import { UsageError } from "./_flags.ts";

/** How images lie between operations; see tape/halves.ts. */
export const precisionFlag = {
  type: "choice",
  choices: ["f32", "f16"],
  default: "f32",
  group: "Device",
  help:
    "How images lie in memory between operations; f16 needs a device that has it, and sums are f32 all the same",
} as const;

/** Which adapter computes, and which way. */
export const adapterFlags = {
  adapter: {
    type: "choice",
    choices: adapterChoices,
    group: "Device",
    help: "Adapter to compute on; without it WGSLIM_ADAPTER, else auto",
  },
  variant: {
    type: "list",
    choices: WAYS,
    group: "Device",
    help:
      "Ways taken where several kernels compute the same; without it WGSLIM_VARIANT, else what tools/tune.ts found",
  },
} as const;

/** Which net, with which preprocessing. */
export const modelFlags = {
  model_name: {
    type: "choice",
    choices: [...nets.keys()],
    default: "lenet",
    group: "Net",
    help: "Name of the net",
  },
  preprocessing_name: {
    type: "choice",
    choices: preprocessingNames,
    group: "Net",
    help: "Preprocessing family; without it the net's own",
  },
  use_grayscale: { type: "boolean", group: "Net", help: "Images in colour become grey, of one channel" },
} as const;

/** Which images. */
export const datasetFlags = {
  dataset_name: {
    type: "choice",
    choices: datasetNames,
    group: "Data",
    help:
      `Name of the data set; without it ${FOLDER_NAME} where there is a --dataset_dir, else ${SAMPLE_NAME}`,
  },
  dataset_dir: {
    type: "path",
    group: "Data",
    help:
      "Directory of its TFRecords (see tools/download.ts and tools/convert.ts), or a folder of photos, DIR/class/*.jpg",
  },
  labels_offset: {
    type: "int",
    min: 0,
    group: "Data",
    help:
      "Subtracted from the labels and from the number of classes; without it what net and data set call for",
  },
} as const;

/**
 * What to subtract from labels: the flag's value, or 1 where the data set counts a background class that the net's published
 * checkpoints do not have, as ImageNet's 1001 classes and VGG's or ResNet's 1000.
 */
export function labelsOffsetOf(
  flags: { labels_offset?: number; model_name: string },
  { numClasses }: Pick<Dataset, "numClasses">,
): number {
  const isBackgroundTooMany = numClasses === 1001 && nets.get(flags.model_name)!.numClasses === 1000;
  return flags.labels_offset ?? (isBackgroundTooMany ? 1 : 0);
}

/** Flags that say where the data are. */
interface DatasetValues {
  dataset_name?: string;
  dataset_dir?: string;
}

/** The data set that the flags mean: a directory without a name is a folder of photos. */
export function datasetNameOf({ dataset_name, dataset_dir }: DatasetValues): string {
  return dataset_name ?? (dataset_dir === undefined ? SAMPLE_NAME : FOLDER_NAME);
}

/**
 * Opens the data set that the flags name.
 *
 * @param splitName the split; without it the one for evaluation
 * @param report called with what is odd about a folder of photos
 * @param reading how to decode, and what to keep
 */
export async function openDataset(
  flags: DatasetValues,
  splitName: string | undefined,
  report?: (oddities: readonly Oddity[]) => void,
  reading?: Pick<DatasetOptions, "decoder" | "orientation" | "cacheBytes">,
): Promise<Dataset> {
  const name = datasetNameOf(flags);
  if (name !== SAMPLE_NAME && flags.dataset_dir === undefined) {
    throw new UsageError(`--dataset_dir is required with --dataset_name=${name}: where its data are`);
  }
  if (name === SAMPLE_NAME && flags.dataset_dir !== undefined) {
    throw new UsageError(`--dataset_dir=${flags.dataset_dir} does not concern the sample, which is embedded`);
  }
  return await getDataset({
    name,
    splitName: splitName ?? evaluationSplitOf(name),
    datasetDir: flags.dataset_dir,
    files: denoFiles,
    report,
    ...reading,
  });
}

/** Opens the device and says which one it is; shows the making of pipelines. */
export async function openDevice(
  { adapter, variant }: { adapter?: string; variant?: readonly string[] },
  progress: ProgressLine,
): Promise<Gpu> {
  const gpu = await openGpu({
    adapter,
    variant,
    onPipeline: (ready, requested) => progress.update(`compiling kernels: ${ready} of ${requested}`),
  });
  const { description, vendor, kind, driverSource } = gpu.adapter;
  const slow = driverSource === "embedded" ? "; `deno task doctor` says what would be faster" : "";
  progress.print(`Computing on ${description || vendor} (${kind}, ${driverSource} driver)${slow}`);
  return gpu;
}
