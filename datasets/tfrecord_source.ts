/**
 * Records in TFRecord files, any of them by number.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, reasonOf } from "../formats/errors.ts";
import { type Files, isTemporaryName } from "../formats/files.ts";
import { indexTfRecords, readTfRecord, type TfRecordEntry } from "../formats/tfrecord.ts";
import { joinPath } from "../formats/paths.ts";
import { checkIndex, type ChoosePart, type LabelledImage, type RecordSource } from "./dataset.ts";
import { decodeRecord, type DecodingOptions, type PictureRecord } from "./picture_record.ts";

/** How records are read and decoded. */
export interface RecordOptions extends DecodingOptions {
  /** Finds the picture in the data of a record. */
  readonly read: (record: Uint8Array) => PictureRecord;
  /** Values a pixel, whatever the pictures have: 1 grey, 3 red, green and blue. */
  readonly channels: 1 | 3;
  /** Labels must lie below. */
  readonly numClasses: number;
}

/**
 * Opens uncompressed TFRecord files as one sequence of records: those of the first file, of the second, ...
 *
 * Reads every record's header, so that the number of records is known and a cut file is found before the first step.
 *
 * @throws {NotFoundError} if a file is missing
 * @throws {DataLossError} if a file is cut or a header damaged
 */
export async function openTfRecords(
  files: Files,
  paths: readonly string[],
  options: RecordOptions,
): Promise<RecordSource> {
  const indexes = await Promise.all(paths.map((path) => indexTfRecords(files, path)));
  const shards: Shard[] = [];
  let size = 0;
  indexes.forEach((entries, i) => {
    shards.push({ path: paths[i], entries, start: size });
    size += entries.length;
  });
  return new TfRecordSource(files, shards, size, options);
}

/** Bytes of records that are read at once for their labels: a few seconds' worth. */
const LABEL_BYTES = 2 ** 30;

interface Shard {
  path: string;
  entries: TfRecordEntry[];
  /** Number of its first record in the whole. */
  start: number;
}

class TfRecordSource implements RecordSource {
  readonly size: number;
  readonly label?: RecordSource["label"];
  readonly #files: Files;
  readonly #shards: readonly Shard[];
  readonly #options: RecordOptions;

  constructor(
    files: Files,
    shards: readonly Shard[],
    size: number,
    options: RecordOptions,
  ) {
    this.#files = files;
    this.#shards = shards;
    this.#options = options;
    this.size = size;
    const bytes = shards.reduce((sum, { entries }) => sum + (entries.at(-1)?.offset ?? 0), 0);
    if (bytes <= LABEL_BYTES) this.label = async (index) => (await this.#read(index)).label;
  }

  async get(index: number, choosePart?: ChoosePart): Promise<LabelledImage> {
    const { channels, numClasses } = this.#options, picture = await this.#read(index);
    let image: LabelledImage;
    try {
      image = await decodeRecord(picture, channels, this.#options, choosePart);
    } catch (thrown) {
      throw this.#damaged(index, thrown);
    }
    if (image.label >= 0 && image.label < numClasses) return image;
    throw new RangeError(
      `Cannot use ${this.describe(index)}: its label is ${image.label}, but there are classes 0 to ${
        numClasses - 1
      } ` +
        "only; check the file of labels",
    );
  }

  async #read(index: number): Promise<PictureRecord> {
    const { path, entry, record } = this.#find(index);
    const bytes = await readTfRecord(this.#files, path, entry, record);
    try {
      return this.#options.read(bytes);
    } catch (thrown) {
      throw this.#damaged(index, thrown);
    }
  }

  #damaged(index: number, thrown: unknown): DataLossError {
    const { path, entry: { offset }, record } = this.#find(index);
    return new DataLossError(
      `Cannot decode ${this.describe(index)}: ${reasonOf(thrown)}`,
      { path, offset, record },
      { cause: thrown },
    );
  }

  describe(index: number): string {
    const { path, entry, record } = this.#find(index);
    return `record ${record} of "${path}" (at byte ${entry.offset})`;
  }

  #find(index: number): { path: string; entry: TfRecordEntry; record: number } {
    checkIndex(this, index);
    const { path, entries, start } = this.#shards.findLast(({ start }) => start <= index)!;
    return { path, entry: entries[index - start], record: index - start };
  }
}

/**
 * Lists the files of a split: `pattern` with `%s` replaced by the split's name, in `directory`, sorted by name.
 *
 * @param pattern a file name; `*` stands for any characters, `?` for one
 */
export async function findShards(
  files: Files,
  directory: string,
  pattern: string,
  splitName: string,
): Promise<string[]> {
  const parts = pattern.replaceAll("%s", splitName).split(/([*?])/);
  const source = parts.map((part) => part === "*" ? ".*" : part === "?" ? "." : escapeRegExp(part)).join("");
  const matches = new RegExp(`^${source}$`, "u");
  const names = (await files.list(directory)).filter((name) => matches.test(name) && !isTemporaryName(name));
  return names.sort().map((name) => joinPath(directory, name));
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
}
