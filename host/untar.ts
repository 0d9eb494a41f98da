/**
 * Reads small tar archives in memory: plain files by name, which is all that the embedded driver's archive has.
 *
 * @module
 */

import { parseTarHeader, TAR_BLOCK } from "../formats/tar_header.ts";

/**
 * Contents of the regular files of a ustar archive, by path; other entries are skipped.
 *
 * @throws {SyntaxError} where a header is damaged or a file is cut off
 */
export function untar(archive: Uint8Array): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let offset = 0;
  while (offset < archive.length && archive[offset] !== 0) {
    const start = offset + TAR_BLOCK;
    const header = parseTarHeader(archive.subarray(offset, start));
    if (header === undefined || start + header.size > archive.length) {
      throw new SyntaxError(
        `Cannot read the archive: its header at byte ${offset} is damaged or its file is cut off`,
      );
    }
    const end = start + header.size;
    if (header.kind === "file") files.set(header.path.replace(/^\.\//, ""), archive.slice(start, end));
    offset = start + TAR_BLOCK * Math.ceil(header.size / TAR_BLOCK);
  }
  return files;
}
