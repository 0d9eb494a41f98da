/**
 * Pictures in memory, and boxes in them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A picture: pixels row after row, channels interleaved. */
export interface Picture<Data extends Uint8Array | Uint16Array = Uint8Array> {
  /** Pixels across. */
  width: number;
  /** Pixels down. */
  height: number;
  /** Values a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  channels: number;
  /** `height * width * channels` values. */
  data: Data;
}

/** A part of a picture, in pixels. */
export interface Box {
  /** Columns to the left of it. */
  x: number;
  /** Rows above it. */
  y: number;
  width: number;
  height: number;
}

/**
 * Checks that a box holds pixels and lies within a picture.
 *
 * @throws {RangeError} if it does not
 */
export function checkBox({ width, height }: Pick<Picture, "width" | "height">, box: Box): void {
  const values = [box.x, box.y, box.width, box.height],
    right = box.x + box.width,
    bottom = box.y + box.height;
  const isInside = values.every(Number.isInteger) && box.x >= 0 && box.y >= 0 && right <= width &&
    bottom <= height;
  if (isInside && box.width > 0 && box.height > 0) return;
  throw new RangeError(
    `Cannot take the box of ${box.width} x ${box.height} pixels at x ${box.x}, y ${box.y} of a picture of ${width} x ` +
      `${height}: it must hold pixels and lie within the picture`,
  );
}

/** Cuts a box out of a picture; throws as {@linkcode checkBox}. */
export function cropPicture(picture: Picture, box: Box): Picture {
  checkBox(picture, box);
  const { width, channels, data } = picture, out = new Uint8Array(box.width * box.height * channels);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.y + y) * width + box.x) * channels;
    out.set(data.subarray(from, from + box.width * channels), y * box.width * channels);
  }
  return { width: box.width, height: box.height, channels, data: out };
}
