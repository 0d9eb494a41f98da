/**
 * Scans of baseline and extended sequential JPEG: every block whole, in one piece.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type BlockReader, required } from "./blocks.ts";
import { extend, findLongCode, type HuffmanTable, LOOK } from "./huffman.ts";
import { naturalOrder } from "./natural_order.ts";
import type { Scan } from "./segments.ts";

const SHIFT = 32 - LOOK;

/**
 * Reads the difference of a block's DC coefficient to the one before.
 *
 * @param position where it begins, in bits; moved behind it
 */
export function readDcDifference(view: DataView, position: { at: number }, table: HuffmanTable): number {
  const bits = view.getUint32(position.at >>> 3) << (position.at & 7);
  const code = table.symbols[bits >>> SHIFT] || findLongCode(table, bits);
  const size = code >> 8;
  position.at += code & 0xff;
  if (size === 0) return 0;
  const rest = view.getUint32(position.at >>> 3) << (position.at & 7);
  position.at += size;
  return extend(rest >>> (32 - size), size);
}

/**
 * Reads the 63 AC coefficients of a block.
 *
 * @param at where they begin, in bits
 * @param block zeros, which the coefficients are put among, in the order of rows
 * @param from where the block begins there
 * @returns the bit behind them
 */
export function readAc(
  view: DataView,
  at: number,
  table: HuffmanTable,
  block: Int16Array,
  from: number,
): number {
  const { coefficients } = table;
  for (let k = 1; k < 64;) {
    const bits = view.getUint32(at >>> 3) << (at & 7);
    const entry = coefficients[bits >>> SHIFT];
    const number = entry >> 16;
    if (number !== 0) {
      at += entry & 0xff;
      k += (entry >> 8) & 15;
      block[from + naturalOrder[k++]] = number;
      continue;
    }
    const code = entry || findLongCode(table, bits);
    const zeros = code >> 12, size = (code >> 8) & 15;
    at += code & 0xff;
    if (size === 0) {
      if (zeros !== 15) break;
      k += 16;
      continue;
    }
    const rest = view.getUint32(at >>> 3) << (at & 7);
    at += size;
    k += zeros;
    block[from + naturalOrder[k++]] = extend(rest >>> (32 - size), size);
  }
  return at;
}

/** Passes over the 63 AC coefficients of a block that nobody needs. Returns the bit behind them. */
export function skipAc(view: DataView, at: number, table: HuffmanTable): number {
  const { coefficients } = table;
  for (let k = 1; k < 64;) {
    const bits = view.getUint32(at >>> 3) << (at & 7);
    const entry = coefficients[bits >>> SHIFT];
    if (entry >> 16 !== 0) {
      at += entry & 0xff;
      k += ((entry >> 8) & 15) + 1;
      continue;
    }
    const code = entry || findLongCode(table, bits);
    const zeros = code >> 12, size = (code >> 8) & 15;
    at += (code & 0xff) + size;
    if (size === 0 && zeros !== 15) break;
    k += zeros + 1;
  }
  return at;
}

/** What becomes of the blocks of a component. */
export interface BlockSink {
  /** Where to put the coefficients of a block, from which place on; `undefined` if nobody needs it. */
  place(x: number, y: number): number | undefined;
  /** What it is a place in; zeros there. */
  readonly coefficients: Int16Array;
  /** Called when the block at `x`, `y` is whole. */
  done(x: number, y: number): void;
}

/** Reads whole blocks. */
export class SequentialReader implements BlockReader {
  at = 0;
  readonly #dc: HuffmanTable[];
  readonly #ac: HuffmanTable[];
  readonly #last: Int32Array;
  readonly #sinks: readonly BlockSink[];

  constructor(scan: Scan, sinks: readonly BlockSink[]) {
    this.#dc = scan.components.map(({ dc }) => required(dc, scan));
    this.#ac = scan.components.map(({ ac }) => required(ac, scan));
    this.#last = new Int32Array(sinks.length);
    this.#sinks = sinks;
  }

  block(view: DataView, component: number, x: number, y: number): void {
    const last = this.#last[component] += readDcDifference(view, this, this.#dc[component]);
    const sink = this.#sinks[component], from = sink.place(x, y);
    if (from === undefined) {
      this.at = skipAc(view, this.at, this.#ac[component]);
      return;
    }
    sink.coefficients[from] = last;
    this.at = readAc(view, this.at, this.#ac[component], sink.coefficients, from);
    sink.done(x, y);
  }

  restart(): void {
    this.at = 0;
    this.#last.fill(0);
  }
}
