/**
 * PNG pictures, decoded as TensorFlow's `decode_png` does, and encoded.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { zlibSync } from "npm:fflate@0.8.3";
import { crc32 } from "./crc32.ts";
import type { Picture } from "./pixels.ts";
import { paeth, type PngSamples, readPngSamples, signature } from "./png_samples.ts";

export type { Picture } from "./pixels.ts";

/** Options of {@linkcode decodePng}. */
export interface DecodePngOptions {
  /**
   * Channels wanted: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; 0 takes what the file has (a palette counts as RGB or RGBA).
   *
   * @default {0}
   */
  channels?: number;
  /**
   * Bits a value: 8 gives a `Uint8Array`, 16 a `Uint16Array`.
   *
   * @default {8}
   */
  depth?: 8 | 16;
}

/** As in TensorFlow: no picture may have more values than this. */
const maxSamples = 2 ** 29;

/** Weights of red, green and blue in grey, of 32768: 0.299, 0.587 and the rest, as libpng cuts them. */
const greyWeights = [9797, 19234, 3737];

/**
 * Decodes a PNG.
 *
 * Sixteen-bit samples lose their low byte when 8 bits are wanted; grey of 1, 2 or 4 bits is spread over 0 to 255; alpha is
 * dropped, not blended, where it is not wanted; colour becomes grey by 0.299, 0.587, 0.114. Where a file of less than 8 bits has
 * no alpha but alpha is wanted, it is the largest sample (1, 3 or 15), not 255: so does TensorFlow. Chunks about gamma and
 * colour profiles are not followed.
 *
 * @throws {SyntaxError} if the bytes are no PNG
 * @throws {DataLossError} if they are damaged or cut
 * @throws {RangeError} if the picture is too large, or `channels` is none of 0 to 4
 *
 * @example Usage
 * ```ts
 * import { decodePng, encodePng } from "./png.ts";
 *
 * const bytes = encodePng({ width: 2, height: 1, channels: 1, data: new Uint8Array([0, 255]) });
 * decodePng(bytes, { channels: 3 }).data; // Uint8Array [0, 0, 0, 255, 255, 255]
 * ```
 */
export function decodePng(bytes: Uint8Array, options?: DecodePngOptions & { depth?: 8 }): Picture;
export function decodePng(bytes: Uint8Array, options: DecodePngOptions & { depth: 16 }): Picture<Uint16Array>;
export function decodePng(
  bytes: Uint8Array,
  { channels = 0, depth = 8 }: DecodePngOptions = {},
): Picture<Uint8Array | Uint16Array> {
  if (![0, 1, 2, 3, 4].includes(channels)) {
    throw new RangeError(`Cannot decode a PNG into ${channels} channels; ask for 0, 1, 2, 3 or 4`);
  }
  const png = readPngSamples(bytes, maxSamples);
  const { width, height } = png;
  const has = png.colorType === 3 ? (png.transparency ? 4 : 3) : [1, 0, 3, 0, 2, 0, 4][png.colorType];
  const wanted = channels === 0 ? has : channels;
  if (depth === 8 && png.depth === 8 && wanted === has && png.colorType !== 3) {
    return { width, height, channels: has, data: png.samples as Uint8Array };
  }
  const size = width * height * wanted;
  const data = depth === 16 ? new Uint16Array(size) : new Uint8Array(size);
  convert(png, wanted, depth, data);
  return { width, height, channels: wanted, data };
}

/** Brings stored samples into the wanted channels and depth, pixel by pixel. */
function convert(png: PngSamples, channels: number, depth: 8 | 16, out: Uint8Array | Uint16Array): void {
  const pixelAt = pixelReader(png);
  const sourceDepth = png.depth === 16 ? 16 : 8;
  const resize = depth === sourceDepth
    ? (v: number) => v
    : depth === 8
    ? (v: number) => v >> 8
    : (v: number) => v * 257;
  const pixel = [0, 0, 0, 0];
  for (let i = 0, at = 0; i < png.width * png.height; i++) {
    pixelAt(i, pixel);
    if (channels >= 3) {
      for (let k = 0; k < 3; k++) out[at++] = resize(pixel[k]);
    } else {
      out[at++] = resize(greyOf(pixel, sourceDepth));
    }
    if (channels % 2 === 0) out[at++] = resize(pixel[3]);
  }
}

