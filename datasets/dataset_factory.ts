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
import type { Dataset } from "./dataset.ts";
import { getMnistSplit, type MnistName } from "./mnist.ts";
import { getSampleSplit, SAMPLE_NAME } from "./sample.ts";

/** What to open, and where. */
export interface DatasetOptions {
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
  /** Address of the folder with the embedded sample, for bundled pages. */
  sampleUrl?: string | URL;
}

type Open = (options: DatasetOptions) => Promise<Dataset>;

/** Opens a data set that lies in a directory. */
const openMnist = (name: MnistName): Open => ({ splitName, datasetDir, files, filePattern, cacheBytes }) => {
  if (!datasetDir) {
    throw new TypeError(`Cannot open ${name}: no directory was given; name it with --dataset_dir`);
  }
  if (!files) throw new TypeError(`Cannot open ${name}: no file system was given; pass files`);
  return getMnistSplit(name, splitName, datasetDir, { files, filePattern, cacheBytes });
};

const datasets: Readonly<Record<string, Open>> = {
  [SAMPLE_NAME]: ({ splitName, sampleUrl }) => getSampleSplit(splitName, { baseUrl: sampleUrl }),
  mnist: openMnist("mnist"),
  fashion_mnist: openMnist("fashion_mnist"),
};

/** Names that {@linkcode getDataset} knows. */
export const datasetNames: readonly string[] = Object.keys(datasets);

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
  if (Object.hasOwn(datasets, name)) return await datasets[name](options);
  throw new RangeError(
    `Cannot find data set "${name}": did you mean "${closestString(name, datasetNames)}"? ` +
      `The known ones are ${datasetNames.join(", ")}`,
  );
}
