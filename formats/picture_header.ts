/**
 * What the first bytes of a picture's file say about it, without decoding its pixels.
 *
 * The kind is told by the content: names lie.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "./errors.ts";
import { readJpegHeader } from "./jpeg.ts";
import { readOrientation } from "./jpeg/exif.ts";
import { signature } from "./png_samples.ts";

/** Kinds of pictures that can be told apart; only the first two can be decoded. */
export type PictureKind = "jpeg" | "png" | "gif" | "bmp" | "webp" | "tiff" | "heif";

/** The header of a JPEG or PNG. */
export interface PictureHeader {
  readonly kind: "jpeg" | "png";
  /** Rows. EXIF's orientation is left out of account, as by TensorFlow. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Values a pixel: 1 grey, 2 grey and alpha, 3 colour (a palette counts as colour), 4 CMYK in a JPEG, RGBA in a PNG. */
  readonly channels: number;
  /** Bits a value: 8; in a PNG also 1, 2, 4 and 16. */
  readonly depth: number;
  /** How the camera was held, EXIF's 1 to 8; 1 is upright. */
  readonly orientation: number;
  /** Whether it is a PNG of several frames. */
  readonly isAnimated: boolean;
}

/** How the files of each kind begin; `-1` stands for any byte. */
const beginnings: readonly [PictureKind, readonly number[]][] = [
  ["jpeg", [0xff, 0xd8, 0xff]],
  ["png", [...signature]],
  ["gif", [...latin1("GIF8")]],
  ["bmp", [...latin1("BM")]],
  ["webp", [...latin1("RIFF"), -1, -1, -1, -1, ...latin1("WEBP")]],
  ["tiff", [...latin1("II*\0")]],
  ["tiff", [...latin1("MM\0*")]],
  ["heif", [-1, -1, -1, -1, ...latin1("ftyp")]],
];

function latin1(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** Tells the kind of a picture from its first 12 bytes; `undefined` if it is of none of them. */
export function pictureKind(bytes: Uint8Array): PictureKind | undefined {
  return beginnings.find(([, begin]) =>
    begin.every((byte, i) => byte === -1 ? i < bytes.length : byte === bytes[i])
  )?.[0];
}

/**
 * Reads the header of a JPEG or PNG.
 *
 * @param bytes the file, or as much of its beginning as holds the header
 * @throws {SyntaxError} if it is no picture
 * @throws {TypeError} if it is a picture of a kind that cannot be decoded
 * @throws {DataLossError} if the header is damaged, or not all in `bytes`
 */
export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  const kind = pictureKind(bytes);
  if (kind === "jpeg") {
    const { components, ...rest } = readJpegHeader(bytes);
    return { kind, ...rest, channels: components, depth: 8, isAnimated: false };
  }
  if (kind === "png") return readPngHeader(bytes);
  if (kind === undefined) throw new SyntaxError("Cannot read the picture: it is neither a JPEG nor a PNG");
  throw new TypeError(
    `Cannot read the picture: it is a ${kind.toUpperCase()}, but only JPEG and PNG can be read; convert it`,
  );
}

/** Channels by colour type; a palette is colour. */
const channelsOfColorType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

function readPngHeader(bytes: Uint8Array): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const damaged = (offset: number) =>
    new DataLossError("Cannot read the picture: the header of the PNG is damaged or cut", { offset });
  if (bytes.length < 33 || view.getUint32(8) !== 13 || chunkType(bytes, 8) !== "IHDR") throw damaged(8);
  const [depth, colorType] = bytes.subarray(24, 26);
  const header = { kind: "png", height: view.getUint32(20), width: view.getUint32(16) } as const;
  if (!(colorType in channelsOfColorType) || header.height === 0 || header.width === 0) throw damaged(16);
  let orientation = 1, isAnimated = false;
  for (let at = 33;;) { // up to the pixels; those chunks that matter come before them
    if (at + 8 > bytes.length) throw damaged(at);
    const length = view.getUint32(at), type = chunkType(bytes, at), end = at + 8 + length;
    if (type === "IDAT" || type === "IEND") break;
    if (end + 4 > bytes.length) throw damaged(at);
    if (type === "acTL") isAnimated = true;
    if (type === "eXIf") orientation = readOrientation(bytes.subarray(at + 8, end));
    at = end + 4;
  }
  return { ...header, channels: channelsOfColorType[colorType], depth, orientation, isAnimated };
}

function chunkType(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}
