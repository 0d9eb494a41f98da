/**
 * From components to colours, in libjpeg's arithmetic.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RowSource } from "./rows.ts";

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
export type RowWriter = (y: number, out: Uint8Array, at: number, width: number) => void;

/**
 * Chooses how to write a row of pixels, but for the colours of `ycc`.
 *
 * @param rows the components' rows; for `ycc` in grey only the first is needed
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
  return inkWriter(rows, space === "ycck", isInverted);
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

/** What a colour difference adds to red and blue, and in 65536ths to green: 1.402, 1.772, -0.71414 and -0.34414 times it. */
const redOf = new Int16Array(256), blueOf = new Int16Array(256);
const greenOfRed = new Int32Array(256), greenOfBlue = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  const difference = i - 128, half = 32768;
  redOf[i] = (91881 * difference + half) >> 16;
  blueOf[i] = (116130 * difference + half) >> 16;
  greenOfRed[i] = -46802 * difference;
  greenOfBlue[i] = -22554 * difference + half;
}
/** Values from -256 to 511, cut to 0 to 255. */
const clamped = Uint8Array.from({ length: 768 }, (_, i) => Math.max(0, Math.min(255, i - 256)));

/** Writes a pixel of a brightness and two colour differences. */
export function writeYcc(out: Uint8Array, at: number, brightness: number, blue: number, red: number): void {
  const value = brightness + 256;
  out[at] = clamped[value + redOf[red]];
  out[at + 1] = clamped[value + ((greenOfBlue[blue] + greenOfRed[red]) >> 16)];
  out[at + 2] = clamped[value + blueOf[blue]];
}

/** For pictures in brightness and colour differences, enlarged already. */
export function yccWriter([brightness, blueness, redness]: RowSource[]): RowWriter {
  return (y, out, at, width) => {
    const luma = brightness(y), cb = blueness(y), cr = redness(y);
    for (let i = 0; i < width; i++, at += 3) writeYcc(out, at, luma[i], cb[i], cr[i]);
  };
}

/** Inks to light as TensorFlow does it: what an ink and black leave, multiplied, fractions cut. */
function inkWriter(rows: RowSource[], isYcck: boolean, isInverted: boolean): RowWriter {
  const black = rows[3];
  let row = new Uint8Array(0);
  const writeColors = (isYcck ? yccWriter : rgbWriter)(rows);
  return (y, out, at, width) => {
    if (row.length !== 3 * width) row = new Uint8Array(3 * width);
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
