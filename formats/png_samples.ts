/**
 * The inner half of PNG decoding: chunks, checksums, inflating, filters and interlacing, down to bare samples.
 *
 * Follows the PNG specification (W3C, third edition). Colours are left as they are stored; `png.ts` converts them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { unzlibSync } from "npm:fflate@0.8.3";
import { crc32 } from "./crc32.ts";
import { DataLossError, reasonOf } from "./errors.ts";

/** The file's first eight bytes. */
export const signature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Samples a pixel by colour type: grey, RGB, palette index, grey and alpha, RGBA. */
const samplesOfColorType: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const depthsOfColorType: Record<number, number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Adam7: the seven passes' first column and row and their steps. */
const adam7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
  0,
  1,
  1,
  2,
]];

/** A picture with its samples as they are stored. */
export interface PngSamples {
  width: number;
  height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  colorType: number;
  /** RGB triples of a palette. */
  palette?: Uint8Array;
  /** Content of the tRNS chunk: alpha values of the palette, or the transparent colour as 16-bit samples. */
  transparency?: Uint8Array;
  /** `width * height` pixels, one array element a sample, neither scaled nor looked up. */
  samples: Uint8Array | Uint16Array;
}

/** Reads a PNG file; `maxSamples` bounds what may be allocated. */
export function readPngSamples(bytes: Uint8Array, maxSamples: number): PngSamples {
  const chunks = readChunks(bytes);
  const { width, height, depth, colorType, interlaced } = readHeader(chunks.header);
  const perPixel = samplesOfColorType[colorType];
  if (width * height * 4 > maxSamples) {
    throw new RangeError(
      `Cannot decode a PNG of ${width} x ${height} pixels: it is larger than allowed (${maxSamples} samples); ` +
        "scale it down",
    );
  }
  if (colorType === 3 && chunks.palette === undefined) throw damaged("it has no palette", 8);
  const bitsPerPixel = perPixel * depth;
  const passes = passesOf(width, height, interlaced).filter((p) => p.width > 0 && p.height > 0);
  const rowBytes = (pass: Pass) => Math.ceil(pass.width * bitsPerPixel / 8);
  const size = passes.reduce((sum, pass) => sum + pass.height * (1 + rowBytes(pass)), 0);
  const raw = inflateExactly(chunks.data, size);
  const samples = depth === 16
    ? new Uint16Array(width * height * perPixel)
    : new Uint8Array(width * height * perPixel);
  let at = 0;
  for (const pass of passes) {
    unfilter(raw, at, pass.height, rowBytes(pass), Math.max(1, bitsPerPixel >> 3));
    scatter(raw, at, pass, rowBytes(pass), depth, perPixel, width, samples);
    at += pass.height * (1 + rowBytes(pass));
  }
  return {
    width,
    height,
    depth,
    colorType,
    palette: chunks.palette,
    transparency: chunks.transparency,
    samples,
  };
}

interface Chunks {
  header: Uint8Array;
  palette?: Uint8Array;
  transparency?: Uint8Array;
  data: Uint8Array[];
}

