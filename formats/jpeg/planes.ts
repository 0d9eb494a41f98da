/**
 * From a file's scans to planes of samples, one a component, as far as a box needs them.
 *
 * A picture whose only scan holds everything goes block by block from bits to samples. Others, progressive ones above all,
 * collect their coefficients first.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Box } from "../pixels.ts";
import { readBlocks } from "./blocks.ts";
import { type BlockRange, blocksOf, type Frame, type FrameComponent, paddedBlocks } from "./frame.ts";
import { inverseDct, scaleQuantization } from "./inverse_dct.ts";
import { damaged } from "./markers.ts";
import { progressiveReader, type StoredBlocks } from "./progressive.ts";
import type { Plane } from "./rows.ts";
import type { Scan, SegmentReader } from "./segments.ts";
import { type BlockSink, SequentialReader } from "./sequential.ts";

/** Encoders write about ten scans; a hundred thousand of them would take hours. */
const MAX_SCANS = 100;

/**
 * Decodes the scans.
 *
 * @param reader stands behind the frame's header
 * @param box the pixels that are wanted
 * @param count the first so many components are wanted
 * @throws {DataLossError} if the file is damaged or cut
 */
export function decodePlanes(
  file: Uint8Array,
  reader: SegmentReader,
  frame: Frame,
  box: Box,
  count: number,
): Plane[] {
  const scan = reader.nextScan();
  if (!scan) throw damaged("it has no picture data", reader.offset);
  const wanted = frame.components.map((component, i) => new WantedBlocks(frame, component, box, i < count));
  if (!frame.isProgressive && scan.components.length === frame.components.length) {
    reader.offset = readBlocks(
      file,
      frame,
      scan,
      new SequentialReader(
        scan,
        scan.components.map(({ component }) => new DirectBlocks(find(wanted, component))),
      ),
      Math.max(...wanted.map(({ range, component }) => Math.ceil(range.bottom / component.v))),
    );
    if (reader.nextScan()) throw damaged("it goes on behind its only scan", reader.offset);
  } else {
    const stored = collect(file, reader, frame, scan);
    wanted.slice(0, count).forEach((blocks, i) => blocks.transform(stored[i]));
  }
  return wanted.slice(0, count).map(({ plane }) => plane);
}

function find<T extends { component: FrameComponent }>(all: readonly T[], component: FrameComponent): T {
  return all.find((one) => one.component === component)!;
}

/** Reads all scans into coefficients. */
function collect(file: Uint8Array, reader: SegmentReader, frame: Frame, first: Scan): StoredBlocks[] {
  const stored = frame.components.map((component) => {
    const { across, down } = paddedBlocks(frame, component);
    return { component, across, coefficients: new Int16Array(64 * across * down) };
  });
  let scans = 0;
  for (let scan: Scan | undefined = first; scan; scan = reader.nextScan()) {
    if (++scans > MAX_SCANS) throw damaged(`it has more than ${MAX_SCANS} scans`, scan.offset);
    const targets = scan.components.map(({ component }) => find(stored, component));
    const blocks = frame.isProgressive
      ? progressiveReader(scan, targets)
      : new SequentialReader(scan, targets.map(storingSink));
    reader.offset = readBlocks(file, frame, scan, blocks);
  }
  return stored;
}

function storingSink({ across, coefficients }: StoredBlocks): BlockSink {
  return { coefficients, place: (x, y) => 64 * (y * across + x), done: () => {} };
}

/** The blocks of a component that a box needs, and the plane that they fill. */
class WantedBlocks {
  readonly range: BlockRange;
  readonly plane: Plane;
  #scale?: Int16Array;

  constructor(frame: Frame, readonly component: FrameComponent, box: Box, isWanted: boolean) {
    const range = this.range = isWanted
      ? blocksOf(frame, component, box)
      : { left: 0, right: 0, top: 0, bottom: 0 };
    const stride = 8 * (range.right - range.left);
    const samples = new Uint8Array(8 * stride * (range.bottom - range.top)).fill(128);
    this.plane = { component, samples, stride, left: 8 * range.left, top: 8 * range.top };
  }

  /** Puts a block's samples in their place. */
  put(x: number, y: number, coefficients: Int16Array, from: number): void {
    const { plane: { samples, stride }, range, component } = this;
    const scale = this.#scale ??= scaleQuantization(component.quantization!);
    inverseDct(coefficients, from, scale, samples, 8 * ((y - range.top) * stride + x - range.left), stride);
  }

  /** Puts all blocks in their place, unless no scan held them. */
  transform({ across, coefficients }: StoredBlocks): void {
    if (!this.component.quantization) return;
    const { left, right, top, bottom } = this.range;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) this.put(x, y, coefficients, 64 * (y * across + x));
    }
  }
}

/** One block after another, transformed at once. */
class DirectBlocks implements BlockSink {
  readonly coefficients = new Int16Array(64);

  constructor(readonly wanted: WantedBlocks) {}

  place(x: number, y: number): number | undefined {
    const { left, right, top, bottom } = this.wanted.range;
    return x >= left && x < right && y >= top && y < bottom ? 0 : undefined;
  }

  done(x: number, y: number): void {
    this.wanted.put(x, y, this.coefficients, 0);
    this.coefficients.fill(0);
  }
}
