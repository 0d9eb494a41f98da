/**
 * Headers of tar archives: ustar, with the ways in which GNU tar and POSIX (pax) write what does not fit.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bytes of a header, and what the data behind it are padded to. */
export const TAR_BLOCK = 512;

/** What an entry of an archive is. `name` and `fields` describe the entry after them. */
export type TarKind = "file" | "folder" | "link" | "device" | "name" | "fields" | "other";

/** One header. */
export interface TarHeader {
  readonly kind: TarKind;
  /** As written; nothing was made of `..` or a leading `/`. */
  readonly path: string;
  /** Bytes of data behind the header, without padding. */
  readonly size: number;
}

/** Kinds by type flag; a hard link is a link as a symbolic one is. */
const kinds: Readonly<Record<string, TarKind>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "link",
  "3": "device",
  "4": "device",
  "5": "folder",
  "6": "device",
  L: "name",
  x: "fields",
};

/** Whether a block is one of the two of zeros at the end of an archive. */
export function isEndOfTar(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header of {@linkcode TAR_BLOCK} bytes; `undefined` if its checksum or a number is wrong. */
export function parseTarHeader(block: Uint8Array): TarHeader | undefined {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  const size = numberField(block, 124, 12);
  if (block.length < TAR_BLOCK || sum !== numberField(block, 148, 8) || !Number.isSafeInteger(size)) {
    return undefined;
  }
  const isUstar = textField(block, 257, 6) === "ustar"; // GNU's own header has a blank here, and no prefix
  const prefix = isUstar ? textField(block, 345, 155) : "";
  const name = textField(block, 0, 100);
  const path = prefix === "" ? name : `${prefix}/${name}`;
  const kind = kinds[String.fromCharCode(block[156])] ?? "other";
  // Before ustar, a folder was a file whose name ends in a slash.
  return { kind: kind === "file" && path.endsWith("/") ? "folder" : kind, path, size };
}

/** The `path` and `size` among the fields of a pax header, each "LENGTH KEY=VALUE\n"; `undefined` if they are damaged. */
export function parsePaxFields(data: Uint8Array): { path?: string; size?: number } | undefined {
  const fields: { path?: string; size?: number } = {};
  for (let at = 0; at < data.length;) {
    const [, length, key] =
      new TextDecoder().decode(data.subarray(at, at + 64)).match(/^(\d{1,9}) ([^=]+)=/) ?? [];
    const end = at + Number(length), start = at + length?.length + 1 + key?.length + 1;
    if (!(end <= data.length && start < end) || data[end - 1] !== 0x0a) return undefined;
    const value = new TextDecoder().decode(data.subarray(start, end - 1));
    if (key === "path") fields.path = value;
    if (key === "size") fields.size = Number(value);
    at = end;
  }
  return fields.size === undefined || Number.isSafeInteger(fields.size) && fields.size >= 0
    ? fields
    : undefined;
}

/** Text up to the first zero. */
export function textField(bytes: Uint8Array, start = 0, length = bytes.length): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or a big-endian number behind a byte of 0x80 where these do not suffice. */
function numberField(header: Uint8Array, start: number, length: number): number {
  if (header[start] !== 0x80) {
    const digits = textField(header, start, length).trim();
    return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : digits === "" ? 0 : NaN;
  }
  return header.subarray(start + 1, start + length).reduce((value, byte) => value * 256 + byte, 0);
}
