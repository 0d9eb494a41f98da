/**
 * A folder of photos: `DIR/class/*.jpg`, `DIR/{train,validation}/class/*.jpg`, or a table of files and classes.
 *
 * Nothing that lies in the folder is fatal. What is not used is listed with the reason, and so is what is used but odd.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError, reasonOf } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";
import { directoryOf, joinPath } from "../formats/paths.ts";
import type { PictureHeader } from "../formats/picture_header.ts";
import { checkName, readPhotoHeader } from "./photo_file.ts";
import { isPictureName, listClassFolders, listTable, type Oddity } from "./photo_listing.ts";

export type { Oddity } from "./photo_listing.ts";

/** One photo that can be used. */
export interface Photo {
  /** Its path, relative to the folder unless the table has an absolute one. */
  readonly file: string;
  /** Its class, an index of {@linkcode PhotoFolder.classNames}. */
  readonly label: number;
  /** What its first bytes say. */
  readonly header: PictureHeader;
  /** The split that the table or a folder of splits names. */
  readonly split?: string;
}

/** All photos of a folder. */
export interface PhotoFolder {
  /** What the photos' paths start from. */
  readonly directory: string;
  /** Classes, sorted by code point as Python sorts them. */
  readonly classNames: readonly string[];
  /** The photos, class by class in the order of their names, or in the table's order. */
  readonly photos: readonly Photo[];
  readonly oddities: readonly Oddity[];
}

/** A table of this name takes the place of class folders. */
export const TABLE_FILE = "labels.csv";

/**
 * Looks through a folder and reads the header of every photo.
 *
 * @param path a folder with one folder a class, or one a split with these inside, or with `labels.csv`; or a table, `*.csv`:
 *   `file,label` or `file,label,split` with paths relative to the table
 * @throws {NotFoundError} if there are no files to look into; see {@linkcode needPhotos} for those that cannot be used
 * @throws {SyntaxError} if the table cannot be read
 */
export async function scanPhotos(files: Files, path: string): Promise<PhotoFolder> {
  const isTable = /\.csv$/i.test(path), inside = joinPath(path, TABLE_FILE);
  const table = isTable ? path : await files.size(inside) === undefined ? undefined : inside;
  const directory = isTable ? directoryOf(path) || "." : path;
  const listing = table === undefined
    ? await listClassFolders(files, directory)
    : await listTable(files, table);
  if (listing.files.length === 0) throw noPhotos(directory);
  const labels = new Map(listing.classNames.map((name, label) => [name, label]));
  const photos: Photo[] = [], oddities = [...listing.oddities];
  for (const { file, className, split } of listing.files) {
    try {
      const header = await readPhotoHeader(files, joinPath(directory, file));
      const lie = checkName(file, header.kind);
      if (lie !== undefined) oddities.push({ kind: "format", file, what: lie });
      photos.push({ file, label: labels.get(className)!, header, split });
    } catch (thrown) {
      const kind = isPictureName(file) ? "unreadable" : "ignored";
      const reason = file.includes("\ufffd") ? "its name is not in UTF-8; rename it" : reasonOf(thrown);
      oddities.push({ kind, file, what: `left out: ${reason.replace(/^Cannot [^:]*: /, "")}` });
    }
  }
  const used = new Set(photos.map(({ label }) => label));
  for (const [label, name] of listing.classNames.entries()) {
    if (used.has(label)) continue;
    oddities.push({ kind: "unbalanced", file: name, what: "a class without any photo that can be used" });
  }
  return { directory, classNames: listing.classNames, photos, oddities };
}

/** @throws {NotFoundError} if none of the files of a folder can be used */
export function needPhotos({ photos, directory }: PhotoFolder): void {
  if (photos.length === 0) throw noPhotos(directory);
}

function noPhotos(directory: string): NotFoundError {
  return new NotFoundError(
    `Cannot find photos in "${directory}": there should be one folder for each class with its photos inside, ` +
      `as in "${joinPath(directory, "roses/one.jpg")}", or a table ${TABLE_FILE} with lines "file,label"`,
    directory,
  );
}
