/**
 * Where the pixels of a prepared image come from: a box of the picture, resized, of which a window is seen.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Box as Part } from "../formats/pixels.ts";
import { type ResizeMethod, resizeTaps, type Taps } from "./resize_taps.ts";

/** [vertical, horizontal] */
export type Pair = readonly [number, number];
/** Whole pixels: [top, left, height, width]. */
export type PixelBox = readonly [number, number, number, number];

/** Rows and columns. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
}

/** What is known of a picture before it is decoded. */
export interface PictureAbout extends PictureSize {
  readonly channels: number;
  /** Boxes around what the picture shows, [boxes, 4]: ymin, xmin, ymax, xmax, each 0 to 1; left out: unknown. */
  readonly boxes?: Float32Array;
}

/** A decoded picture of any size. */
export interface SourcePicture extends PictureAbout {
  /** Pixels, `[height, width, channels]`, 0 to 255; of a part, those of the part. */
  readonly data: Uint8Array;
  /** The part that was decoded. Left out: all of it. */
  readonly part?: Part;
}

/** Which pixels of a picture an image of a batch shows. */
export interface Sampling {
  /** The part of the picture that is resized. */
  readonly crop: PixelBox;
  /** Its size after that. */
  readonly resized: Pair;
  readonly method: ResizeMethod;
  /** @default {false} */
  readonly alignCorners?: boolean;
  /** Where in the resized part the window begins; outside of the part are zeros. */
  readonly corner: Pair;
  /** Size of the window: what the net gets. */
  readonly size: Pair;
  /** Whether the window is seen from behind: left and right change places. */
  readonly flip: boolean;
}

/** The whole picture as it is, seen through a window that begins at `corner`. */
export function windowOf({ height, width }: PictureSize, corner: Pair, size: Pair, flip = false): Sampling {
  const resized: Pair = [height, width];
  return { crop: [0, 0, height, width], resized, method: "nearest", corner, size, flip };
}

/** The central part of that size, or the picture amid zeros: `tf.image.resize_image_with_crop_or_pad`. */
export function cropOrPad(picture: PictureSize, size: Pair): Sampling {
  const corner = (from: number, to: number) => Math.trunc((from - to) / 2);
  return windowOf(picture, [corner(picture.height, size[0]), corner(picture.width, size[1])], size);
}

/** A part of the picture, resized to the whole of the window. */
export function resizeCrop(crop: PixelBox, size: Pair, method: ResizeMethod, flip = false): Sampling {
  return { crop, resized: size, method, corner: [0, 0], size, flip };
}

/** The taps of the window's rows and columns; their indices count within the picture. */
export function samplingTaps(sampling: Sampling): { rows: Taps; columns: Taps } {
  const { crop, resized, method, alignCorners, corner, size, flip } = sampling;
  const taps = (axis: 0 | 1, isReversed: boolean): Taps => {
    const outputs = Array.from(
      { length: size[axis] },
      (_, i) => corner[axis] + (isReversed ? size[axis] - 1 - i : i),
    );
    const found = resizeTaps({ method, from: crop[2 + axis], to: resized[axis], alignCorners }, outputs);
    for (let i = 0; i < found.indices.length; i++) found.indices[i] += crop[axis];
    return found;
  };
  return { rows: taps(0, false), columns: taps(1, flip) };
}

/** The part of a picture that all of some samplings need. */
export function neededPart(samplings: readonly Sampling[]): Part {
  const taps = samplings.map(samplingTaps),
    range = (of: readonly Taps[]): [first: number, count: number] => {
      let first = Infinity, last = -1;
      for (const { indices } of of) {
        for (const index of indices) {
          first = Math.min(first, index);
          last = Math.max(last, index);
        }
      }
      return [first, last - first + 1];
    };
  const [y, height] = range(taps.map(({ rows }) => rows)),
    [x, width] = range(taps.map(({ columns }) => columns));
  return { y, x, height, width };
}
