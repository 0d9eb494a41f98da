/**
 * Pictures of any kind that can be decoded, told apart by their content.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { decodeJpeg } from "../formats/jpeg.ts";
import { orient } from "../formats/jpeg/exif.ts";
import { pictureKind, readPictureHeader } from "../formats/picture_header.ts";
import { type Box, cropPicture, type Picture } from "../formats/pixels.ts";
import { decodePng } from "../formats/png.ts";

/** What is wanted of a picture. */
export interface DecodeOptions {
  /** Values a pixel: 1 grey, 3 red, green and blue. */
  readonly channels: 1 | 3;
  /** Only these pixels: of a JPEG the others are hardly looked at. */
  readonly box?: Box;
  /** Turn the picture upright as its EXIF data say, which TensorFlow does not. @default {false} */
  readonly orientation?: boolean;
}

/** Decodes pictures as {@linkcode decodePicture}, on this thread or elsewhere. */
export type PictureDecoder = (bytes: Uint8Array, options: DecodeOptions) => Promise<Picture>;

/**
 * Decodes a JPEG or PNG as TensorFlow does.
 *
 * @throws {TypeError} if it is a picture of another kind, or none
 * @throws {DataLossError} if it is damaged or cut
 * @throws {RangeError} if it is too large, or the box lies outside of it
 */
export function decodePicture(bytes: Uint8Array, options: DecodeOptions): Picture {
  const { channels, box, orientation = false } = options, kind = pictureKind(bytes);
  if (kind === "jpeg") return decodeJpeg(bytes, options);
  if (kind === "png") {
    const stored = decodePng(bytes, { channels });
    const picture = orientation ? orient(stored, readPictureHeader(bytes).orientation) : stored;
    return box ? cropPicture(picture, box) : picture;
  }
  throw new TypeError(
    `Cannot decode the picture: it is ${nameOf(bytes)}, but only JPEG and PNG can be read; convert it`,
  );
}

/** What bytes are that are neither a JPEG nor a PNG. */
function nameOf(bytes: Uint8Array): string {
  const kind = pictureKind(bytes);
  if (kind !== undefined) return `a ${kind.toUpperCase()}`;
  if (bytes.length === 0) return "empty";
  const text = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart().toLowerCase();
  if (/^<(!doctype html|html|head|body)/.test(text)) {
    return "a page in HTML, such as servers send for files that they lack";
  }
  if (/^<(\?xml|svg)/.test(text)) return "XML or SVG";
  return "of no kind that is known";
}

/** Decodes on the calling thread. */
export const decodeHere: PictureDecoder = (bytes, options) =>
  new Promise((resolve) => resolve(decodePicture(bytes, options)));
