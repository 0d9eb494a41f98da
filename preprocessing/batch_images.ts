/**
 * A batch of pictures of any size as the device takes it: what is sampled of their pixels, and a record of each.
 *
 * Only the rows and columns that some tap meets are packed. So a batch has at most as many bytes as its images have taps,
 * four times the image for bilinear resizing, however large the pictures are.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { DISTORTION_WORDS } from "../kernels/distort.ts";
import { packPicture, PICTURE_WORDS } from "../kernels/image.ts";
import type { ParamValues } from "../kernels/kernel.ts";
import type { Erasing, Mixing } from "./augmentation.ts";
import type { ColorChanges } from "./color_changes.ts";
import { type Distortion, distortionRecord } from "./rand_augment.ts";
import type { Taps } from "./resize_taps.ts";
import { type Sampling, samplingTaps, type SourcePicture } from "./sampling.ts";

/** A picture and what is to be made of it. */
export interface PreparedPicture {
  /** The picture. */
  readonly picture: SourcePicture;
  /** Which of its pixels are shown. */
  readonly sampling: Sampling;
  /** Left out: none. */
  readonly colors?: ColorChanges;
  /** Operations of RandAugment, as many for each picture of a batch. Left out: none. */
  readonly distortions?: readonly Distortion[];
  /** Left out: nothing is erased. */
  readonly erasing?: Erasing;
  /** Left out: it is not mixed with another. */
  readonly mixing?: Mixing;
}

/** What a program is fed. */
export interface PackedBatch {
  /** Taps and pixels; valid until the next batch is packed. */
  readonly pixels: Uint8Array;
  /** [places, PICTURE_WORDS] */
  readonly pictures: Uint32Array;
  /** [places, operations, DISTORTION_WORDS]; empty where there are none. */
  readonly distortions: Uint32Array;
}

/** Packs batches into memory of its own, which grows to what the largest one needs. */
export class BatchPacker {
  #memory = new ArrayBuffer(0);

  /** Packs a batch of `places`, of which the last ones may be empty. */
  pack(prepared: readonly PreparedPicture[], places: number): PackedBatch {
    const parts = prepared.map(partOf), pictures = new Uint32Array(places * PICTURE_WORDS);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    if (bytes > this.#memory.byteLength) this.#memory = new ArrayBuffer(2 * bytes);
    let at = 0;
    parts.forEach((part, i) => {
      const record = write(part, this.#memory, at);
      pictures.set(packPicture({ ...record, ...part.changes }), i * PICTURE_WORDS);
      at += part.bytes;
    });
    const pixels = new Uint8Array(this.#memory, 0, bytes);
    return { pixels, pictures, distortions: packDistortions(prepared, places) };
  }
}

function packDistortions(prepared: readonly PreparedPicture[], places: number): Uint32Array {
  const count = prepared[0]?.distortions?.length ?? 0,
    words = new Uint32Array(places * count * DISTORTION_WORDS);
  prepared.forEach(({ distortions = [] }, i) =>
    distortions.forEach((d, k) => words.set(distortionRecord(d), (i * count + k) * DISTORTION_WORDS))
  );
  return words;
}

/** A picture of which is known what to pack. */
interface Part {
  readonly picture: SourcePicture;
  /** Fields of the record beside those that say where it is. */
  readonly changes: ParamValues;
  readonly rows: Taps;
  readonly columns: Taps;
  readonly keptRows: Kept;
  readonly keptColumns: Kept;
  /** Of taps and pixels, a multiple of four. */
  readonly bytes: number;
}

function partOf({ picture, sampling, colors, erasing, mixing }: PreparedPicture): Part {
  const mixed = mixing && { partner: mixing.partner, share: mixing.share, pasted: mixing.pasted };
  const { rows, columns } = samplingTaps(sampling);
  const keptRows = keep(rows.indices, picture.height), keptColumns = keep(columns.indices, picture.width);
  const pixels = keptRows.indices.length * keptColumns.indices.length * picture.channels;
  const taps = rows.indices.length + columns.indices.length;
  return {
    picture,
    changes: { ...colors, ...erasing, ...mixed },
    rows,
    columns,
    keptRows,
    keptColumns,
    bytes: 8 * taps + Math.ceil(pixels / 4) * 4,
  };
}

/** Which rows or columns of a picture are packed. */
interface Kept {
  /** In ascending order. */
  readonly indices: Int32Array;
  /** Where each of them lies among those; only of the kept ones. */
  readonly places: Int32Array;
}

/** Those that taps meet, or all between the first and the last of them where that is not twice as many. */
function keep(met: Int32Array, size: number): Kept {
  const places = new Int32Array(size);
  let first = size, last = -1, count = 0;
  for (const index of met) {
    if (places[index] === 0) count++;
    places[index] = 1;
    first = Math.min(first, index);
    last = Math.max(last, index);
  }
  const isDense = last - first + 1 < 2 * count;
  const indices = new Int32Array(isDense ? last - first + 1 : count);
  for (let index = first, place = 0; index <= last; index++) {
    if (!isDense && places[index] === 0) continue;
    indices[place] = index;
    places[index] = place++;
  }
  return { indices, places };
}

/** Writes taps and pixels from byte `at` on; returns where they are. */
function write({ picture, rows, columns, keptRows, keptColumns }: Part, memory: ArrayBuffer, at: number) {
  const { data, channels, part = { x: 0, y: 0, width: picture.width } } = picture;
  const lineBytes = keptColumns.indices.length * channels;
  const firstRow = at / 4, firstColumn = firstRow + 2 * rows.indices.length;
  writeTaps(memory, firstRow, rows, keptRows, lineBytes);
  writeTaps(memory, firstColumn, columns, keptColumns, channels);
  const pixels = 4 * (firstColumn + 2 * columns.indices.length);
  const to = new Uint8Array(memory, pixels, keptRows.indices.length * lineBytes);
  const [left] = keptColumns.indices,
    isDense = keptColumns.indices.at(-1)! - left + 1 === keptColumns.indices.length;
  let line = 0;
  for (const row of keptRows.indices) {
    if (isDense) {
      const start = ((row - part.y) * part.width + left - part.x) * channels;
      to.set(data.subarray(start, start + lineBytes), line);
    } else {
      let place = line;
      for (const column of keptColumns.indices) {
        const start = ((row - part.y) * part.width + column - part.x) * channels;
        for (let c = 0; c < channels; c++) to[place++] = data[start + c];
      }
    }
    line += lineBytes;
  }
  return {
    pixels,
    rows: firstRow,
    columns: firstColumn,
    rowTaps: rows.perOutput,
    columnTaps: columns.perOutput,
  };
}

function writeTaps(memory: ArrayBuffer, word: number, taps: Taps, { places }: Kept, unit: number): void {
  const offsets = new Uint32Array(memory, 4 * word, 2 * taps.indices.length);
  const weights = new Float32Array(memory, 4 * word, 2 * taps.indices.length);
  taps.indices.forEach((index, i) => {
    offsets[2 * i] = places[index] * unit;
    weights[2 * i + 1] = taps.weights[i];
  });
}
