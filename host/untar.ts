/**
 * Reads tar archives: plain files by name, which is all that the embedded driver's archive has.
 *
 * @module
 */

const blockSize = 512;

/**
 * Contents of the regular files of a ustar archive, by path; other entries are skipped.
 *
 * @throws {SyntaxError} where a header is damaged or a file is cut off
 */
export function untar(archive: Uint8Array): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let offset = 0;
  while (offset < archive.length && archive[offset] !== 0) {
    const header = archive.subarray(offset, offset + blockSize);
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
    const size = octal(header, 124, 12);
    const end = offset + blockSize + size;
    if (sum !== octal(header, 148, 8) || !(end <= archive.length)) {
      throw new SyntaxError(
        `Cannot read the archive: its header at byte ${offset} is damaged or its file is cut off`,
      );
    }
    const isFile = header[156] === 0x30 || header[156] === 0;
    if (isFile) files.set(field(header, 0, 100).replace(/^\.\//, ""), archive.slice(offset + blockSize, end));
    offset += blockSize * (1 + Math.ceil(size / blockSize));
  }
  return files;
}

function field(header: Uint8Array, start: number, length: number): string {
  const bytes = header.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(header: Uint8Array, start: number, length: number): number {
  return parseInt(field(header, start, length).trim(), 8);
}
