/**
 * The file system of Deno, as the portable modules see it.
 *
 * @module
 */

import { reasonOf } from "../formats/errors.ts";
import { type Entry, type Files, lastingName, notFound, temporaryName } from "../formats/files.ts";

/** Bytes gathered before one call of the system. */
const bufferSize = 2 ** 20;
/** Reads up to this size do not leave the thread: handing them over would cost several times the read. */
const syncSize = 2 ** 16;

/**
 * Files by way of `Deno.*`; needs `--allow-read` and, for writing, `--allow-write`.
 *
 * What {@linkcode Files.write} wrote is on the disk when it resolves: the file is synced before it is renamed, and its folder after.
 * What {@linkcode Files.append} wrote is left to the system to bring there: it outlives the process, not a loss of power.
 */
export const denoFiles: Files = {
  read: async (path) => await orNotFound(path, () => Deno.readFile(path)),

  async readRange(path, offset, length) {
    using file = await orNotFound(path, () => Deno.openSync(path));
    const available = Math.max(0, file.statSync().size - offset);
    const bytes = new Uint8Array(Math.min(length, available));
    file.seekSync(offset, Deno.SeekMode.Start);
    let filled = 0;
    while (filled < bytes.length) {
      const rest = bytes.subarray(filled);
      const count = rest.length > syncSize ? await file.read(rest) : file.readSync(rest);
      if (count === null) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  },

  async size(path) {
    try {
      const { isDirectory, size } = await Deno.stat(path);
      return isDirectory ? undefined : size;
    } catch (thrown) {
      if (isAbsence(thrown)) return undefined;
      throw thrown;
    }
  },

  async list(directory) {
    try {
      return (await Array.fromAsync(Deno.readDir(directory), (entry) => entry.name)).sort();
    } catch (thrown) {
      if (isAbsence(thrown)) return [];
      throw thrown;
    }
  },

  async entries(directory) {
    try {
      const entries = await Array.fromAsync(Deno.readDir(directory), (entry) => entryOf(directory, entry));
      return entries.sort((a, b) => a.name < b.name ? -1 : 1);
    } catch (thrown) {
      if (isAbsence(thrown)) return [];
      throw thrown;
    }
  },

  async write(path, chunks) {
    const folder = parentOf(path);
    const aside = temporaryName(path);
    try {
      await Deno.mkdir(folder, { recursive: true });
      await writeSynced(aside, chunks);
      await Deno.rename(aside, path);
    } catch (thrown) {
      await removeIfThere(aside);
      throw cannotWrite(path, thrown);
    }
    await syncFolder(folder);
  },

  async append(path, bytes) {
    try {
      await Deno.mkdir(parentOf(path), { recursive: true });
      using file = await Deno.open(path, { append: true, create: true });
      const { size } = await file.stat();
      try {
        await writeAll(file, bytes);
      } catch (thrown) {
        await file.truncate(size);
        throw thrown;
      }
    } catch (thrown) {
      throw cannotWrite(path, thrown);
    }
  },

  async rename(from, to) {
    await Deno.rename(from, to);
    await syncFolder(parentOf(to));
  },

  remove: removeIfThere,
};

/** What a name in a folder stands for; only links need a look. */
async function entryOf(directory: string, { name, ...is }: Deno.DirEntry): Promise<Entry> {
  if (!is.isSymlink) return { name, kind: is.isFile ? "file" : is.isDirectory ? "folder" : "other" };
  try {
    const path = `${directory}/${name}`, { isFile, isDirectory } = await Deno.stat(path);
    if (!isDirectory) return { name, kind: isFile ? "file" : "other" };
    const [here, there] = await Promise.all([Deno.realPath(directory), Deno.realPath(path)]);
    return { name, kind: `${here}/`.startsWith(`${there}/`) ? "loop" : "folder" };
  } catch (thrown) {
    if (isAbsence(thrown)) return { name, kind: "broken" };
    if (thrown instanceof Deno.errors.FilesystemLoop) return { name, kind: "loop" };
    throw thrown;
  }
}

async function writeSynced(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const buffer = new Uint8Array(bufferSize);
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled + chunk.length > bufferSize) {
      await writeAll(file, buffer.subarray(0, filled));
      filled = 0;
    }
    if (chunk.length > bufferSize) {
      await writeAll(file, chunk);
    } else {
      buffer.set(chunk, filled);
      filled += chunk.length;
    }
  }
  await writeAll(file, buffer.subarray(0, filled));
  await file.sync();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

/** Makes a rename last; Windows cannot open folders and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using file = await Deno.open(folder);
  await file.sync();
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!isAbsence(thrown)) throw thrown;
  }
}

function parentOf(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1);
  return cut < 0 ? "." : path.slice(0, cut + 1);
}

async function orNotFound<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    throw isAbsence(thrown) ? notFound(path, thrown) : thrown;
  }
}

function isAbsence(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory;
}

function cannotWrite(path: string, thrown: unknown): Error {
  const reason = isDiskFull(thrown)
    ? "the disk is full; free some space, the old file is untouched"
    : `${reasonOf(thrown)}; the old file, if any, is untouched`;
  return new Error(`Cannot write "${lastingName(path)}": ${reason}`, { cause: thrown });
}

function isDiskFull(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown &&
    (thrown.code === "ENOSPC" || thrown.code === "EDQUOT");
}
