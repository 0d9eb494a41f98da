/**
 * Pictures of any kind that can be decoded, told apart by their content.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { decodeJpeg } from "../formats/jpeg.ts";
import { pictureKind } from "../formats/picture_header.ts";
import { decodePng, type Picture } from "../formats/png.ts";

/**
 * Decodes a JPEG or PNG as TensorFlow does.
 *
 * @param channels values a pixel: 1 grey, 3 red, green and blue
 * @throws {TypeError} if it is a picture of another kind, or none
 * @throws {DataLossError} if it is damaged or cut
 */
export function decodePicture(bytes: Uint8Array, channels: 1 | 3): Picture {
  const kind = pictureKind(bytes);
  if (kind === "png") return decodePng(bytes, { channels });
  if (kind === "jpeg") return decodeJpeg(bytes, { channels });
  const what = kind === undefined
    ? "neither a JPEG nor a PNG"
    : `a ${kind.toUpperCase()}, but only JPEG and PNG can be read`;
  throw new TypeError(`Cannot decode the picture: it is ${what}; convert it`);
}
