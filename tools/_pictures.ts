/**
 * Pictures that a command line names: files, folders, addresses, standard input.
 *
 * @module
 */
import { isPictureName, sortedEntries } from "../datasets/photo_listing.ts";
import type { Files } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";

/** A picture that has not been read yet. */
export interface PictureInput {
  /** As it was named, or the path of a file in a folder. */
  readonly name: string;
  /** @throws {Error} if it cannot be had */
  readonly read: () => Promise<Uint8Array>;
}

/** The name of standard input. */
const STDIN = "-";
/** Bytes that are taken from an address or from standard input at most. */
const MOST_BYTES = 1 << 27;
/** How long an address may take, in milliseconds. */
const TIMEOUT = 60_000;

/**
 * Lists pictures; a folder stands for those in it and in the folders below, by name.
 *
 * @throws {Error} if a folder has none
 */
export async function listPictures(files: Files, names: readonly string[]): Promise<PictureInput[]> {
  const inputs: PictureInput[] = [];
  for (const name of names) {
    if (name === STDIN) {
      inputs.push({ name: "standard input", read: () => collect(Deno.stdin.readable, name) });
    } else if (/^https?:\/\//.test(name)) inputs.push({ name, read: () => download(name) });
    else if (await isFolder(name)) {
      const inside = await picturesIn(files, name);
      if (inside.length === 0) {
        throw new Error(`Cannot find pictures in "${name}": no file there has a picture's name`);
      }
      inputs.push(...inside);
    } else inputs.push({ name, read: () => files.read(name) });
  }
  return inputs;
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((stat) => stat.isDirectory, () => false);
}

async function picturesIn(files: Files, folder: string): Promise<PictureInput[]> {
  const inputs: PictureInput[] = [];
  for (const { name, kind } of await sortedEntries(files, folder)) {
    const path = joinPath(folder, name);
    if (kind === "folder") inputs.push(...await picturesIn(files, path));
    else if (kind === "file" && isPictureName(name)) {
      inputs.push({
        name: path,
        read: () => files.read(path),
      });
    }
  }
  return inputs;
}

async function download(address: string): Promise<Uint8Array> {
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT) });
  if (response.ok && response.body) return await collect(response.body, address);
  await response.body?.cancel();
  throw new Error(`Cannot download ${address}: the server answers ${response.status} ${response.statusText}`);
}

async function collect(stream: ReadableStream<Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk.slice());
    size += chunk.length;
    if (size > MOST_BYTES) {
      throw new Error(`Cannot read the picture from ${name}: it has more than ${MOST_BYTES} bytes`);
    }
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
