/**
 * What a data set is: labelled images that can be had by number, and what is known about them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** One decoded picture and its class. */
export interface LabelledImage {
  /** Pixels, `[height, width, channels]`, 0 to 255. */
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
}

/** Labelled images by number, wherever they come from. */
export interface RecordSource {
  /** How many there are. */
  readonly size: number;
  /**
   * Reads and decodes one of them.
   *
   * @param index 0 to `size` - 1
   * @throws {Error} if the record is damaged, names the file and the offset
   */
  get(index: number): Promise<LabelledImage>;
  /** Where one of them is, for messages: its number, file and offset. */
  describe(index: number): string;
  /** Whether decoded images are kept, so that reading all of them once costs nothing in the end. @default {false} */
  readonly isKept?: boolean;
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
 * Keeps the decoded images of a small data set in memory, so that only its first epoch decodes.
 *
 * The whole of MNIST takes 47 MB. A set that would take more than `maxBytes` (its size times the bytes of its first
 * image) is not kept at all: a part of it would only help a part of the steps.
 *
 * @param first record 0, already decoded
 */
export function cached(
  source: RecordSource,
  first: LabelledImage,
  maxBytes: number = DEFAULT_CACHE_BYTES,
): RecordSource {
  if (source.size * first.data.length > maxBytes) return source;
  const kept: (LabelledImage | undefined)[] = new Array(source.size).fill(undefined);
  kept[0] = first;
  return {
    size: source.size,
    get: async (index) => kept[index] ??= await source.get(index),
    describe: (index) => source.describe(index),
    isKept: true,
  };
}
