/**
 * Which files of a folder may be photos, and of which class and split: by the folders that they lie in, or by a table.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { compareBytes } from "../formats/bytes.ts";
import { parseCsv } from "../formats/csv.ts";
import { NotFoundError, reasonOf } from "../formats/errors.ts";
import type { Entry, Files } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";

/** A file before it was looked into. */
export interface ListedFile {
  /** Its path, relative to the folder unless the table has an absolute one. */
  readonly file: string;
  readonly className: string;
  /** The split that the table or a folder of splits names. */
  readonly split?: string;
}

/** Something that a person should know about. */
export interface Oddity {
  /** `unreadable`: a photo that cannot be used; `ignored`: no photo, or not where photos should be. */
  readonly kind: "unreadable" | "ignored" | "format" | "unbalanced" | "split";
  /** A file or folder, as in {@linkcode ListedFile.file}. */
  readonly file: string;
  /** What is odd, and what becomes of it. */
  readonly what: string;
}

/** All files, and the classes. */
export interface Listing {
  /** Sorted by code point, as Python sorts strings. */
  readonly classNames: readonly string[];
  readonly files: readonly ListedFile[];
  readonly oddities: readonly Oddity[];
}

/** Folders of these names hold class folders, if there are no others: each is a split. */
const splitFolders: Readonly<Record<string, string>> = {
  train: "train",
  training: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
  testing: "test",
};

const whatLinksAre: Partial<Record<Entry["kind"], string>> = {
  loop: "left out: a link that leads in a circle",
  broken: "left out: a link that leads nowhere",
  other: "left out: neither a file nor a folder",
};

/** Lists `directory/class/*`, or `directory/split/class/*` where all folders are named as splits are. */
export async function listClassFolders(files: Files, directory: string): Promise<Listing> {
  const listed: ListedFile[] = [], oddities: Oddity[] = [];
  const names = await foldersIn("");
  const areSplits = names.length > 0 && names.every((name) => Object.hasOwn(splitFolders, name));
  const classNames = new Set<string>();
  for (const outer of areSplits ? names.map((name) => `${name}/`) : [""]) {
    for (const className of areSplits ? await foldersIn(outer) : names) {
      classNames.add(className);
      await listPhotos(outer + className, className, splitFolders[outer.slice(0, -1)]);
    }
  }
  return { classNames: areSplits ? sorted([...classNames], String) : names, files: listed, oddities };

  function ignore(file: string, what: string): void {
    oddities.push({ kind: "ignored", file, what });
  }

  /** Names of the folders in a folder: "", or ending in a slash. */
  async function foldersIn(outer: string): Promise<string[]> {
    const folders: string[] = [];
    for (const { name, kind } of await sortedEntries(files, joinPath(directory, outer))) {
      const file = outer + name;
      if (kind === "folder") folders.push(name);
      else if (kind !== "file") ignore(file, whatLinksAre[kind]!);
      else if (isPictureName(name)) ignore(file, "left out: a photo outside of the class folders");
    }
    return folders;
  }

  async function listPhotos(folder: string, className: string, split?: string): Promise<void> {
    const entries = await sortedEntries(files, joinPath(directory, folder)).catch((thrown) => {
      ignore(folder, `left out: ${reasonOf(thrown)}`);
      return [];
    });
    for (const { name, kind } of entries) {
      const file = `${folder}/${name}`;
      if (kind === "file") listed.push({ file, className, split });
      else ignore(file, whatLinksAre[kind] ?? "left out: a folder inside of a class folder");
    }
  }
}

/**
 * Lists the lines of a table, `file,label` or `file,label,split`, with or without these words as its first line.
 *
 * @throws {SyntaxError} if a line is of another form
 */
export async function listTable(files: Files, path: string): Promise<Listing> {
  const rows = parseCsv(new TextDecoder().decode(await files.read(path)), path);
  const isHeader = rows[0]?.fields.slice(0, 2).join().toLowerCase() === "file,label";
  const seen = new Set<string>();
  const listed = rows.slice(isHeader ? 1 : 0).map(
    ({ fields: [file, className, split, ...rest], line }): ListedFile => {
      const refuse = (reason: string) => new SyntaxError(`Cannot read line ${line} of "${path}": ${reason}`);
      if (!file || !className || rest.length > 0) {
        throw refuse("it is not of the form file,label or file,label,split");
      }
      if (seen.has(file)) throw refuse(`${file} comes twice`);
      seen.add(file);
      return { file, className, split: split?.trim() };
    },
  );
  if (listed.length === 0) {
    throw new NotFoundError(`Cannot find photos in "${path}": the table has no lines`, path);
  }
  const classNames = sorted([...new Set(listed.map(({ className }) => className))], String);
  return { classNames, files: listed, oddities: [] };
}

/** Whether a text can name a split, and files of it; empty is for what is left out. */
export function isSplitName(text: string): boolean {
  return /^[\w-]{0,40}$/.test(text);
}

/** What is in a folder, without what systems leave behind in every folder. */
export async function sortedEntries(files: Files, directory: string): Promise<Entry[]> {
  const clutter = ["__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini"];
  const entries = await files.entries(directory);
  return sorted(
    entries.filter(({ name }) => !name.startsWith(".") && !clutter.includes(name)),
    ({ name }) => name,
  );
}

/** Sorts by code point. */
function sorted<T>(items: readonly T[], key: (item: T) => string): T[] {
  const encoder = new TextEncoder();
  return items.map((item) => ({ item, bytes: encoder.encode(key(item)) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ item }) => item);
}

/** Whether a file calls itself a picture. */
export function isPictureName(name: string): boolean {
  return /\.(jpe?g|png|gif|bmp|webp|tiff?|hei[cf])$/i.test(name);
}
