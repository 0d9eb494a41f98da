/**
 * The way through the blocks of a scan, with restarts and the end of the data.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { EntropyData } from "./entropy_data.ts";
import { type Frame, paddedBlocks } from "./frame.ts";
import { damaged } from "./markers.ts";
import type { HuffmanTable, TableDefinition } from "./huffman.ts";
import type { Scan } from "./segments.ts";

/** Reads one block after another. */
export interface BlockReader {
  /**
   * Reads the block in column `x` and row `y` of the blocks of a component.
   *
   * @param component its place in the scan
   */
  block(view: DataView, component: number, x: number, y: number): void;
  /** Forgets what earlier blocks left. */
  restart(): void;
  /** The bit that comes next. */
  at: number;
}

/**
 * Reads the blocks of a scan in the order of the file.
 *
 * Where the data of a segment end too early, the block of that place reads zeros, and those up to the next restart are passed
 * over: so does libjpeg.
 *
 * @param lastRow rows of groups of blocks from here on are passed over
 * @returns the offset in the file of the marker where the data end
 * @throws {DataLossError} if the file ends within the scan
 */
export function readBlocks(
  file: Uint8Array,
  frame: Frame,
  scan: Scan,
  reader: BlockReader,
  lastRow = Infinity,
): number {
  const { components, restartInterval } = scan, data = new EntropyData(file, scan.offset);
  const isAlone = components.length === 1, [{ component: only }] = components;
  const widths = components.map(({ component }) => isAlone ? 1 : component.h);
  const heights = components.map(({ component }) => isAlone ? 1 : component.v);
  const padded = paddedBlocks(frame, only);
  const across = isAlone ? Math.ceil(only.width / 8) : padded.across / only.h;
  const down = Math.min(isAlone ? Math.ceil(only.height / 8) : padded.down / only.v, lastRow);
  let left = restartInterval || Infinity, hasData = true;
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++, left--) {
      if (left === 0) {
        left = restartInterval;
        if (data.restart()) hasData = true;
        reader.restart();
      }
      if (!hasData) {
        if (restartInterval === 0 || data.isLast) return data.marker;
        continue;
      }
      for (let i = 0; i < widths.length; i++) {
        const w = widths[i], h = heights[i];
        for (let v = 0; v < h; v++) {
          for (let u = 0; u < w; u++) reader.block(data.view, i, column * w + u, row * h + v);
        }
      }
      hasData = reader.at <= data.end;
    }
  }
  return data.marker;
}

/** A table that a scan cannot do without. */
export function required(definition: TableDefinition | undefined, { offset }: Scan): HuffmanTable {
  if (!definition) throw damaged("a Huffman table is missing", offset);
  return definition.table;
}
