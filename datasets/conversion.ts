/**
 * What the conversions of all data sets share: files that are made or kept, and label files.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, reasonOf } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";
import { encodeTfRecords, indexTfRecords } from "../formats/tfrecord.ts";
import { formatLabels, LABELS_FILE, readLabels } from "./labels.ts";

/** What became of one file of a conversion. */
export interface ConvertedFile {
  /** The file. */
  path: string;
  /** Records in it; `undefined` for the label file. */
  records?: number;
  /** `false` if it was there already and was kept. */
  written: boolean;
}

/** Writes records, whole or not at all; they are made one by one as they are written. */
export async function writeRecords(
  files: Files,
  path: string,
  records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<ConvertedFile> {
  let count = 0;
  await files.write(path, encode());
  return { path, records: count, written: true };

  async function* encode(): AsyncGenerator<Uint8Array> {
    for await (const record of records) {
      count++;
      yield* encodeTfRecords([record]);
    }
  }
}

/**
 * Counts the records of a file that is to be kept.
 *
 * @returns `undefined` if there is no such file
 * @throws {DataLossError} if it is damaged
 */
export async function keepRecords(files: Files, path: string): Promise<ConvertedFile | undefined> {
  if (await files.size(path) === undefined) return undefined;
  try {
    return { path, records: (await indexTfRecords(files, path)).length, written: false };
  } catch (thrown) {
    if (!(thrown instanceof DataLossError)) throw thrown;
    throw new DataLossError(
      `Cannot keep "${path}": ${reasonOf(thrown)}; remove it and convert again`,
      thrown,
      { cause: thrown },
    );
  }
}

/**
 * Writes the label file of a directory, unless there is one.
 *
 * @throws {RangeError} if there is one of another data set, with more or fewer classes
 */
export async function writeLabels(
  files: Files,
  directory: string,
  classNames: readonly string[],
): Promise<ConvertedFile> {
  const path = joinPath(directory, LABELS_FILE);
  const there = await readLabels(files, directory), written = there === undefined;
  const present = there?.size ?? classNames.length;
  if (present !== classNames.length) {
    throw new RangeError(
      `Cannot keep "${path}": it names ${present} classes where there are ${classNames.length}; ` +
        "is it of another data set? Give each a directory of its own, or remove it and convert again",
    );
  }
  if (written) await files.write(path, [new TextEncoder().encode(formatLabels(classNames))]);
  return { path, written };
}
