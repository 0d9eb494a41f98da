/**
 * Writes one file of ImageNet's records, or makes sure that the one that is there is what would be written.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, reasonOf } from "../../formats/errors.ts";
import { decodeExample, ExampleError, type Feature } from "../../formats/example.ts";
import type { Files } from "../../formats/files.ts";
import { joinPath } from "../../formats/paths.ts";
import { encodeTfRecords, indexTfRecords, readTfRecord } from "../../formats/tfrecord.ts";
import { encodeImagenetExample, factFeatures, type ImageFacts } from "./example.ts";
import type { ImagePlace } from "./images.ts";
import { preparePicture } from "./repair.ts";

/** A picture of a file to be: where it is and what is known of it. */
export type ShardImage = ImagePlace & ImageFacts;

/**
 * Writes a file of records, whole or not at all; one that is there is read and kept.
 *
 * @returns whether it was written
 * @throws {NotFoundError} if a picture is missing
 * @throws {SyntaxError} if a picture cannot be decoded
 * @throws {DataLossError} if the file that is there is damaged or holds other records
 */
export async function writeShard(
  files: Files,
  path: string,
  images: readonly ShardImage[],
): Promise<boolean> {
  if (await files.size(path) !== undefined) {
    await checkShard(files, path, images);
    return false;
  }
  await files.write(path, records(files, images));
  return true;
}

async function* records(files: Files, images: readonly ShardImage[]): AsyncGenerator<Uint8Array> {
  for (const image of images) {
    const file = await readImage(files, image);
    const where = image.range ? joinPath(image.path, image.name) : image.path;
    yield* encodeTfRecords([encodeImagenetExample(image, preparePicture(file, image.name, where))]);
  }
}

async function readImage(files: Files, { name, path, range }: ImagePlace): Promise<Uint8Array> {
  if (range === undefined) return await files.read(path);
  const bytes = await files.readRange(path, ...range);
  if (bytes.length === range[1]) return bytes;
  throw new DataLossError(`Cannot read ${name} from "${path}": the archive became shorter; get it again`, {
    path,
  });
}

/** Reads every record: its checksum, and all features but the picture itself. */
async function checkShard(files: Files, path: string, images: readonly ShardImage[]): Promise<void> {
  let reason: string | undefined, cause: unknown;
  try {
    reason = await differenceOf(files, path, images);
  } catch (thrown) {
    if (!(thrown instanceof DataLossError || thrown instanceof ExampleError || thrown instanceof TypeError)) {
      throw thrown;
    }
    [reason, cause] = [reasonOf(thrown), thrown];
  }
  if (reason === undefined) return;
  throw new DataLossError(
    `Cannot keep "${path}": ${reason}; remove it and run again, or name another folder for the records`,
    { path },
    { cause },
  );
}

/** What is different from the records that these pictures give; `undefined` if nothing is. */
async function differenceOf(
  files: Files,
  path: string,
  images: readonly ShardImage[],
): Promise<string | undefined> {
  const entries = await indexTfRecords(files, path);
  if (entries.length !== images.length) {
    return `it has ${entries.length} records where these pictures and flags give ${images.length}`;
  }
  for (const [i, image] of images.entries()) {
    const features = decodeExample(await readTfRecord(files, path, entries[i]));
    for (const [key, expected] of Object.entries(factFeatures(image))) {
      if (!isSame(features.get(key), expected)) {
        return `${key} of record ${i} is not that of ${image.name}, whose place it is by these pictures and flags`;
      }
    }
  }
}

function isSame(a: Feature | undefined, b: Feature): boolean {
  const values = (feature: Feature) => feature.kind === null ? [] : Array.from<unknown>(feature.value);
  return a?.kind === b.kind && values(a).join() === values(b).join();
}
