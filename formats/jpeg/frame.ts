/**
 * The geometry of a JPEG picture: components, their blocks, and which of these a window needs.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Box } from "../pixels.ts";
import { damaged } from "./markers.ts";

/** As libjpeg: no side may be longer. */
const MAX_SIDE = 65500;

/** One of the planes that a picture is made of: brightness, a colour difference, ... */
export interface FrameComponent {
  readonly id: number;
  /** Samples across for each group of blocks, in blocks: 1 to 4. */
  readonly h: number;
  /** Samples down, in blocks. */
  readonly v: number;
  /** Samples across in the whole picture, without padding. */
  readonly width: number;
  /** Samples down. */
  readonly height: number;
  /** Number of its quantization table. */
  readonly tableId: number;
  /** That table as it was when the component's first scan began, in the order of rows. */
  quantization?: Uint16Array;
}

/** The frame's header. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly components: readonly FrameComponent[];
  /** The largest `h` of all components. */
  readonly maxH: number;
  readonly maxV: number;
}

/** A rectangle of blocks: columns `left` to `right` - 1, rows `top` to `bottom` - 1. */
export interface BlockRange {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Reads a frame's header, the content of an SOF segment. */
export function createFrame(content: Uint8Array, isProgressive: boolean, offset: number): Frame {
  const count = content[5];
  if (content.length < 6 || content.length !== 6 + 3 * count) {
    throw damaged("its frame header has a wrong length", offset);
  }
  const height = (content[1] << 8) | content[2], width = (content[3] << 8) | content[4];
  if (content[0] !== 8) {
    throw new TypeError(`Cannot decode a JPEG of ${content[0]} bits a sample; save it with 8 bits`);
  }
  if (width === 0 || height === 0 || count === 0) throw damaged("it has no pixels", offset);
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new RangeError(
      `Cannot decode a JPEG of ${width} x ${height} pixels: no side may be longer than ${MAX_SIDE}; scale it down`,
    );
  }
  const raw = Array.from({ length: count }, (_, i) => {
    const [id, factors, tableId] = content.subarray(6 + 3 * i);
    return { id, h: factors >> 4, v: factors & 15, tableId };
  });
  if (raw.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw damaged("it has impossible sampling factors", offset);
  }
  const maxH = Math.max(...raw.map(({ h }) => h)), maxV = Math.max(...raw.map(({ v }) => v));
  const components = raw.map((component) => ({
    ...component,
    width: Math.ceil(width * component.h / maxH),
    height: Math.ceil(height * component.v / maxV),
  }));
  return { width, height, isProgressive, components, maxH, maxV };
}

/** The blocks of a component that the pixels of a box depend on: smooth enlarging looks one sample farther. */
export function blocksOf(
  { maxH, maxV }: Frame,
  { h, v, width, height }: FrameComponent,
  box: Box,
): BlockRange {
  const reachX = h < maxH ? 1 : 0, reachY = v < maxV ? 1 : 0;
  const first = (start: number, reach: number) => Math.max(0, Math.floor(start) - reach) >> 3;
  const behind = (end: number, reach: number, size: number) =>
    (Math.min(size - 1, Math.floor(end) + reach) >> 3) + 1;
  return {
    left: first(box.x * h / maxH, reachX),
    right: behind((box.x + box.width - 1) * h / maxH, reachX, width),
    top: first(box.y * v / maxV, reachY),
    bottom: behind((box.y + box.height - 1) * v / maxV, reachY, height),
  };
}

/** Blocks of a component across and down, whole groups: what a scan of several components holds. */
export function paddedBlocks(frame: Frame, { h, v }: FrameComponent): { across: number; down: number } {
  return {
    across: h * Math.ceil(frame.width / (8 * frame.maxH)),
    down: v * Math.ceil(frame.height / (8 * frame.maxV)),
  };
}
