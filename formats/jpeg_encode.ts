/**
 * Writes pictures as baseline JPEG of quality 100, which TF-Slim's ImageNet converter stores in place of files that are no RGB JPEG.
 *
 * Every step is libjpeg's (colour conversion in 16-bit fixed point, chroma halved in both directions, integer DCT, the
 * tables of the standard's annex K.3), so that the bytes are those of TensorFlow's `encode_jpeg(quality=100)`. At this quality
 * all quantizers are 1.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BitWriter } from "./jpeg/bit_writer.ts";
import { forwardDct } from "./jpeg/forward_dct.ts";
import { type HuffmanCodes, standardCodes } from "./jpeg/huffman_codes.ts";
import { naturalOrder } from "./jpeg/natural_order.ts";

/** A picture to encode. */
export interface RgbImage {
  /** Pixels, `[height, width, 3]`, 0 to 255. */
  data: Uint8Array;
  /** Rows, 1 to 65,535. */
  height: number;
  /** Columns, 1 to 65,535. */
  width: number;
}

/** Samples of one component, in whole blocks. */
interface Plane {
  data: Uint8Array;
  /** Samples in a row: a multiple of 8. */
  stride: number;
  /** Blocks that hold samples of the picture; others repeat their neighbour's mean. */
  blocksWide: number;
  blocksHigh: number;
  /** Blocks of one unit in each direction: 2 for brightness, 1 for colour. */
  sampling: number;
  dc: HuffmanCodes;
  ac: HuffmanCodes;
}

/** Pixels that a unit of interleaved blocks covers in each direction. */
const unitSize = 16;

/**
 * Encodes a picture.
 *
 * @returns the file
 * @throws {RangeError} if a side is 0 or does not fit into JPEG's 16 bits, or the pixels are not of that size
 */
export function encodeJpeg({ data, height, width }: RgbImage): Uint8Array<ArrayBuffer> {
  const isSide = (n: number) => Number.isInteger(n) && n > 0 && n <= 0xffff;
  if (!isSide(height) || !isSide(width) || data.length !== height * width * 3) {
    throw new RangeError(
      `Cannot encode ${data.length} bytes as a JPEG of ${height} by ${width} RGB pixels: sides go from 1 to 65535`,
    );
  }
  const planes = toPlanes({ data, height, width });
  const writer = new BitWriter();
  writeHeaders(writer, height, width, planes);
  const lastDc = new Int32Array(planes.length), block = new Int32Array(64);
  for (let y = 0; y < Math.ceil(height / unitSize); y++) {
    for (let x = 0; x < Math.ceil(width / unitSize); x++) {
      planes.forEach((plane, i) => writeUnit(plane, i, x, y));
    }
  }
  return writer.finish();

  function writeUnit(plane: Plane, component: number, unitX: number, unitY: number): void {
    const { sampling } = plane;
    for (let v = 0; v < sampling; v++) {
      for (let h = 0; h < sampling; h++) {
        const blockX = unitX * sampling + h, blockY = unitY * sampling + v;
        if (blockX < plane.blocksWide && blockY < plane.blocksHigh) {
          forwardDct(plane.data, blockY * 8 * plane.stride + blockX * 8, plane.stride, block);
        } else {
          block.fill(0);
          block[0] = lastDc[component];
        }
        writeBlock(writer, block, lastDc[component], plane);
        lastDc[component] = block[0];
      }
    }
  }
}

/** Brightness and halved colour differences, each continued to whole blocks by repeating its edge. */
function toPlanes({ data, height, width }: RgbImage): Plane[] {
  const [y, cb, cr] = [1, 2, 2].map((step): Plane => {
    const blocksWide = Math.ceil(width / step / 8), blocksHigh = Math.ceil(height / step / 8);
    const [dc, ac] = step === 1 ? standardCodes.luma : standardCodes.chroma;
    const plane = new Uint8Array(blocksWide * blocksHigh * 64);
    return { data: plane, stride: blocksWide * 8, blocksWide, blocksHigh, sampling: 2 / step, dc, ac };
  });
  const pixelAt = (row: number, column: number) =>
    (Math.min(row, height - 1) * width + Math.min(column, width - 1)) * 3;
  for (let row = 0; row < y.blocksHigh * 8; row++) {
    for (let column = 0; column < y.stride; column++) {
      const i = pixelAt(row, column);
      y.data[row * y.stride + column] = luma(data[i], data[i + 1], data[i + 2]);
    }
  }
  const lastRow = Math.ceil(height / 2) - 1;
  for (let row = 0; row < cb.blocksHigh * 8; row++) {
    const top = Math.min(row, lastRow) * 2;
    for (let column = 0; column < cb.stride; column++) {
      let sumCb = 0, sumCr = 0;
      for (let k = 0; k < 4; k++) {
        const i = pixelAt(top + (k >> 1), column * 2 + (k & 1));
        sumCb += chroma(data[i], data[i + 1], data[i + 2], -11059, -21709, 32768);
        sumCr += chroma(data[i], data[i + 1], data[i + 2], 32768, -27439, -5329);
      }
      const bias = 1 + (column & 1); // up and down in turn, so that no shade drifts
      cb.data[row * cb.stride + column] = (sumCb + bias) >> 2;
      cr.data[row * cr.stride + column] = (sumCr + bias) >> 2;
    }
  }
  return [y, cb, cr];
}

function luma(r: number, g: number, b: number): number {
  return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
}

function chroma(r: number, g: number, b: number, ofR: number, ofG: number, ofB: number): number {
  return (ofR * r + ofG * g + ofB * b + (128 << 16) + 32767) >> 16;
}

/** Codes of one block: the mean as a difference, then runs of zeros with the coefficient that ends them. */
function writeBlock(writer: BitWriter, block: Int32Array, lastDc: number, { dc, ac }: Plane): void {
  const difference = block[0] - lastDc, size = bitLength(difference);
  writer.code(dc, size);
  writer.bits(difference < 0 ? difference - 1 : difference, size);
  let run = 0;
  for (let k = 1; k < 64; k++) {
    const value = block[naturalOrder[k]];
    if (value === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) writer.code(ac, 0xf0);
    const size = bitLength(value);
    writer.code(ac, (run << 4) | size);
    writer.bits(value < 0 ? value - 1 : value, size);
    run = 0;
  }
  if (run > 0) writer.code(ac, 0);
}

function bitLength(value: number): number {
  return 32 - Math.clz32(Math.abs(value));
}

/** Everything before the codes: JFIF at 300 dots an inch as TensorFlow writes it, tables, frame and scan. */
function writeHeaders(writer: BitWriter, height: number, width: number, planes: readonly Plane[]): void {
  writer.bytes(0xff, 0xd8);
  writer.segment(0xe0, [...new TextEncoder().encode("JFIF\0"), 1, 1, 1, 1, 44, 1, 44, 0, 0]);
  for (const table of [0, 1]) writer.segment(0xdb, [table, ...Array(64).fill(1)]);
  const frame = planes.flatMap(({ sampling }, i) => [i + 1, sampling * 0x11, Math.min(i, 1)]);
  writer.segment(0xc0, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, planes.length, ...frame]);
  for (const [i, { dc, ac }] of planes.slice(0, 2).entries()) {
    writer.segment(0xc4, [i, ...dc.definition]);
    writer.segment(0xc4, [0x10 | i, ...ac.definition]);
  }
  const scan = planes.flatMap((_, i) => [i + 1, Math.min(i, 1) * 0x11]);
  writer.segment(0xda, [planes.length, ...scan, 0, 63, 0]);
}
