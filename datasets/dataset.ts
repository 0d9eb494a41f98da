/**
 * What a data set is: labelled images that can be had by number, and what is known about them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "../formats/errors.ts";
import type { Box } from "../formats/pixels.ts";

/** One decoded picture and its class. */
export interface LabelledImage {
  /** Pixels, `[height, width, channels]`, 0 to 255; of a part, those of the part. */
  data: Uint8Array;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Values a pixel: 1 grey, 3 red, green and blue. */
  channels: number;
  /** Class, 0 to `numClasses` - 1. */
  label: number;
  /** Where the things are that the class is about, [boxes, 4]: ymin, xmin, ymax, xmax, each 0 to 1; left out: unknown. */
  boxes?: Float32Array;
  /** The part of the picture that was decoded; left out: all of it. */
  part?: Box;
}

/** Chooses the part of a picture that is needed, before its pixels are decoded. */
export type ChoosePart = (picture: Omit<LabelledImage, "data" | "label" | "part">) => Box;

/** Labelled images by number, wherever they come from. */
export interface RecordSource {
  /** How many there are. */
  readonly size: number;
  /**
   * Reads and decodes one of them.
   *
   * @param index 0 to `size` - 1
   * @param choosePart asked for the part that is needed; the image may hold more
   * @throws {DataLossError} if this record is damaged; names the file and the offset
   * @throws {Error} if nothing can be read, or the label is no class
   */
  get(index: number, choosePart?: ChoosePart): Promise<LabelledImage>;
  /**
   * Reads the class of one of them, without its image. Left out where reading all of them would take long.
   *
   * @throws {DataLossError} if this record is damaged
   */
  label?(index: number): Promise<number>;
  /** Where one of them is, for messages: its number, file and offset. */
  describe(index: number): string;
}

/**
 * One split of a data set, as TF-Slim's `slim.dataset.Dataset`.
 *
 * `numSamples` is counted in the records, where TF-Slim trusts constants in the source.
 */
export interface Dataset {
  /** Name in the factory, for instance `fashion_mnist`. */
  readonly name: string;
  /** `train`, `test`, ... */
  readonly splitName: string;
  /** The files that the records lie in; none for the embedded sample. */
  readonly files: readonly string[];
  /** How many records there are. */
  readonly numSamples: number;
  /** How many classes there are. */
  readonly numClasses: number;
  /** Names of the classes by label. */
  readonly labelsToNames: ReadonlyMap<number, string>;
  /** Values a pixel after decoding, the same for all images; heights and widths may vary. */
  readonly channels: number;
  /** What the items of a record mean, one sentence each: `image`, `label`. */
  readonly itemsToDescriptions: Readonly<Record<string, string>>;
  /** The records. */
  readonly source: RecordSource;
}

/** Checks the number of a record. */
export function checkIndex(source: RecordSource, index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= source.size) {
    throw new RangeError(`Cannot read record ${index}: the data set has records 0 to ${source.size - 1}`);
  }
}

/** How many bytes of decoded images {@linkcode cached} keeps unless told otherwise: 256 MiB. */
export const DEFAULT_CACHE_BYTES = 256 * 2 ** 20;

/**
 * Keeps decoded images in memory, so that only the first epoch decodes them.
 *
 * The whole of MNIST takes 47 MB. A set that would take more than `maxBytes`, judged by its first image, is not kept at all: a
 * part of it would only help a part of the steps. Where later images are larger, those beyond `maxBytes` are not kept.
 */
export async function cached(
  source: RecordSource,
  maxBytes: number = DEFAULT_CACHE_BYTES,
): Promise<RecordSource> {
  const first = maxBytes > 0 ? await firstImage(source) : undefined;
  return !first || source.size * first.data.length > maxBytes ? source : keeping(source, maxBytes);
}

/** Keeps decoded images as long as they take no more than `maxBytes`. */
export function keeping(source: RecordSource, maxBytes: number): RecordSource {
  const kept: (LabelledImage | undefined)[] = new Array(source.size).fill(undefined);
  let bytes = 0;
  return {
    size: source.size,
    async get(index, choosePart) {
      if (kept[index]) return kept[index];
      if (bytes >= maxBytes) return await source.get(index, choosePart);
      const image = await source.get(index);
      if (!kept[index] && bytes + image.data.length <= maxBytes) {
        kept[index] = image;
        bytes += image.data.length;
      }
      return image;
    },
    label: source.label && ((index) => source.label!(index)),
    describe: (index) => source.describe(index),
  };
}

/** Records to look at for one that is not damaged. */
const FIRST = 100;

async function firstImage(source: RecordSource): Promise<LabelledImage | undefined> {
  for (let index = 0; index < Math.min(source.size, FIRST); index++) {
    try {
      return await source.get(index);
    } catch (thrown) {
      if (!(thrown instanceof DataLossError)) throw thrown;
    }
  }
  return undefined;
}
