/**
 * What the tools for ImageNet share: flags, lists of classes, and a lock against two runs at once.
 *
 * @module
 */

import {
  BACKGROUND,
  challengeNames,
  challengeSynsets,
  parseMetadata,
  parseSynsets,
} from "../datasets/imagenet/classes.ts";
import { isTemporaryName, lastingName } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { UsageError } from "./_flags.ts";

/** Flags for the classes; without them those of the challenge are meant. */
export const classFlags = {
  labels_file: {
    type: "path",
    help: "Synsets, one a line, in the order of their labels from 1 on; the challenge's 1,000 if left out",
  },
  imagenet_metadata_file: {
    type: "path",
    help: "Names of synsets: SYNSET<tab>NAME a line; those of the challenge if left out",
  },
} as const;

/** Flags for the files of records. */
export const shardFlags = {
  train_shards: { type: "int", default: 1024, min: 1, max: 99_999, help: "Files of training records" },
  validation_shards: { type: "int", default: 128, min: 1, max: 99_999, help: "Files of validation records" },
  num_threads: {
    type: "int",
    default: 8,
    min: 1,
    max: 1024,
    help: "Must divide both; decides which picture goes to which file, and how many workers run at most",
  },
  shuffle: {
    type: "boolean",
    default: true,
    help:
      "Mix the classes with TF-Slim's seed; --noshuffle keeps them in order, as its checkout of 2019 does by mistake",
  },
} as const;

/** @throws {UsageError} if the shards cannot be divided among the threads */
export function checkShardFlags(
  values: { train_shards: number; validation_shards: number; num_threads: number },
): void {
  for (const name of ["train_shards", "validation_shards"] as const) {
    if (values[name] % values.num_threads === 0) continue;
    throw new UsageError(
      `Cannot use --${name}=${
        values[name]
      }: it takes a multiple of --num_threads, which is ${values.num_threads}`,
    );
  }
}

/** Reads the classes that the flags name. */
export async function readClasses(
  { labels_file, imagenet_metadata_file }: { labels_file?: string; imagenet_metadata_file?: string },
): Promise<{ synsets: readonly string[]; names: ReadonlyMap<string, string> }> {
  return {
    synsets: labels_file === undefined
      ? challengeSynsets
      : parseSynsets(await readText(labels_file), labels_file),
    names: imagenet_metadata_file === undefined
      ? challengeNames
      : parseMetadata(await readText(imagenet_metadata_file), imagenet_metadata_file),
  };
}

/** Reads a file of text. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await denoFiles.read(path));
}

/** Names of all labels: the background, then the classes. */
export function classNames(synsets: readonly string[], names: ReadonlyMap<string, string>): string[] {
  return [BACKGROUND, ...synsets.map((synset) => names.get(synset) ?? synset)];
}

/** Calls a function at most ten times a second, so that showing progress costs nothing; other calls are dropped. */
export function seldom<A extends unknown[]>(show: (...args: A) => void): (...args: A) => void {
  let last = -Infinity;
  return (...args) => {
    if (performance.now() - last < 100) return;
    last = performance.now();
    show(...args);
  };
}

/** Removes what an interrupted run left of these files of a folder, which must be locked. */
export async function removeRemains(directory: string, names: readonly string[]): Promise<void> {
  const known = new Set(names);
  for (const name of await denoFiles.list(directory)) {
    if (isTemporaryName(name) && known.has(lastingName(name))) {
      await denoFiles.remove(joinPath(directory, name));
    }
  }
}

/**
 * Makes sure that no other run is at work in a folder until the result is disposed of; the system forgets the lock of a
 * program that is killed.
 *
 * @throws {Error} if another is
 */
export async function lockFolder(directory: string): Promise<AsyncDisposable> {
  await Deno.mkdir(directory, { recursive: true });
  const path = joinPath(directory, ".lock");
  const file = await Deno.open(path, { write: true, create: true });
  if (!await file.tryLock(true)) {
    file.close();
    throw new Error(`Cannot work in "${directory}": another run is at work there; wait for it or end it`);
  }
  return {
    async [Symbol.asyncDispose]() {
      await denoFiles.remove(path);
      file.close();
    },
  };
}
