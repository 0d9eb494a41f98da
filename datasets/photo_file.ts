/**
 * One photo's file: whether it is one, and whether it is all there.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "../formats/errors.ts";
import { type Files, notFound } from "../formats/files.ts";
import { decodePicture } from "./decode_picture.ts";
import { type PictureHeader, readPictureHeader } from "../formats/picture_header.ts";

/** Bytes that hold the header of most photos, thumbnails included. */
const headSize = 2 ** 16;
/** Bytes at the end in which a whole file's end mark lies. */
const tailSize = 64;

/**
 * Reads the header of a photo, and looks whether the file has its end.
 *
 * The data between are not looked at: a photo that is damaged in the middle shows when it is decoded.
 *
 * @throws {NotFoundError} if there is no such file
 * @throws {SyntaxError | TypeError | DataLossError} if it is no photo, or of a kind that cannot be read, or damaged or cut
 */
export async function readPhotoHeader(files: Files, path: string): Promise<PictureHeader> {
  const size = await files.size(path);
  if (size === undefined) throw notFound(path);
  if (size === 0) throw new DataLossError("Cannot read the picture: the file is empty", { path });
  const head = await files.readRange(path, 0, headSize);
  const header = await readHeader(files, path, head, size);
  const tail = size <= headSize
    ? head.subarray(-tailSize)
    : await files.readRange(path, size - tailSize, tailSize);
  // Some programs add more behind the end; then only decoding tells.
  if (!endsAsIts(header.kind, tail)) decodePicture(await files.read(path), { channels: 3 });
  return header;
}

/** Most headers are in the first bytes; where large metadata come before them, the whole file is read. */
async function readHeader(
  files: Files,
  path: string,
  head: Uint8Array,
  size: number,
): Promise<PictureHeader> {
  try {
    return readPictureHeader(head);
  } catch (thrown) {
    if (size <= headSize || !(thrown instanceof DataLossError)) throw thrown;
    return readPictureHeader(await files.read(path));
  }
}

/** Whether the mark that ends a picture is among its last bytes: JPEG's marker EOI, PNG's chunk IEND. */
function endsAsIts(kind: PictureHeader["kind"], tail: Uint8Array): boolean {
  return String.fromCharCode(...tail).includes(kind === "jpeg" ? "\xff\xd9" : "IEND");
}

/** What a file's name says and its content does not; `undefined` if they agree. */
export function checkName(file: string, kind: PictureHeader["kind"]): string | undefined {
  const extension = file.match(/\.([a-z]+)$/i)?.[1].toLowerCase();
  const named = extension === "jpg" || extension === "jpeg" || extension === "jpe" ? "jpeg" : extension;
  return named === kind ? undefined : `a ${kind.toUpperCase()} by its content, whatever its name says`;
}
