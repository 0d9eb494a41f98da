/**
 * Knows the original files of a data set when it sees them, and copies those that are on this machine already.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { namesOf, type OriginalFile } from "../datasets/downloads.ts";
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
 * @returns its name there, or `undefined` if neither it nor its alternative is there
 * @throws {ChecksumError} if it is there with other bytes
 */
export async function findOriginal(file: OriginalFile, directory: string): Promise<string | undefined> {
  for (const name of namesOf(file)) {
    const path = joinPath(directory, name);
    if (await denoFiles.size(path) === undefined) continue;
    await checkOriginal(file, path);
    return name;
  }
  return file.alternative && await findOriginal(file.alternative, directory);
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
  const name = await findOriginal(file, from);
  if (name === undefined) return undefined;
  const target = joinPath(directory, name);
  await denoFiles.write(target, chunksOf(joinPath(from, name)));
  return target;
}

/** Most bytes that a file may have, gzipped or plain: data that gzip cannot press grows by headers only. */
export function largestSize({ bytes, isArchive }: OriginalFile): number {
  return isArchive ? bytes : bytes + 2 ** 16;
}

/**
 * Checks a file, gzipped or plain, or an archive.
 *
 * @param from where it is from, for the message
 * @throws {ChecksumError} if its bytes are not the published ones
 */
export async function checkOriginal(file: OriginalFile, path: string, from: string = path): Promise<void> {
  const size = await denoFiles.size(path);
  if (size !== undefined && size > largestSize(file)) throw wrongFile(file, from, `it has ${size} bytes`);
  const hash = createHash("sha256");
  let count = 0;
  for await (const chunk of file.isArchive ? chunksOf(path) : [await unpack(file, path, from)]) {
    hash.update(chunk);
    count += chunk.length;
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== file.sha256) throw wrongFile(file, from, `got ${sha256} (${count} bytes)`);
}

async function unpack(file: OriginalFile, path: string, from: string): Promise<Uint8Array> {
  const bytes = await denoFiles.read(path), isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return inflate(bytes, isGzip ? "GZIP" : "", file.bytes, from).data;
  } catch (thrown) {
    throw wrongFile(file, from, reasonOf(thrown));
  }
}

/** A file piece by piece, so that archives are never held. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const size = await denoFiles.size(path) ?? 0, chunkSize = 2 ** 22;
  for (let at = 0; at < size; at += chunkSize) yield await denoFiles.readRange(path, at, chunkSize);
}

function wrongFile(
  { name, sha256, bytes, isArchive }: OriginalFile,
  from: string,
  reason: string,
): ChecksumError {
  return new ChecksumError(
    `Cannot use ${from}: it is not the published ${name}: expected SHA-256 ${sha256} ` +
      `(${bytes} bytes${
        isArchive ? "" : " uncompressed"
      }), ${reason}; nothing was replaced, remove it or name another place`,
  );
}
