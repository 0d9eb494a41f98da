/**
 * Splits of data sets that lie in TFRecords, described by data alone.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";
import { cached, type Dataset } from "./dataset.ts";
import { readImageExample } from "./image_example.ts";
import { LABELS_FILE, readLabels } from "./labels.ts";
import type { DecodingOptions, PictureRecord } from "./picture_record.ts";
import { findShards, openTfRecords } from "./tfrecord_source.ts";

/** What is known of a data set before its records are read. */
export interface RecordDescriptor {
  /** Name in the factory. */
  readonly name: string;
  /** Names of its splits. */
  readonly splits: readonly string[];
  /** Files of a split, `%s` standing for its name: TF-Slim's. */
  readonly filePattern: string;
  /** Names of the classes in the order of the labels, for directories without a label file. */
  readonly classNames?: readonly string[];
  /** Values a pixel after decoding. */
  readonly channels: 1 | 3;
  /** What the items of a record mean. */
  readonly itemsToDescriptions: Readonly<Record<string, string>>;
  /** Reads a record. @default {readImageExample} */
  readonly read?: (record: Uint8Array) => PictureRecord;
  /** The commands that make the records in a directory. @default {download and convert} */
  readonly recipe?: (directory: string) => string;
}

/** Where and how to read a split. */
export interface SplitOptions extends DecodingOptions {
  /** The file system. */
  files: Files;
  /** Names of the files, `%s` standing for the split, `*` and `?` for other characters. */
  filePattern?: string;
  /** Most bytes of decoded images to keep in memory; see {@linkcode cached}. */
  cacheBytes?: number;
}

/**
 * Opens a split of a data set that was converted to records.
 *
 * @param datasetDir where `tools/convert.ts` wrote the records
 * @throws {RangeError} if there is no such split, or no record in it
 * @throws {NotFoundError} if the files are missing; says which commands make them
 * @throws {DataLossError} if a file is damaged
 */
export async function openRecordSplit(
  descriptor: RecordDescriptor,
  splitName: string,
  datasetDir: string,
  { files, filePattern = descriptor.filePattern, cacheBytes, decoder, orientation }: SplitOptions,
): Promise<Dataset> {
  const { name, splits, channels, itemsToDescriptions, read = readImageExample } = descriptor;
  if (!splits.includes(splitName)) throw unknownSplit(name, splitName, splits);
  const paths = await findShards(files, datasetDir, filePattern, splitName);
  if (paths.length === 0) throw missingRecords(descriptor, splitName, datasetDir, filePattern);
  if (filePattern === descriptor.filePattern) checkComplete(paths, descriptor, splitName, datasetDir);
  const labelsToNames = await readLabels(files, datasetDir) ?? new Map(descriptor.classNames?.entries());
  const numClasses = Math.max(-1, ...labelsToNames.keys()) + 1;
  if (numClasses === 0) {
    throw new NotFoundError(
      `Cannot open ${name} in "${datasetDir}": ${LABELS_FILE} with the names of the classes is missing; convert again`,
      joinPath(datasetDir, LABELS_FILE),
    );
  }
  const source = await openTfRecords(files, paths, { read, channels, numClasses, decoder, orientation });
  if (source.size === 0) {
    throw new RangeError(
      `Cannot use split "${splitName}" of ${name}: ${paths.join(", ")} holds no records; make it again`,
    );
  }
  return {
    name,
    splitName,
    files: paths,
    numSamples: source.size,
    numClasses,
    labelsToNames,
    channels,
    itemsToDescriptions,
    source: await cached(source, cacheBytes),
  };
}

/** The error for a split that a data set does not have. */
export function unknownSplit(name: string, splitName: string, accepted: readonly string[]): RangeError {
  return new RangeError(
    `Cannot open split "${splitName}" of ${name}: it has the splits ${accepted.join(", ")}`,
  );
}

function missingRecords(
  descriptor: RecordDescriptor,
  splitName: string,
  directory: string,
  pattern: string,
): NotFoundError {
  const path = joinPath(directory, pattern.replaceAll("%s", splitName));
  return new NotFoundError(
    `Cannot open split "${splitName}" of ${descriptor.name}: there is no "${path}"; make it with\n` +
      recipeOf(descriptor, directory),
    path,
  );
}

/** Makes sure that no shard is missing where their names say how many there are: `train-00000-of-01024`. */
function checkComplete(
  paths: readonly string[],
  descriptor: RecordDescriptor,
  splitName: string,
  directory: string,
): void {
  const counts = new Set(paths.map((path) => path.match(/-\d{5}-of-(\d{5})(\.tfrecord)?$/)?.[1]));
  const [count] = counts;
  if (count === undefined || (counts.size === 1 && paths.length === Number(count))) return;
  const reason = counts.size > 1
    ? `the shards in "${directory}" are of ${
      [...counts].map(Number).join(" and of ")
    }; remove those that are old`
    : `only ${paths.length} of its ${Number(count)} shards are in "${directory}"; go on with\n` +
      recipeOf(descriptor, directory);
  throw new NotFoundError(`Cannot open split "${splitName}" of ${descriptor.name}: ${reason}`, directory);
}

function recipeOf({ name, recipe }: RecordDescriptor, directory: string): string {
  if (recipe) return recipe(directory);
  const flags = `--dataset_name=${name} --dataset_dir=${directory}`;
  return `  deno run --allow-net --allow-read --allow-write=${directory} tools/download.ts ${flags}\n` +
    `  deno run --allow-read=${directory} --allow-write=${directory} tools/convert.ts ${flags}`;
}