function greyOf([red, green, blue]: number[], depth: number): number {
  if (red === green && red === blue) return red;
  const rounding = depth === 16 ? 16384 : 0;
  return (red * greyWeights[0] + green * greyWeights[1] + blue * greyWeights[2] + rounding) / 32768 | 0;
}

/** A function that puts pixel `i` as RGBA into `pixel`, in 8 bits, or 16 if the file has 16. */
function pixelReader({ colorType, depth, palette, transparency, samples }: PngSamples) {
  const opaque = depth === 16 ? 0xffff : transparency ? 0xff : (1 << depth) - 1;
  if (colorType === 3) {
    const colors = palette!;
    return (i: number, pixel: number[]) => {
      const index = samples[i];
      for (let k = 0; k < 3; k++) pixel[k] = colors[3 * index + k] ?? 0;
      pixel[3] = transparency?.[index] ?? opaque;
    };
  }
  const spread = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  const isGrey = colorType === 0 || colorType === 4;
  const hasAlpha = colorType >= 4;
  const colors = isGrey ? 1 : 3;
  const stride = colors + (hasAlpha ? 1 : 0);
  const key = transparency?.length === 2 * colors && !hasAlpha
    ? Array.from({ length: colors }, (_, k) => (transparency[2 * k] << 8) | transparency[2 * k + 1])
    : undefined;
  return (i: number, pixel: number[]) => {
    const at = i * stride;
    for (let k = 0; k < 3; k++) pixel[k] = samples[at + (isGrey ? 0 : k)] * spread;
    if (hasAlpha) pixel[3] = samples[at + colors];
    else pixel[3] = key?.every((value, k) => value === samples[at + k]) ? 0 : opaque;
  };
}

/**
 * Encodes a picture, 8 or 16 bits a value as its array has.
 *
 * Each row takes the filter that leaves the smallest differences; equal pictures give equal bytes.
 *
 * @throws {TypeError} if the data's length does not fit width, height and channels
 */
export function encodePng({ width, height, channels, data }: Picture<Uint8Array | Uint16Array>): Uint8Array {
  if (
    ![1, 2, 3, 4].includes(channels) || width < 1 || height < 1 || data.length !== width * height * channels
  ) {
    throw new TypeError(
      `Cannot encode a PNG of ${width} x ${height} pixels, ${channels} channels, from ${data.length} values: ` +
        "give height * width * channels values with 1 to 4 channels",
    );
  }
  const depth = data instanceof Uint16Array ? 16 : 8;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, [0, 4, 2, 6][channels - 1]], 8);
  const pixels = filterRows(bigEndian(data), height, width * channels * depth / 8, channels * depth / 8);
  const parts = [
    signature,
    chunk("IHDR", header),
    chunk("IDAT", zlibSync(pixels)),
    chunk("IEND", new Uint8Array()),
  ];
  const png = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    png.set(part, at);
    at += part.length;
  }
  return png;
}

function bigEndian(data: Uint8Array | Uint16Array): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const bytes = new Uint8Array(2 * data.length);
  data.forEach((value, i) => bytes.set([value >> 8, value & 0xff], 2 * i));
  return bytes;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

/** Filters each row by the type with the least sum of magnitudes, the specification's advice. */
function filterRows(bytes: Uint8Array, height: number, rowBytes: number, pixelBytes: number): Uint8Array {
  const out = new Uint8Array(height * (rowBytes + 1));
  const tries = Array.from({ length: 5 }, () => new Uint8Array(rowBytes));
  for (let y = 0; y < height; y++) {
    const row = y * rowBytes;
    const costs = [0, 0, 0, 0, 0];
    for (let i = 0; i < rowBytes; i++) {
      const value = bytes[row + i];
      const left = i < pixelBytes ? 0 : bytes[row + i - pixelBytes];
      const up = y === 0 ? 0 : bytes[row + i - rowBytes];
      const corner = y === 0 || i < pixelBytes ? 0 : bytes[row + i - rowBytes - pixelBytes];
      const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)];
      for (let type = 0; type < 5; type++) {
        const rest = (value - guesses[type]) & 0xff;
        tries[type][i] = rest;
        costs[type] += rest < 128 ? rest : 256 - rest;
      }
    }
    const best = costs.indexOf(Math.min(...costs));
    out[y * (rowBytes + 1)] = best;
    out.set(tries[best], y * (rowBytes + 1) + 1);
  }
  return out;
}
