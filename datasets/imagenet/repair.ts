/**
 * The files of ImageNet that are not what their names say, made into RGB JPEG as TF-Slim does it.
 *
 * It goes by names, so we do: another file of inks is stored as it is.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { reasonOf } from "../../formats/errors.ts";
import { decodeJpeg } from "../../formats/jpeg.ts";
import { encodeJpeg } from "../../formats/jpeg_encode.ts";
import { readPictureHeader } from "../../formats/picture_header.ts";
import { decodePng } from "../../formats/png.ts";
import type { EncodedPicture } from "./example.ts";

/** The one PNG among the training pictures. */
const pngName = "n02105855_2933.JPEG";
/** Training pictures of inks (CMYK), from https://github.com/cytsai/ilsvrc-cmyk-image-list. */
const cmykNames: ReadonlySet<string> = new Set(
  ("n01739381_1309 n02077923_14822 n02447366_23489 n02492035_15739 n02747177_10752 n03018349_4028 n03062245_4620 " +
    "n03347037_9675 n03467068_12171 n03529860_11437 n03544143_17228 n03633091_5218 n03710637_5125 n03961711_5286 " +
    "n04033995_2932 n04258138_17003 n04264628_27969 n04336792_7448 n04371774_5854 n04596742_4225 n07583066_647 " +
    "n13037406_4650").split(" ").map((name) => `${name}.JPEG`),
);

/** What has to be done to a picture's file, by its name; the words that TF-Slim prints. */
export function repairOf(name: string): "PNG to JPEG" | "CMYK to RGB" | undefined {
  if (name.includes(pngName)) return "PNG to JPEG";
  return cmykNames.has(name) ? "CMYK to RGB" : undefined;
}

/**
 * Makes what a record holds of a picture's file, once it is sure that the file can be decoded.
 *
 * @param name its name, without folders
 * @param path where it is, for error messages
 * @throws {SyntaxError} if it is no picture, or cut or damaged
 */
export function preparePicture(file: Uint8Array, name: string, path: string): EncodedPicture {
  try {
    const { kind, height, width } = readPictureHeader(file);
    const decode = kind === "png" ? decodePng : decodeJpeg;
    if (repairOf(name) !== undefined) {
      const { data } = decode(file, { channels: 3 });
      return { encoded: encodeJpeg({ data, height, width }), height, width };
    }
    if (kind === "jpeg") {
      decodeJpeg(file, { channels: 3, box: { x: width - 1, y: height - 1, width: 1, height: 1 } });
    } else decodePng(file);
    return { encoded: file, height, width };
  } catch (thrown) {
    throw new SyntaxError(`Cannot use "${path}": ${reasonOf(thrown)}; replace or remove it`, {
      cause: thrown,
    });
  }
}
