/**
 * MNIST (handwritten digits) and Fashion-MNIST (pictures of clothes): 60,000 training and 10,000 test images of 28 by 28
 * grey pixels in 10 classes. The two share every format, file names included, so that TF-Slim reads either directory as
 * its `mnist`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Files } from "../formats/files.ts";
import { NotFoundError } from "../formats/errors.ts";
import { cached, type Dataset } from "./dataset.ts";
import { decodeImageExample } from "./image_example.ts";
import { LABELS_FILE, parseLabels } from "./labels.ts";
import { joinPath } from "../formats/paths.ts";
import { findShards, openTfRecords } from "./tfrecord_source.ts";

/** Files of a split, `%s` standing for its name: TF-Slim's. */
export const MNIST_FILE_PATTERN = "mnist_%s.tfrecord";

/** Splits by name, and what the original files of each begin with. */
export const mnistSplits = { train: "train", test: "t10k" } as const;

/** Names of the classes by data set, in the order of the labels. */
export const mnistClassNames = {
  mnist: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
  fashion_mnist: [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
} as const;

/** The data sets of MNIST's format. */
export type MnistName = keyof typeof mnistClassNames;

/** What the items of a record mean. */
export const mnistItems = {
  mnist: { image: "A [28, 28, 1] grey picture of a digit", label: "The digit, 0 to 9" },
  fashion_mnist: { image: "A [28, 28, 1] grey picture of a piece of clothing", label: "Its kind, 0 to 9" },
} as const;

/** Where and how to read a split. */
export interface SplitOptions {
  /** The file system. */
  files: Files;
  /** Names of the files, `%s` standing for the split, `*` and `?` for other characters. */
  filePattern?: string;
  /** Most bytes of decoded images to keep in memory; see {@linkcode cached}. */
  cacheBytes?: number;
}

/**
 * Opens a split of MNIST or Fashion-MNIST.
 *
 * @param name which of the two; only the class names and descriptions depend on it
 * @param splitName `train` or `test`
 * @param datasetDir where `tools/convert.ts` wrote the records
 * @throws {RangeError} if there is no such split
 * @throws {NotFoundError} if the files are missing; says which commands make them
 * @throws {DataLossError} if a file is damaged
 */
export async function getMnistSplit(
  name: MnistName,
  splitName: string,
  datasetDir: string,
  { files, filePattern = MNIST_FILE_PATTERN, cacheBytes }: SplitOptions,
): Promise<Dataset> {
  if (!Object.hasOwn(mnistSplits, splitName)) throw unknownSplit(name, splitName, Object.keys(mnistSplits));
  const paths = await findShards(files, datasetDir, filePattern, splitName);
  if (paths.length === 0) throw missingRecords(name, splitName, datasetDir, filePattern);
  const numClasses = mnistClassNames[name].length;
  const source = await openTfRecords(
    files,
    paths,
    (record) => decodeImageExample(record, { channels: 1, numClasses }),
  );
  if (source.size === 0) {
    throw new RangeError(
      `Cannot use split "${splitName}" of ${name}: ${paths.join(", ")} holds no records; make it again`,
    );
  }
  const first = await source.get(0);
  return {
    name,
    splitName,
    files: paths,
    numSamples: source.size,
    numClasses,
    labelsToNames: await readLabels(files, datasetDir) ?? new Map(mnistClassNames[name].entries()),
    channels: first.channels,
    imageShape: [first.height, first.width, first.channels],
    itemsToDescriptions: mnistItems[name],
    source: cached(source, first, cacheBytes),
  };
}

/** The error for a split that a data set does not have. */
export function unknownSplit(name: string, splitName: string, accepted: readonly string[]): RangeError {
  return new RangeError(
    `Cannot open split "${splitName}" of ${name}: it has the splits ${accepted.join(", ")}`,
  );
}

function missingRecords(
  name: string,
  splitName: string,
  directory: string,
  pattern: string,
): NotFoundError {
  const flags = `--dataset_name=${name} --dataset_dir=${directory}`;
  const path = joinPath(directory, pattern.replaceAll("%s", splitName));
  return new NotFoundError(
    `Cannot open split "${splitName}" of ${name}: there is no "${path}"; make it with\n` +
      `  deno run --allow-net --allow-read --allow-write=${directory} tools/download.ts ${flags}\n` +
      `  deno run --allow-read=${directory} --allow-write=${directory} tools/convert.ts ${flags}`,
    path,
  );
}

/** The names in the directory's label file, `undefined` if it has none. */
async function readLabels(files: Files, directory: string): Promise<Map<number, string> | undefined> {
  const path = joinPath(directory, LABELS_FILE);
  if (await files.size(path) === undefined) return undefined;
  return parseLabels(new TextDecoder().decode(await files.read(path)), path);
}
