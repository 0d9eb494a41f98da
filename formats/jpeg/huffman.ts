/**
 * Huffman tables, unfolded for reading several bits at once.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { standardCodes } from "./huffman_codes.ts";
import { damaged } from "./markers.ts";

/** Bits that one look at a table resolves. */
export const LOOK = 10;

/** A table of either class. */
export interface HuffmanTable {
  /**
   * By the next {@linkcode LOOK} bits: length of the code in bits 0 to 7, its symbol in bits 8 to 15; 0 if it is longer.
   */
  readonly symbols: Uint16Array;
  /**
   * By the next {@linkcode LOOK} bits, for coefficients: where the code and the number behind it fit, the number in bits 16
   * to 31, the zeros before it in bits 8 to 11 and the length of both in bits 0 to 7. Else as `symbols`; then bits 16 to 31
   * are 0, which no coded number is.
   */
  readonly coefficients: Int32Array;
  /** The largest code of each length, -1 if there is none; behind them a bound that ends every search. */
  readonly largest: Int32Array;
  /** What to add to a code of a length to get its place in `values`. */
  readonly offsets: Int32Array;
  /** The symbols in the order of their codes. */
  readonly values: Uint8Array;
}

/** The number that `size` bits stand for: those that begin with 0 are negative (figure F.12 of ITU T.81). */
export function extend(bits: number, size: number): number {
  return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}

/** A table as a file defines it; it is unfolded, and found damaged, where a scan needs it. */
export class TableDefinition {
  #table?: HuffmanTable;

  /**
   * @param content how many codes there are of 1 to 16 bits, then the symbols
   * @param isDc whether it is for DC coefficients
   * @param offset where it lies, for the message
   */
  constructor(readonly content: Uint8Array, readonly isDc: boolean, readonly offset: number) {}

  /** @throws {DataLossError} if there are more codes than fit, or a symbol is impossible */
  get table(): HuffmanTable {
    return this.#table ??= buildHuffmanTable(this);
  }
}

/** The table that a file of sequential JPEG need not define, as those of motion JPEG do not; `undefined` if there is none. */
export function standardTable(id: number, isDc: boolean): TableDefinition | undefined {
  const codes = [standardCodes.luma, standardCodes.chroma][id]?.[isDc ? 0 : 1];
  return codes && new TableDefinition(Uint8Array.from(codes.definition), isDc, 0);
}

function buildHuffmanTable({ content, isDc, offset }: TableDefinition): HuffmanTable {
  const counts = content.subarray(0, 16), values = content.subarray(16);
  if (isDc && values.some((value) => value > 15)) throw damaged("a Huffman table is impossible", offset);
  const largest = new Int32Array(18).fill(-1), offsets = new Int32Array(17);
  const symbols = new Uint16Array(1 << LOOK), coefficients = new Int32Array(1 << LOOK);
  largest[17] = 0x7fffffff;
  let code = 0, place = 0;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    const count = counts[length - 1];
    offsets[length] = place - code;
    for (let i = 0; i < count; i++, code++, place++) {
      if (code >= 1 << length) throw damaged("a Huffman table has more codes than fit", offset);
      if (length > LOOK) continue;
      const first = code << (LOOK - length);
      symbols.fill(length | (values[place] << 8), first, first + (1 << (LOOK - length)));
    }
    if (count > 0) largest[length] = code - 1;
  }
  for (let bits = 0; bits < symbols.length; bits++) {
    const length = symbols[bits] & 0xff, size = (symbols[bits] >> 8) & 15, left = LOOK - length - size;
    coefficients[bits] = symbols[bits];
    if (length === 0 || size === 0 || left < 0) continue;
    const number = extend((bits >> left) & ((1 << size) - 1), size);
    coefficients[bits] = (number << 16) | ((symbols[bits] >> 4) & 0xf00) | (length + size);
  }
  return { symbols, coefficients, largest, offsets, values };
}

/**
 * Resolves a code longer than {@linkcode LOOK} bits.
 *
 * @param bits the next bits, first bit in the highest place
 * @returns as an entry of `symbols`; a code that the table does not have counts as 17 bits and symbol 0, as in libjpeg
 */
export function findLongCode({ largest, offsets, values }: HuffmanTable, bits: number): number {
  let length = LOOK + 1;
  while ((bits >>> (32 - length)) > largest[length]) length++;
  return length > 16 ? 17 : length | (values[(bits >>> (32 - length)) + offsets[length]] << 8);
}
