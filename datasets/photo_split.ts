/**
 * Which photos of a folder are for training and which for validation: decided once, and kept in a table that people can edit.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { formatCsvRow, parseCsv } from "../formats/csv.ts";
import { reasonOf } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";
import { randomPermutation } from "./permutation.ts";
import type { PhotoFolder } from "./photo_folder.ts";
import { isSplitName, type Oddity } from "./photo_listing.ts";

/** The table of splits, beside the photos: a line `file,split` for each. An empty split leaves a photo out. */
export const SPLIT_FILE = "split.csv";

/** Share of a class that is for validation, at least one photo where there are two. */
const validationShare = 0.1;
/** Decides which photos these are. */
const seed = 0;

/** The split of each photo, and what is to be said about it. */
export interface PhotoSplits {
  /** By the photos' order; `""` for one that is left out. */
  readonly splits: readonly string[];
  readonly oddities: readonly Oddity[];
}

/**
 * Tells the split of every photo: from the photos' own table if it has splits, else from `split.csv`, which is written if it is
 * missing and added to if photos are new.
 *
 * @param options.writes whether to write; without it the splits are those that would be written
 * @throws {SyntaxError} if `split.csv` cannot be read
 */
export async function splitPhotos(
  files: Files,
  folder: PhotoFolder,
  { writes = true }: { writes?: boolean } = {},
): Promise<PhotoSplits> {
  const { photos, directory } = folder;
  if (photos.some(({ split }) => split !== undefined)) {
    return { splits: photos.map(({ split }) => split ?? ""), oddities: [] };
  }
  const path = joinPath(directory, SPLIT_FILE), oddities: Oddity[] = [];
  const tell = (what: string) => oddities.push({ kind: "split", file: SPLIT_FILE, what });
  const present = await files.size(path) === undefined ? undefined : await readTable(files, path);
  const splits = assignSplits(folder, present ?? new Map());
  const added = photos.flatMap(({ file }, i) => present?.has(file) ? [] : [[file, splits[i]]]);
  if (!writes) return { splits, oddities };
  if (present && added.length > 0) {
    tell(`${added.length} new photos were added to it`);
  }
  const used = new Set(photos.map(({ file }) => file));
  const gone = [...present?.keys() ?? []].filter((file) => !used.has(file)).length;
  if (gone > 0) {
    tell(`it names ${gone} photos that are not there or cannot be used`);
  }
  if (added.length > 0) {
    const rows = [["file", "split"], ...present ?? [], ...added];
    try {
      await files.write(path, [new TextEncoder().encode(rows.map(formatCsvRow).join(""))]);
    } catch (thrown) {
      tell(`not written, so it is decided anew each time: ${reasonOf(thrown)}`);
    }
  }
  return { splits, oddities };
}

async function readTable(files: Files, path: string): Promise<Map<string, string>> {
  const [head, ...rows] = parseCsv(new TextDecoder().decode(await files.read(path)), path);
  if (head?.fields.join().toLowerCase() !== "file,split") {
    throw new SyntaxError(
      `Cannot read "${path}": its first line must be "file,split"; remove it to have it made anew`,
    );
  }
  const table = new Map<string, string>();
  for (const { fields, line } of rows) {
    const [file, split] = fields;
    const refuse = (reason: string) => new SyntaxError(`Cannot read line ${line} of "${path}": ${reason}`);
    if (fields.length !== 2) throw refuse("it is not of the form file,split");
    if (table.has(file)) throw refuse(`${file} comes twice`);
    if (!isSplitName(split.trim())) throw refuse(`"${split}" cannot name a split`);
    table.set(file, split.trim());
  }
  return table;
}

/** Keeps what was decided, and decides the rest so that each class has its share. */
function assignSplits({ photos, classNames }: PhotoFolder, decided: ReadonlyMap<string, string>): string[] {
  const splits = photos.map(({ file }) => decided.get(file));
  for (const label of classNames.keys()) {
    const members = photos.flatMap((photo, i) => photo.label === label ? [i] : []);
    const open = members.filter((i) => splits[i] === undefined);
    const share = members.length < 2 ? 0 : Math.max(1, Math.round(members.length * validationShare));
    const wanted = share - members.filter((i) => splits[i] === "validation").length;
    randomPermutation(open.length, seed, label).forEach((which, rank) => {
      splits[open[which]] = rank < wanted ? "validation" : "train";
    });
  }
  return splits as string[];
}
