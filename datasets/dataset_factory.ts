/**
 * Data sets by name, as TF-Slim's `dataset_factory`.
 *
 * This module is browser compatible.
 *
 * @module
 */

// @ts-types="../types/std_text.d.ts"
import { closestString } from "npm:deno-std@1.4.0/text/closest_string.js";
import type { Files } from "../formats/files.ts";
import { cifar10Descriptor } from "./cifar10.ts";
import type { Dataset } from "./dataset.ts";
import { flowersDescriptor } from "./flowers.ts";
import { FOLDER_NAME, getFolderSplit } from "./folder.ts";
import { imagenetDescriptor } from "./imagenet/imagenet.ts";
import { mnistDescriptor } from "./mnist.ts";
import type { DecodingOptions } from "./picture_record.ts";
import type { Oddity } from "./photo_listing.ts";
import { openRecordSplit, type RecordDescriptor } from "./record_split.ts";
import { getSampleSplit, SAMPLE_NAME } from "./sample.ts";

/** What to open, and where. */
export interface DatasetOptions extends DecodingOptions {
  /** Name of the data set; the embedded sample if left out. */
  name?: string;
  /** Name of the split. */
  splitName: string;
  /** Directory with its records; the sample needs none. */
  datasetDir?: string;
  /** File system to read it from; the sample needs none. */
  files?: Files;
  /** Names of the files if they are not the usual ones: `%s` stands for the split, `*` and `?` for other characters. */
  filePattern?: string;
  /** Most bytes of decoded images to keep in memory. @default {268435456} */
  cacheBytes?: number;
  /** Called with what is odd about a folder of photos. */
  report?: (oddities: readonly Oddity[]) => void;
  /** Address of the folder with the embedded sample, for bundled pages. */
  sampleUrl?: string | URL;
}

/** A data set that can be opened. */
interface Known {
  open(options: DatasetOptions): Promise<Dataset>;
  /** The split that trainings are evaluated on. */
  readonly evaluationSplit: string;
}

/** A data set that lies in records in a directory. */
function inRecords(descriptor: RecordDescriptor): Known {
  const { name, splits } = descriptor;
  return {
    open: ({ splitName, ...options }) => {
      const { datasetDir, files } = placeOf(name, options);
      return openRecordSplit(descriptor, splitName, datasetDir, { ...options, files });
    },
    evaluationSplit: splits.find((split) => split !== "train")!,
  };
}

/** Where a data set is that needs a place. */
function placeOf(name: string, { datasetDir, files }: Pick<DatasetOptions, "datasetDir" | "files">) {
  if (!datasetDir) {
    throw new TypeError(`Cannot open ${name}: no directory was given; name it with --dataset_dir`);
  }
  if (!files) throw new TypeError(`Cannot open ${name}: no file system was given; pass files`);
  return { datasetDir, files };
}

const datasets: Readonly<Record<string, Known>> = {
  [SAMPLE_NAME]: {
    open: ({ splitName, sampleUrl }) => getSampleSplit(splitName, { baseUrl: sampleUrl }),
    evaluationSplit: "test",
  },
  mnist: inRecords(mnistDescriptor("mnist")),
  fashion_mnist: inRecords(mnistDescriptor("fashion_mnist")),
  cifar10: inRecords(cifar10Descriptor),
  flowers: inRecords(flowersDescriptor),
  imagenet: inRecords(imagenetDescriptor),
  [FOLDER_NAME]: {
    open: ({ splitName, ...options }) => {
      const { datasetDir, files } = placeOf(FOLDER_NAME, options);
      return getFolderSplit(splitName, datasetDir, { ...options, files });
    },
    evaluationSplit: "validation",
  },
};

/** Names that {@linkcode getDataset} knows. */
export const datasetNames: readonly string[] = Object.keys(datasets);

/** The split of a data set that a training is evaluated on: `test` or `validation`. */
export function evaluationSplitOf(name: string): string {
  return datasets[name].evaluationSplit;
}

/**
 * Opens a split of a data set.
 *
 * @throws {RangeError} if there is no data set of that name, or no such split
 * @throws {NotFoundError} if its files are missing; says how to get them
 * @throws {DataLossError} if a file is damaged
 *
 * @example
 * ```ts ignore
 * const dataset = await getDataset({ name: "mnist", splitName: "train", datasetDir: "data/mnist", files: denoFiles });
 * ```
 */
export async function getDataset(options: DatasetOptions): Promise<Dataset> {
  const { name = SAMPLE_NAME } = options;
  if (Object.hasOwn(datasets, name)) return await datasets[name].open(options);
  throw new RangeError(
    `Cannot find data set "${name}": did you mean "${closestString(name, datasetNames)}"? ` +
      `The known ones are ${datasetNames.join(", ")}`,
  );
}
