/**
 * All pictures of a folder of photos or of a directory of records, undecoded, for whoever wants to look at each of them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { reasonOf } from "../../formats/errors.ts";
import { decodeExample, type Feature } from "../../formats/example.ts";
import type { Files } from "../../formats/files.ts";
import { joinPath } from "../../formats/paths.ts";
import { indexTfRecords, readTfRecord } from "../../formats/tfrecord.ts";
import { readImageExample } from "../image_example.ts";
import { readLabels } from "../labels.ts";
import { scanPhotos, TABLE_FILE } from "../photo_folder.ts";
import type { Oddity } from "../photo_listing.ts";
import { splitPhotos } from "../photo_split.ts";

/** A picture's file and its class. */
export interface StoredPicture {
  readonly encoded: Uint8Array;
  /** An index of {@linkcode PictureSet.classNames}. */
  readonly label: number;
  /** What is said about it beside its file, by a record's features. */
  readonly claims?: { readonly format: string; readonly height?: number; readonly width?: number };
}

/** Where one picture is. */
export interface PictureSource {
  /** For people. */
  readonly where: string;
  readonly split: string;
  /** @throws {Error} if it cannot be read */
  read(): Promise<StoredPicture>;
}

/** All pictures of a data set. */
export interface PictureSet {
  /** Names of the classes by label. */
  readonly classNames: ReadonlyMap<number, string>;
  readonly sources: readonly PictureSource[];
  /** What was found before any picture was decoded. */
  readonly oddities: readonly Oddity[];
}

/**
 * Lists the pictures of a directory: of its records if it has any, else of its photos.
 *
 * @param path a directory, or a table of files and classes; see {@linkcode scanPhotos}
 * @throws {NotFoundError} if it has neither
 */
export async function listPictures(files: Files, path: string): Promise<PictureSet> {
  const shards = (await files.list(path)).flatMap((name) => {
    const split = splitOfShard(name);
    return split === undefined ? [] : [{ name, split }];
  });
  const hasTable = await files.size(joinPath(path, TABLE_FILE)) !== undefined;
  return shards.length === 0 || hasTable
    ? await listPhotos(files, path)
    : await listRecords(files, path, shards);
}

/** The split of a file of records, by the names that TF-Slim's converters give; `undefined` if it is named otherwise. */
export function splitOfShard(name: string): string | undefined {
  const [, bare, numbered] = name.match(/^(?:(.+)\.tfrecord|(.+?)-\d{5}-of-\d{5})$/) ?? [];
  if (numbered !== undefined) return numbered;
  return bare?.replace(/_\d{5}-of-\d{5}$/, "").match(/_([^_]+)$/)?.[1];
}

async function listPhotos(files: Files, path: string): Promise<PictureSet> {
  const folder = await scanPhotos(files, path),
    { splits } = await splitPhotos(files, folder, { writes: false });
  const sources = folder.photos.map(({ file, label }, i) => ({
    where: file,
    split: splits[i],
    read: async () => ({ encoded: await files.read(joinPath(folder.directory, file)), label }),
  }));
  return { classNames: new Map(folder.classNames.entries()), sources, oddities: folder.oddities };
}

async function listRecords(
  files: Files,
  directory: string,
  shards: readonly { name: string; split: string }[],
): Promise<PictureSet> {
  const sources: PictureSource[] = [], oddities: Oddity[] = [];
  for (const { name, split } of shards) {
    const path = joinPath(directory, name);
    try {
      for (const [i, entry] of (await indexTfRecords(files, path)).entries()) {
        const read = async () => readStored(await readTfRecord(files, path, entry));
        sources.push({ where: `${name}, record ${i}`, split, read });
      }
    } catch (thrown) {
      oddities.push({ kind: "unreadable", file: name, what: reasonOf(thrown) });
    }
  }
  return { classNames: await readLabels(files, directory) ?? new Map(), sources, oddities };
}

function readStored(record: Uint8Array): StoredPicture {
  const { encoded, label, format } = readImageExample(record), features = decodeExample(record);
  const integer = (feature: Feature | undefined) =>
    feature?.kind === "int64" ? Number(feature.value[0]) : undefined;
  const height = integer(features.get("image/height")), width = integer(features.get("image/width"));
  return { encoded, label, claims: { format, height, width } };
}
