/**
 * From what a record holds to a labelled image.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { readPictureHeader } from "../formats/picture_header.ts";
import type { ChoosePart, LabelledImage } from "./dataset.ts";
import { decodeHere, type PictureDecoder } from "./decode_picture.ts";

/** A picture and its class, as they are stored. */
export interface PictureRecord {
  /** The picture's file. */
  readonly encoded: Uint8Array;
  readonly label: number;
  /** As {@linkcode LabelledImage.boxes}. */
  readonly boxes?: Float32Array;
}

/** How pictures are decoded. */
export interface DecodingOptions {
  /** Who decodes; `DecodePool.decode` for workers. @default {the calling thread} */
  decoder?: PictureDecoder;
  /** Turn photos upright as their EXIF data say, which TF-Slim does not. @default {false} */
  orientation?: boolean;
}

/**
 * Decodes the picture of a record.
 *
 * @param channels values a pixel, whatever the file has
 * @param choosePart chooses the part of it that is needed
 * @throws as `decodePicture`
 */
export async function decodeRecord(
  { encoded, label, boxes }: PictureRecord,
  channels: 1 | 3,
  { decoder = decodeHere, orientation = false }: DecodingOptions,
  choosePart?: ChoosePart,
): Promise<LabelledImage> {
  if (!choosePart) {
    const { data, height, width } = await decoder(encoded, { channels, orientation });
    return { data, height, width, channels, label, boxes };
  }
  const header = readPictureHeader(encoded), isTurned = orientation && header.orientation >= 5;
  const [height, width] = isTurned ? [header.width, header.height] : [header.height, header.width];
  const part = choosePart({ height, width, channels, boxes });
  const { data } = await decoder(encoded, { channels, orientation, box: part });
  return { data, height, width, channels, label, boxes, part };
}
