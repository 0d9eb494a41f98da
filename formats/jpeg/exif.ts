/**
 * The one thing in a photo's EXIF data that concerns its pixels: how the camera was held.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Picture } from "../pixels.ts";

const ORIENTATION_TAG = 0x0112;

/**
 * Reads the orientation from a TIFF header and its first directory.
 *
 * @param tiff the content of an EXIF segment behind `Exif`
 * @returns 1 to 8; 1 (upright) where there is none or the data is damaged
 */
export function readOrientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < entries && at + 12 <= tiff.length; i++, at += 12) {
    if (view.getUint16(at, little) !== ORIENTATION_TAG) continue;
    const orientation = view.getUint16(at + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/**
 * Turns and mirrors a picture so that it stands upright.
 *
 * @param orientation EXIF's: 1 as it is, 2 mirrored, 3 upside down, 4 flipped, 5 to 8 with rows and columns exchanged
 */
export function orient(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { width, height, channels, data } = picture;
  const isExchanged = orientation >= 5;
  const fromRight = [2, 3, 7, 8].includes(orientation), fromBottom = [3, 4, 6, 7].includes(orientation);
  const across = isExchanged ? height : width, down = isExchanged ? width : height;
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const column = isExchanged ? y : x, row = isExchanged ? x : y;
      const from = channels *
        ((fromBottom ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column));
      for (let k = 0; k < channels; k++) out[to++] = data[from + k];
    }
  }
  return { width: across, height: down, channels, data: out };
}
