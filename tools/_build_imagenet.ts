/**
 * Turns ImageNet's pictures into files of records, split by split, as TF-Slim's `build_imagenet_data.py`, whose lines it prints.
 *
 * A file is written aside and renamed, and one that is there is checked and kept: so an interrupted run goes on where it was.
 *
 * @module
 */

import type { ImagePlace } from "../datasets/imagenet/images.ts";
import { repairOf } from "../datasets/imagenet/repair.ts";
import {
  planShards,
  type Shard,
  shardName,
  shuffledIndexes,
  threadSpacing,
} from "../datasets/imagenet/shards.ts";
import type { ShardImage } from "../datasets/imagenet/write_shard.ts";
import { baseName, joinPath } from "../formats/paths.ts";
import { removeRemains } from "./_imagenet.ts";
import type { ShardTask } from "./_imagenet_worker.ts";
import { writeInWorkers } from "./_imagenet_workers.ts";

/** What is the same for both splits. */
export interface BuildOptions {
  /** Where the records go; made if missing. */
  outputDirectory: string;
  /** TF-Slim's number of threads: where shards are cut depends on it. As many workers run at most. */
  numThreads: number;
  /** Whether to shuffle as TF-Slim's official sources do; else pictures stay in the order of their classes. */
  shuffle: boolean;
  /** Synsets in the order of their labels. */
  synsets: readonly string[];
  /** Names of the classes by synset. */
  names: ReadonlyMap<string, string>;
  /** Boxes by picture. */
  boxes: ReadonlyMap<string, readonly (readonly number[])[]>;
  /** Prints a line. */
  print: (line: string) => void;
}

/** A split to be. */
export interface SplitSource {
  name: "train" | "validation";
  /** Its pictures in the order of their classes. */
  images: readonly ImagePlace[];
  /** Where they are from, as the user knows it. */
  from: string;
  numShards: number;
}

/**
 * Writes the records of a split.
 *
 * @throws {RangeError} if there are no pictures, or a class has no name
 * @throws {Error} if a picture or a file of records cannot be used
 */
export async function buildSplit(split: SplitSource, options: BuildOptions): Promise<void> {
  const { name, images, from, numShards } = split;
  const { outputDirectory, numThreads, synsets, boxes, print } = options;
  checkClasses(split, options);
  const ordered = options.shuffle ? shuffledIndexes(images.length).map((i) => images[i]) : images;
  print(`Found ${images.length} JPEG files across ${synsets.length} labels inside ${from}.`);
  const annotated = images.filter((image) => boxes.has(image.name)).length;
  print(`Found ${annotated} images with bboxes out of ${images.length} images`);
  const spacing = threadSpacing(images.length, numThreads);
  const ranges = spacing.slice(1).map((end, i) => `[${spacing[i]}, ${end}]`);
  print(`Launching ${numThreads} threads for spacings: [${ranges.join(", ")}]`);
  const shards = planShards(images.length, numShards, numThreads);
  const pathOf = ({ index }: Shard) => joinPath(outputDirectory, shardName(name, index, numShards));
  await removeRemains(outputDirectory, shards.map((shard) => baseName(pathOf(shard))));
  const taskOf = (shard: Shard) => {
    const facts = ordered.slice(shard.start, shard.end).map((image) => withFacts(image, options));
    return { path: pathOf(shard), images: facts };
  };
  await writeShards(shards, taskOf, options);
  print(`${now()}: Finished writing all ${images.length} images in data set.`);
}

/** Makes sure that there are pictures, and that each class that has some has a name; tells which classes have none. */
function checkClasses({ name, images, from }: SplitSource, { synsets, names }: BuildOptions): void {
  if (images.length === 0) {
    throw new RangeError(
      `Cannot make "${name}" from "${from}": it has no *.JPEG in a folder called by a synset of the list, such as ` +
        `${synsets[0]}; check the folder and the list`,
    );
  }
  const labels = new Set(images.map(({ label }) => label));
  const nameless = synsets.filter((synset, i) => labels.has(i + 1) && !names.has(synset));
  if (nameless.length > 0) {
    throw new RangeError(
      `Failed to find the name of ${nameless.slice(0, 10).join(", ")}, of which "${from}" has pictures; ` +
        "add it to the file that --imagenet_metadata_file names",
    );
  }
  const missing = synsets.filter((_, i) => !labels.has(i + 1));
  if (missing.length === 0) return;
  console.error(
    `Note: "${from}" has no pictures of ${missing.length} synsets: ${missing.slice(0, 10).join(", ")}`,
  );
}

/** What is known of a picture besides its pixels. */
function withFacts(image: ImagePlace, { synsets, names, boxes }: BuildOptions): ShardImage {
  const synset = synsets[image.label - 1];
  return { ...image, synset, text: names.get(synset)!, boxes: boxes.get(image.name) ?? [] };
}

type NamedTask = ShardTask & { shard: Shard };

async function writeShards(
  shards: readonly Shard[],
  taskOf: (shard: Shard) => ShardTask,
  { numThreads, print }: BuildOptions,
): Promise<void> {
  const left = new Set(shards);
  const tasks = shards.values().map((shard): NamedTask => ({ ...taskOf(shard), shard }));
  const workers = Math.min(numThreads, navigator.hardwareConcurrency);
  await writeInWorkers(tasks, workers, ({ path, images, shard }, written) => {
    if (written) {
      for (const { name, path, range } of images) {
        const repair = repairOf(name);
        if (repair) print(`Converting ${repair} for ${range ? joinPath(path, name) : path}`);
      }
    }
    const thread = `${now()} [thread ${shard.thread}]`;
    const done = written ? `Wrote ${images.length} images to` : `Kept ${images.length} images in`;
    print(`${thread}: ${done} ${path}`);
    left.delete(shard);
    const own = shards.filter(({ thread }) => thread === shard.thread);
    if (own.some((shard) => left.has(shard))) return;
    print(`${thread}: Wrote ${own.at(-1)!.end - own[0].start} images to ${own.length} shards.`);
  });
}

/** The time as Python prints it, in milliseconds. */
function now(): string {
  const date = new Date();
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().replace("T", " ").replace("Z", "");
}
