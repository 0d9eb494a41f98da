/**
 * Turns photos into the shards that TF-Slim trains from: Flowers as TF-Slim does it, and any folder of photos.
 *
 * The bytes of a photo are stored as they are. Photos lie in random order, since who reads shards one after another would
 * otherwise meet one class after the other.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";
import { joinPath, shardSuffix } from "../formats/paths.ts";
import { PythonRandom } from "../random/python_random.ts";
import { type ConvertedFile, keepRecords, writeLabels, writeRecords } from "./conversion.ts";
import { FLOWERS_FOLDER, flowersDescriptor } from "./flowers.ts";
import { encodeImageExample } from "./image_example.ts";
import { LABELS_FILE } from "./labels.ts";
import { needPhotos, type Oddity, type Photo, type PhotoFolder, scanPhotos } from "./photo_folder.ts";
import { splitPhotos } from "./photo_split.ts";

/** How photos are dealt to splits and shards. */
export interface PhotoConversion {
  /** Shards of each split. @default {5} */
  numShards?: number;
  /** Seed of the shuffle. @default {0} */
  seed?: number;
  /** Called with what is odd about the photos. */
  report?: (oddities: readonly Oddity[]) => void;
}

/** How Flowers are dealt. */
export interface FlowersConversion extends PhotoConversion {
  /** Photos for validation: the first ones after the shuffle. @default {350} */
  numValidation?: number;
}

/**
 * Writes the shards and the label file of Flowers next to the folder `flower_photos`, which stays: for the same photos the
 * same shards, record for record, as TF-Slim's converter on a sorted listing.
 *
 * A complete set of shards is kept; if one is missing all are made, since a shard holds what the others do not.
 *
 * @throws {NotFoundError} if there are no photos; says which command gets them
 * @throws {RangeError} if there are not more photos than are for validation
 */
export async function* convertFlowers(
  directory: string,
  files: Files,
  { numValidation = 350, numShards = 5, seed = 0, report = () => {} }: FlowersConversion = {},
): AsyncGenerator<ConvertedFile> {
  const { name } = flowersDescriptor;
  const shardPaths = (split: string) => pathsOfShards(directory, name, split, numShards);
  const kept = await keepAll(files, directory, flowersDescriptor.splits.flatMap(shardPaths));
  if (kept) return yield* kept;
  const folder = await scanFlowers(files, directory), photos = [...folder.photos];
  report(folder.oddities);
  if (!(photos.length > numValidation)) {
    throw new RangeError(
      `Cannot keep ${numValidation} photos for validation: there are ${photos.length} in all`,
    );
  }
  new PythonRandom(seed).shuffle(photos);
  yield* writeShards(files, folder, photos.slice(numValidation), shardPaths("train"));
  yield* writeShards(files, folder, photos.slice(0, numValidation), shardPaths("validation"));
  yield await writeLabels(files, directory, folder.classNames);
}

async function scanFlowers(files: Files, directory: string): Promise<PhotoFolder> {
  try {
    return await scanPhotos(files, joinPath(directory, FLOWERS_FOLDER));
  } catch (thrown) {
    if (!(thrown instanceof NotFoundError)) throw thrown;
    throw new NotFoundError(
      `Cannot convert flowers: there are no photos in "${
        joinPath(directory, FLOWERS_FOLDER)
      }"; get them with ` +
        `tools/download.ts --dataset_name=flowers --dataset_dir=${directory}`,
      thrown.path,
      { cause: thrown },
    );
  }
}

/**
 * Writes the shards and the label file of any folder of photos, in the splits that `split.csv` tells.
 *
 * @param photosPath the folder, or a table of files and classes; see {@linkcode scanPhotos}
 * @param directory where the shards go; a complete set that is there is kept
 */
export async function* convertFolder(
  photosPath: string,
  directory: string,
  files: Files,
  { numShards = 5, seed = 0, report = () => {} }: PhotoConversion = {},
): AsyncGenerator<ConvertedFile> {
  const folder = await scanPhotos(files, photosPath);
  if (folder.photos.length === 0) report(folder.oddities);
  needPhotos(folder);
  const { splits, oddities } = await splitPhotos(files, folder);
  const names = [...new Set(splits)].filter((split) => split !== "").sort();
  const shardPaths = (split: string) => pathsOfShards(directory, "folder", split, numShards);
  const kept = await keepAll(files, directory, names.flatMap(shardPaths));
  report([...folder.oddities, ...oddities]);
  if (kept) {
    const records = kept.reduce((sum, file) => sum + (file.records ?? 0), 0);
    const used = splits.filter((split) => split !== "").length;
    if (records !== used) {
      const what =
        `its shards hold ${records} photos where there are ${used} now; remove them to convert again`;
      report([{ kind: "split", file: directory, what }]);
    }
    return yield* kept;
  }
  for (const split of names) {
    const photos = folder.photos.filter((_, i) => splits[i] === split);
    new PythonRandom(seed).shuffle(photos);
    yield* writeShards(files, folder, photos, shardPaths(split));
  }
  yield await writeLabels(files, directory, folder.classNames);
}

/** TF-Slim's names of shards. */
function pathsOfShards(directory: string, name: string, split: string, numShards: number): string[] {
  const fileOf = (i: number) => `${name}_${split}_${shardSuffix(i, numShards)}.tfrecord`;
  return Array.from({ length: numShards }, (_, i) => joinPath(directory, fileOf(i)));
}

/** The shards and the label file if all are there, else nothing. */
async function keepAll(
  files: Files,
  directory: string,
  shards: readonly string[],
): Promise<ConvertedFile[] | undefined> {
  const labels = joinPath(directory, LABELS_FILE);
  if (await files.size(labels) === undefined) return undefined;
  const kept: ConvertedFile[] = [];
  for (const path of shards) {
    const file = await keepRecords(files, path);
    if (file === undefined) return undefined;
    kept.push(file);
  }
  return [...kept, { path: labels, written: false }];
}

/** Deals photos to shards, as many to each as to the next; the last ones get what is left, perhaps nothing. */
async function* writeShards(
  files: Files,
  { directory }: PhotoFolder,
  photos: readonly Photo[],
  paths: readonly string[],
): AsyncGenerator<ConvertedFile> {
  const perShard = Math.ceil(photos.length / paths.length);
  for (const [i, path] of paths.entries()) {
    yield await writeRecords(files, path, examples(photos.slice(i * perShard, (i + 1) * perShard)));
  }

  async function* examples(shard: readonly Photo[]): AsyncGenerator<Uint8Array> {
    for (const { file, label, header: { kind, height, width } } of shard) {
      const encoded = await files.read(joinPath(directory, file));
      yield encodeImageExample({ encoded, format: kind === "jpeg" ? "jpg" : "png", height, width, label });
    }
  }
}
