/**
 * Knows the original files of a data set when it sees them, and copies those that are on this machine already.
 *
 * @module
 */

import type { OriginalFile } from "../datasets/downloads.ts";
import { joinPath } from "../formats/paths.ts";
import { inflate } from "../formats/compression.ts";
import { reasonOf } from "../formats/errors.ts";
import { denoFiles } from "../host/files.ts";

/** What went wrong with a file that is to be fetched. */
export class DownloadError extends Error {
  override readonly name: string = "DownloadError";
}

/** A file with the right name and the wrong bytes. */
export class ChecksumError extends DownloadError {
  override readonly name = "ChecksumError";
}

/**
 * Says whether a directory holds the file already, gzipped or plain, and checks it.
 *
 * @returns the path, or `undefined` if neither is there
 * @throws {ChecksumError} if it is there with other bytes
 */
export async function findOriginal(file: OriginalFile, directory: string): Promise<string | undefined> {
  return (await readOriginal(file, directory))?.path;
}

/**
 * Copies a file that lies elsewhere on this machine, whole or not at all.
 *
 * @returns the new path, or `undefined` if `from` does not have the file
 * @throws {ChecksumError} if it is there with other bytes
 */
export async function copyOriginal(
  file: OriginalFile,
  from: string,
  directory: string,
): Promise<string | undefined> {
  const source = await readOriginal(file, from);
  if (source === undefined) return undefined;
  const target = joinPath(directory, source.name);
  await denoFiles.write(target, [source.bytes]);
  return target;
}

async function readOriginal(file: OriginalFile, directory: string) {
  for (const name of [`${file.name}.gz`, file.name]) {
    const path = joinPath(directory, name);
    const size = await denoFiles.size(path);
    if (size === undefined) continue;
    if (size > largestSize(file)) throw wrongFile(file, path, `it has ${size} bytes`);
    const bytes = await denoFiles.read(path);
    await checkOriginal(file, bytes, path);
    return { name, path, bytes };
  }
  return undefined;
}

/** Most bytes that a file may have, gzipped or plain: data that gzip cannot press grows by headers only. */
export function largestSize(file: OriginalFile): number {
  return file.bytes + 2 ** 16;
}

/**
 * Checks the bytes of a file, gzipped or plain.
 *
 * @param from where they are from, for the message
 * @throws {ChecksumError} if they are not the published ones
 */
export async function checkOriginal(
  file: OriginalFile,
  bytes: Uint8Array<ArrayBuffer>,
  from: string,
): Promise<void> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  let data: Uint8Array;
  try {
    data = inflate(bytes, isGzip ? "GZIP" : "", file.bytes, from).data;
  } catch (thrown) {
    throw wrongFile(file, from, reasonOf(thrown));
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(data)));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (sha256 !== file.sha256) throw wrongFile(file, from, `got ${sha256} (${data.length} bytes)`);
}

function wrongFile(file: OriginalFile, from: string, reason: string): ChecksumError {
  return new ChecksumError(
    `Cannot use ${from}: it is not the published ${file.name}: expected SHA-256 ${file.sha256} ` +
      `(${file.bytes} bytes uncompressed), ${reason}; nothing was replaced, remove it or name another place`,
  );
}