/** Walks the chunks; those which tell nothing about the pixels are passed over, damaged or not. */
function readChunks(bytes: Uint8Array): Chunks {
  if (bytes.length < 8 || signature.some((byte, i) => bytes[i] !== byte)) {
    throw new SyntaxError(
      "Cannot decode a PNG: the bytes do not start as a PNG does; check the image format",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Partial<Chunks> & { data: Uint8Array[] } = { data: [] };
  let at = 8;
  for (let first = true;; first = false) {
    if (at + 12 > bytes.length) throw damaged("the file ends too early", at);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw damaged(`chunk ${JSON.stringify(type)} is cut short`, at);
    const content = bytes.subarray(at + 8, end);
    if (first !== (type === "IHDR")) throw damaged("its header is not where it should be", at);
    const isCritical = (bytes[at + 4] & 0x20) === 0;
    if (isCritical || type === "tRNS") {
      if (crc32(bytes.subarray(at + 4, end)) === view.getUint32(end)) takeChunk(chunks, type, content, at);
      else if (isCritical) throw damaged(`chunk ${type} does not match its checksum`, at);
    }
    if (type === "IEND") return chunks as Chunks;
    at = end + 4;
  }
}

function takeChunk(
  chunks: Partial<Chunks> & { data: Uint8Array[] },
  type: string,
  content: Uint8Array,
  at: number,
) {
  if (type === "IHDR") chunks.header = content;
  else if (type === "IDAT") chunks.data.push(content);
  else if (type === "tRNS") chunks.transparency = content;
  else if (type === "PLTE") {
    if (content.length % 3 !== 0 || content.length > 768) throw damaged("its palette has an odd size", at);
    chunks.palette = content;
  } else if (type !== "IEND") throw damaged(`it needs chunk ${JSON.stringify(type)}, which is unknown`, at);
}

function readHeader(header: Uint8Array) {
  if (header.length !== 13) throw damaged("its header has a wrong size", 8);
  const view = new DataView(header.buffer, header.byteOffset, 13);
  const width = view.getUint32(0), height = view.getUint32(4);
  const [depth, colorType, compression, filter, interlace] = header.subarray(8);
  const known = depthsOfColorType[colorType]?.includes(depth) && compression === 0 && filter === 0 &&
    interlace <= 1;
  if (!known || width === 0 || height === 0) throw damaged("its header holds impossible values", 8);
  return { width, height, depth, colorType, interlaced: interlace === 1 };
}

interface Pass {
  x: number;
  y: number;
  xStep: number;
  yStep: number;
  width: number;
  height: number;
}

function passesOf(width: number, height: number, interlaced: boolean): Pass[] {
  return (interlaced ? adam7 : [[0, 0, 1, 1]]).map(([x, y, xStep, yStep]) => (
    { x, y, xStep, yStep, width: Math.ceil((width - x) / xStep), height: Math.ceil((height - y) / yStep) }
  ));
}

/** Inflates into a buffer of the size that the header promises, so that no file can ask for more. */
function inflateExactly(parts: Uint8Array[], size: number): Uint8Array {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  if (total * 1032 < size) throw damaged("its pixels are cut short", 8); // deflate packs no tighter
  let packed = parts[0];
  if (parts.length > 1) {
    packed = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      packed.set(part, at);
      at += part.length;
    }
  }
  let raw: Uint8Array;
  try {
    raw = unzlibSync(packed, { out: new Uint8Array(size) });
  } catch (thrown) {
    throw damaged(`its pixels cannot be unpacked (${reasonOf(thrown)})`, 8);
  }
  if (raw.length < size) throw damaged("its pixels are cut short", 8);
  return raw;
}

/** Undoes the filters of `height` rows from `at` on, in place. Each row has one byte in front that names its filter. */
function unfilter(raw: Uint8Array, at: number, height: number, rowBytes: number, pixelBytes: number): void {
  for (let y = 0; y < height; y++) {
    const start = at + y * (rowBytes + 1) + 1;
    const above = y === 0 ? -1 : start - rowBytes - 1;
    const type = raw[start - 1];
    if (type > 4) throw damaged(`row ${y} has filter ${type}, which is unknown`, 8);
    if (type === 0) continue;
    for (let i = 0; i < rowBytes; i++) {
      const left = i < pixelBytes ? 0 : raw[start + i - pixelBytes];
      const up = above < 0 ? 0 : raw[above + i];
      const corner = above < 0 || i < pixelBytes ? 0 : raw[above + i - pixelBytes];
      raw[start + i] += type === 1
        ? left
        : type === 2
        ? up
        : type === 3
        ? (left + up) >> 1
        : paeth(left, up, corner);
    }
  }
}

/** The neighbour nearest to `left + up - corner`. */
export function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner),
    toUp = Math.abs(left - corner),
    toCorner = Math.abs(left + up - 2 * corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

/** Takes the samples of one pass out of its rows and puts them where they belong. */
function scatter(
  raw: Uint8Array,
  at: number,
  pass: Pass,
  rowBytes: number,
  depth: number,
  perPixel: number,
  width: number,
  samples: Uint8Array | Uint16Array,
): void {
  const mask = (1 << depth) - 1;
  for (let y = 0; y < pass.height; y++) {
    const row = at + y * (rowBytes + 1) + 1;
    const out = ((pass.y + y * pass.yStep) * width + pass.x) * perPixel;
    if (depth === 8 && pass.xStep === 1) {
      samples.set(raw.subarray(row, row + rowBytes), out);
      continue;
    }
    for (let i = 0; i < pass.width * perPixel; i++) {
      const to = pass.xStep === 1
        ? out + i
        : out + Math.floor(i / perPixel) * pass.xStep * perPixel + i % perPixel;
      if (depth === 16) samples[to] = (raw[row + 2 * i] << 8) | raw[row + 2 * i + 1];
      else samples[to] = (raw[row + ((i * depth) >> 3)] >> (8 - depth - (i * depth) % 8)) & mask;
    }
  }
}

function damaged(reason: string, offset: number): DataLossError {
  return new DataLossError(`Cannot decode a PNG: ${reason}; replace the image`, { offset });
}
