/**
 * The few file operations that the portable modules need.
 *
 * Deno fills them with its own file system (`host/files.ts`), a page with `fetch` or the origin private file system,
 * tests with {@linkcode memoryFiles}. Paths use `/` and mean whatever the implementation makes of them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError } from "./errors.ts";

/** One name in a folder. */
export interface Entry {
  readonly name: string;
  /**
   * What the name stands for; of a link what it leads to: `loop` is one that leads in a circle or to a folder above it,
   * `broken` one that leads nowhere, `other` a device, a socket or a pipe.
   */
  readonly kind: "file" | "folder" | "loop" | "broken" | "other";
}

/** A file system as the portable modules see it. */
export interface Files {
  /**
   * Reads a whole file.
   *
   * @throws {NotFoundError} if there is no such file
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads `length` bytes from `offset` on; fewer if the file ends earlier.
   *
   * @throws {NotFoundError} if there is no such file
   */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Size in bytes, or `undefined` if there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Names of the files and folders in a folder, sorted by UTF-16 code units; none if there is no such folder. */
  list(directory: string): Promise<string[]>;
  /** The same names, with what each stands for. */
  entries(directory: string): Promise<Entry[]>;
  /**
   * Writes a file whole or not at all, making the folders above it.
   *
   * The chunks go to a file aside, which is synced and renamed: whoever opens `path` sees the old bytes or all the new ones.
   */
  write(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Adds bytes at the end of a file, making it and the folders above it if they are missing.
   *
   * If it fails, the file is as it was. Only a process that ends in the middle can leave a part of the bytes.
   */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Renames a file that {@linkcode Files.write} wrote, replacing the one of that name; it lasts when this resolves. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; a missing one is no error. */
  remove(path: string): Promise<void>;
}

/** A file system in memory, for tests and for pages that have no storage. */
export function memoryFiles(initial: Record<string, Uint8Array> = {}): Files {
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [path, bytes] of Object.entries(initial)) contents.set(path, bytes.slice());
  const get = (path: string): Uint8Array<ArrayBuffer> => {
    const bytes = contents.get(path);
    if (bytes === undefined) throw notFound(path);
    return bytes;
  };
  const list = (directory: string): Promise<string[]> => {
    const start = directory.endsWith("/") ? directory : directory + "/";
    const inside = [...contents.keys()].filter((path) => path.startsWith(start));
    return Promise.resolve([...new Set(inside.map((path) => path.slice(start.length).split("/")[0]))].sort());
  };
  return {
    read: async (path) => await Promise.resolve(get(path).slice()),
    readRange: async (path, offset, length) =>
      await Promise.resolve(get(path).slice(offset, offset + length)),
    size: async (path) => await Promise.resolve(contents.get(path)?.length),
    list,
    entries: async (directory) =>
      (await list(directory)).map((name) => {
        return { name, kind: contents.has(`${directory.replace(/\/$/, "")}/${name}`) ? "file" : "folder" };
      }),
    async write(path, chunks) {
      contents.set(path, await concatenate(chunks));
    },
    append(path, bytes) {
      contents.set(path, concatenateArrays([contents.get(path) ?? new Uint8Array(), bytes]));
      return Promise.resolve();
    },
    rename(from, to) {
      contents.set(to, get(from));
      contents.delete(from);
      return Promise.resolve();
    },
    remove(path) {
      contents.delete(path);
      return Promise.resolve();
    },
  };
}

/** The error for a missing file, the same in every implementation of {@linkcode Files}. */
export function notFound(path: string, cause?: unknown): NotFoundError {
  return new NotFoundError(`Cannot read "${path}": there is no such file`, path, { cause });
}

/** The name aside under which an implementation of {@linkcode Files} writes before it renames. */
export function temporaryName(path: string): string {
  return `${path}.tmp-${crypto.randomUUID()}`;
}

const temporaryEnd = /(\.tmp-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})+$/;

/** Whether a file's name was made by {@linkcode temporaryName}: left over by a write that was interrupted. */
export function isTemporaryName(name: string): boolean {
  return temporaryEnd.test(name);
}

/** The name for which {@linkcode temporaryName} made this one; any other name as it is. */
export function lastingName(name: string): string {
  return name.replace(temporaryEnd, "");
}

/** Joins chunks into one array. */
export async function concatenate(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return concatenateArrays(parts);
}

/** Joins arrays into one. */
export function concatenateArrays(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
