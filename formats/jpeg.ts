/**
 * JPEG pictures, decoded as TensorFlow's `decode_jpeg` does: to the same bits.
 *
 * TensorFlow uses libjpeg-turbo with the fast integer cosine transform and smooth ("fancy") enlarging of colours. No library
 * at hand does the same outside of it, so this is our own decoder of ITU T.81's baseline, extended sequential and
 * progressive processes with Huffman coding.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { colorSpaceOf, rowWriter } from "./jpeg/colors.ts";
import { orient } from "./jpeg/exif.ts";
import type { Frame } from "./jpeg/frame.ts";
import { damaged, unsupported } from "./jpeg/markers.ts";
import { decodePlanes } from "./jpeg/planes.ts";
import { SegmentReader } from "./jpeg/segments.ts";
import { rowsOf, yccWriterOf } from "./jpeg/upsample.ts";
import { type Box, checkBox, cropPicture, type Picture } from "./pixels.ts";

/** Options of {@linkcode decodeJpeg}. */
export interface DecodeJpegOptions {
  /**
   * Channels wanted: 1 grey, 3 RGB; 0 takes what the file has, where CMYK counts as RGB.
   *
   * @default {0}
   */
  channels?: number;
  /** Only the pixels of this box, which are those that the whole picture has there; the rest costs little. */
  box?: Box;
  /**
   * Turn the picture upright as its EXIF data say, which TensorFlow does not. The box is then one of the upright picture.
   *
   * @default {false}
   */
  orientation?: boolean;
}

/** What is known of a picture before it is decoded. */
export interface JpegHeader {
  /** Pixels across, as stored. */
  width: number;
  /** Pixels down, as stored. */
  height: number;
  /** Components: 1 grey, 3 colour, 4 inks. */
  components: number;
  /** How the camera was held, EXIF's 1 to 8: 1 upright; from 5 on the upright picture is `height` across. */
  orientation: number;
}

/** As in TensorFlow: no picture may have more values than this. */
const MAX_VALUES = 2 ** 29;
/** No code is shorter than a bit, and a bit stands for a block of 8 x 8 pixels at most. */
const MOST_PIXELS_A_BYTE = 8 * 64;

/**
 * Reads a picture's size without decoding it.
 *
 * @throws as {@linkcode decodeJpeg}
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const reader = new SegmentReader(bytes), { width, height, components } = reader.readFrame();
  return { width, height, components: components.length, orientation: reader.orientation };
}

/**
 * Decodes a JPEG.
 *
 * Colours of a file with inks (CMYK, YCCK) are converted as TensorFlow does it. Damage within the data of a scan leaves
 * wrong pixels and is no error, as in TensorFlow; a file that is cut is one. Unlike there, so is a file that cannot hold as
 * many pixels as it claims, and one with more than 100 scans. Progressive files whose last scans are missing are not smoothed.
 *
 * @throws {SyntaxError} if the bytes are no JPEG
 * @throws {DataLossError} if they are damaged or cut
 * @throws {TypeError} if the file is of a kind that is left out: arithmetic coding, lossless, 12 bits, inks as grey
 * @throws {RangeError} if the picture is too large, the box lies outside of it or `channels` is none of 0, 1 and 3
 *
 * @example Usage
 * ```ts ignore
 * const { width, height, data } = decodeJpeg(await Deno.readFile("photo.jpg"), { channels: 3 });
 * ```
 */
export function decodeJpeg(
  bytes: Uint8Array,
  { channels = 0, box, orientation }: DecodeJpegOptions = {},
): Picture {
  if (![0, 1, 3].includes(channels)) {
    throw new RangeError(`Cannot decode a JPEG into ${channels} channels; ask for 0, 1 or 3`);
  }
  const reader = new SegmentReader(bytes), frame = reader.readFrame();
  checkSize(frame, bytes);
  if (orientation && reader.orientation !== 1) {
    const upright = orient(decodeJpeg(bytes, { channels }), reader.orientation);
    return box ? cropPicture(upright, box) : upright;
  }
  if (box) checkBox(frame, box);
  return decodeBox(
    bytes,
    reader,
    frame,
    channels,
    box ?? { x: 0, y: 0, width: frame.width, height: frame.height },
  );
}

function decodeBox(
  bytes: Uint8Array,
  reader: SegmentReader,
  frame: Frame,
  channels: number,
  box: Box,
): Picture {
  const { isJfif, adobeTransform } = reader, ids = frame.components.map(({ id }) => id);
  const space = colorSpaceOf({ ids, isJfif, adobeTransform });
  if (!space) throw unsupported(`of ${ids.length} components`);
  const wanted = channels || (space === "grey" ? 1 : 3), hasInks = ids.length === 4;
  if (wanted === 1 && hasInks) {
    throw new TypeError("Cannot decode a JPEG of inks (CMYK) into 1 channel; ask for 3");
  }
  const planes = decodePlanes(bytes, reader, frame, box, wanted === 1 && space === "ycc" ? 1 : ids.length);
  const write = space === "ycc" && wanted === 3 ? yccWriterOf(frame, planes, box) : rowWriter(
    space,
    planes.map((plane) => rowsOf(frame, plane, box)),
    wanted,
    adobeTransform !== undefined,
  );
  const { width, height } = box, data = new Uint8Array(width * height * wanted);
  for (let y = 0; y < height; y++) write(box.y + y, data, y * width * wanted, width);
  return { width, height, channels: wanted, data };
}

/** Refuses pictures that are too large, before anything is allocated for them. */
function checkSize({ width, height, components }: Frame, bytes: Uint8Array): void {
  if (width * height * Math.max(3, components.length) > MAX_VALUES) {
    throw new RangeError(
      `Cannot decode a JPEG of ${width} x ${height} pixels: it is larger than allowed (${MAX_VALUES} values); scale it down`,
    );
  }
  if (width * height > MOST_PIXELS_A_BYTE * bytes.length) {
    throw damaged(`it is too short for ${width} x ${height} pixels`, bytes.length);
  }
}
