/**
 * From components to colours, in libjpeg's arithmetic.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RowSource } from "./upsample.ts";

/** What the components of a picture are. */
export type ColorSpace = "grey" | "rgb" | "ycc" | "cmyk" | "ycck";

/** What tells a picture's colour space. */
export interface ColorHints {
  /** Names of the components. */
  readonly ids: readonly number[];
  readonly isJfif: boolean;
  readonly adobeTransform?: number;
}

/** Guesses the colour space as libjpeg does; `undefined` if there is none of so many components. */
export function colorSpaceOf({ ids, isJfif, adobeTransform }: ColorHints): ColorSpace | undefined {
  if (ids.length === 1) return "grey";
  if (ids.length === 4) return adobeTransform === undefined || adobeTransform === 0 ? "cmyk" : "ycck";
  if (ids.length !== 3) return undefined;
  if (isJfif) return "ycc";
  if (adobeTransform !== undefined) return adobeTransform === 0 ? "rgb" : "ycc";
  return String.fromCharCode(...ids) === "RGB" ? "rgb" : "ycc";
}

/** Writes a row of pixels from the component's rows. */
export type RowWriter = (y: number, out: Uint8ClampedArray, at: number, width: number) => void;

/**
 * Chooses how to write a row of pixels.
 *
 * @param rows the components' rows; for one channel of `ycc` only the first is needed
 * @param channels 1 or 3
 * @param isInverted whether 255 is no ink, as in Adobe's CMYK
 */
export function rowWriter(
  space: ColorSpace,
  rows: RowSource[],
  channels: number,
  isInverted: boolean,
): RowWriter {
  if (space === "grey" || (space === "ycc" && channels === 1)) return greyWriter(rows[0], channels);
  if (space === "rgb") return channels === 1 ? greyOfRgbWriter(rows) : rgbWriter(rows);
  return space === "ycc" ? yccWriter(rows) : inkWriter(rows, space === "ycck", isInverted);
}

function greyWriter(grey: RowSource, channels: number): RowWriter {
  return (y, out, at, width) => {
    const row = grey(y);
    if (channels === 1) {
      out.set(row.subarray(0, width), at);
      return;
    }
    for (let i = 0; i < width; i++, at += 3) {
      const value = row[i];
      out[at] = value;
      out[at + 1] = value;
      out[at + 2] = value;
    }
  };
}

function rgbWriter([red, green, blue]: RowSource[]): RowWriter {
  return (y, out, at, width) => {
    const r = red(y), g = green(y), b = blue(y);
    for (let i = 0; i < width; i++, at += 3) {
      out[at] = r[i];
      out[at + 1] = g[i];
      out[at + 2] = b[i];
    }
  };
}

function greyOfRgbWriter([red, green, blue]: RowSource[]): RowWriter {
  return (y, out, at, width) => {
    const r = red(y), g = green(y), b = blue(y);
    for (let i = 0; i < width; i++) {
      out[at + i] = (19595 * r[i] + 38470 * g[i] + 7471 * b[i] + 32768) >> 16;
    }
  };
}

/** Fixed-point factors of the colour differences: 1.402, 0.71414, 0.34414 and 1.772 times 65536. */
const RED = 91881, GREEN_OF_RED = 46802, GREEN_OF_BLUE = 22554, BLUE = 116130;
const HALF = 32768;

function yccWriter([brightness, blueness, redness]: RowSource[]): RowWriter {
  return (y, out, at, width) => {
    const luma = brightness(y), cb = blueness(y), cr = redness(y);
    for (let i = 0; i < width; i++, at += 3) {
      const value = luma[i], blue = cb[i] - 128, red = cr[i] - 128;
      out[at] = value + ((Math.imul(RED, red) + HALF) >> 16);
      out[at + 1] = value + ((HALF - Math.imul(GREEN_OF_BLUE, blue) - Math.imul(GREEN_OF_RED, red)) >> 16);
      out[at + 2] = value + ((Math.imul(BLUE, blue) + HALF) >> 16);
    }
  };
}

/** Inks to light as TensorFlow does it: what an ink and black leave, multiplied, fractions cut. */
function inkWriter(rows: RowSource[], isYcck: boolean, isInverted: boolean): RowWriter {
  const black = rows[3], inks = new Uint8ClampedArray(0);
  let row = inks;
  const writeColors = (isYcck ? yccWriter : rgbWriter)(rows);
  return (y, out, at, width) => {
    if (row.length !== 3 * width) row = new Uint8ClampedArray(3 * width);
    writeColors(y, row, 0, width);
    const k = black(y);
    for (let i = 0; i < width; i++) {
      for (let channel = 0; channel < 3; channel++) {
        const color = row[3 * i + channel], ink = isYcck ? 255 - color : color;
        const left = isInverted ? ink * k[i] : (255 - ink) * (255 - k[i]);
        out[at++] = Math.floor(left / 255);
      }
    }
  };
}
