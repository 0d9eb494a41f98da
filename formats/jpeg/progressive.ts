/**
 * Scans of progressive JPEG: some coefficients at a time, the high bits first.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type BlockReader, required } from "./blocks.ts";
import { extend, findLongCode, type HuffmanTable, LOOK } from "./huffman.ts";
import { damaged } from "./markers.ts";
import { naturalOrder } from "./natural_order.ts";
import type { Scan } from "./segments.ts";
import { readDcDifference } from "./sequential.ts";

/** The coefficients of a component: 64 a block, row after row of blocks. */
export interface StoredBlocks {
  readonly across: number;
  readonly coefficients: Int16Array;
}

/** Chooses how to read the blocks of a scan into what earlier scans left. */
export function progressiveReader(scan: Scan, stored: readonly StoredBlocks[]): BlockReader {
  const { first, last, high, low, components } = scan;
  const isDc = first === 0;
  const isPossible = (isDc ? last === 0 : first <= last && last < 64 && components.length === 1) &&
    (high === 0 || low === high - 1) && low <= 13;
  if (!isPossible) throw damaged("a scan holds an impossible part of the coefficients", scan.offset);
  if (isDc) return high === 0 ? new DcFirst(scan, stored) : new DcRefinement(stored, low);
  const table = required(components[0].ac, scan);
  return high === 0 ? new AcFirst(scan, stored[0], table) : new AcRefinement(scan, stored[0], table);
}

class DcFirst implements BlockReader {
  at = 0;
  readonly #tables: HuffmanTable[];
  readonly #stored: readonly StoredBlocks[];
  readonly #low: number;
  readonly #last: Int32Array;

  constructor(scan: Scan, stored: readonly StoredBlocks[]) {
    this.#tables = scan.components.map(({ dc }) => required(dc, scan));
    this.#stored = stored;
    this.#low = scan.low;
    this.#last = new Int32Array(stored.length);
  }

  block(view: DataView, component: number, x: number, y: number): void {
    const { across, coefficients } = this.#stored[component];
    this.#last[component] += readDcDifference(view, this, this.#tables[component]);
    coefficients[64 * (y * across + x)] = this.#last[component] << this.#low;
  }

  restart(): void {
    this.at = 0;
    this.#last.fill(0);
  }
}

class DcRefinement implements BlockReader {
  at = 0;

  constructor(readonly stored: readonly StoredBlocks[], readonly low: number) {}

  block(view: DataView, component: number, x: number, y: number): void {
    const { across, coefficients } = this.stored[component];
    if (readBit(view, this.at++)) coefficients[64 * (y * across + x)] |= 1 << this.low;
  }

  restart(): void {
    this.at = 0;
  }
}

/** What both kinds of AC scans share: the run of blocks that have no more coefficients. */
abstract class AcReader implements BlockReader {
  at = 0;
  /** Blocks left of the run. */
  protected run = 0;
  protected readonly first: number;
  protected readonly last: number;
  protected readonly low: number;

  constructor(scan: Scan, readonly stored: StoredBlocks, readonly table: HuffmanTable) {
    ({ first: this.first, last: this.last, low: this.low } = scan);
  }

  block(view: DataView, _: number, x: number, y: number): void {
    this.coefficients(view, this.stored.coefficients, 64 * (y * this.stored.across + x));
  }

  restart(): void {
    this.at = 0;
    this.run = 0;
  }

  /** Reads the coefficients of the block that begins at `from`. */
  protected abstract coefficients(view: DataView, block: Int16Array, from: number): void;

  protected symbol(view: DataView): number {
    const bits = view.getUint32(this.at >>> 3) << (this.at & 7);
    const code = this.table.symbols[bits >>> (32 - LOOK)] || findLongCode(this.table, bits);
    this.at += code & 0xff;
    return code >> 8;
  }

  protected bits(view: DataView, size: number): number {
    const bits = view.getUint32(this.at >>> 3) << (this.at & 7);
    this.at += size;
    return size === 0 ? 0 : bits >>> (32 - size);
  }
}

class AcFirst extends AcReader {
  protected override coefficients(view: DataView, block: Int16Array, from: number): void {
    if (this.run > 0) {
      this.run--;
      return;
    }
    for (let k = this.first; k <= this.last; k++) {
      const symbol = this.symbol(view), zeros = symbol >> 4, size = symbol & 15;
      if (size > 0) {
        k += zeros;
        block[from + naturalOrder[k]] = extend(this.bits(view, size), size) << this.low;
      } else if (zeros === 15) {
        k += 15;
      } else {
        this.run = (1 << zeros) + this.bits(view, zeros) - 1;
        return;
      }
    }
  }
}

class AcRefinement extends AcReader {
  protected override coefficients(view: DataView, block: Int16Array, from: number): void {
    const plus = 1 << this.low, minus = -1 << this.low;
    let k = this.first;
    if (this.run === 0) {
      for (; k <= this.last; k++) {
        const symbol = this.symbol(view), zeros = symbol >> 4;
        if ((symbol & 15) === 0 && zeros < 15) {
          this.run = (1 << zeros) + this.bits(view, zeros);
          break;
        }
        const fresh = (symbol & 15) === 0 ? 0 : this.bits(view, 1) ? plus : minus;
        k = this.#refine(view, block, from, k, zeros);
        if (fresh !== 0) block[from + naturalOrder[k]] = fresh;
      }
    }
    if (this.run > 0) {
      this.#refine(view, block, from, k, 64);
      this.run--;
    }
  }

  /** Gives a bit more to the coefficients from `k` on that are not zero; returns the place behind `zeros` that are. */
  #refine(view: DataView, block: Int16Array, from: number, k: number, zeros: number): number {
    const { low } = this;
    for (; k <= this.last; k++) {
      const at = from + naturalOrder[k], value = block[at];
      if (value === 0) {
        if (--zeros < 0) break;
      } else if (readBit(view, this.at++) && (value & (1 << low)) === 0) {
        block[at] += value > 0 ? 1 << low : -1 << low;
      }
    }
    return k;
  }
}

function readBit(view: DataView, at: number): number {
  return (view.getUint8(at >>> 3) >> (7 - (at & 7))) & 1;
}
