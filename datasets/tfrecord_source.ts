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
import { checkIndex, type LabelledImage, type RecordSource } from "./dataset.ts";
import { joinPath } from "../formats/paths.ts";

/**
 * Opens uncompressed TFRecord files as one sequence of records: those of the first file, of the second, ...
 *
 * Reads every record's header, so that the number of records is known and a cut file is found before the first step.
 *
 * @param decode turns the data of a record into an image
 * @throws {NotFoundError} if a file is missing
 * @throws {DataLossError} if a file is cut or a header damaged
 */
export async function openTfRecords(
  files: Files,
  paths: readonly string[],
  decode: (record: Uint8Array) => LabelledImage,
): Promise<RecordSource> {
  const indexes = await Promise.all(paths.map((path) => indexTfRecords(files, path)));
  const shards: Shard[] = [];
  let size = 0;
  indexes.forEach((entries, i) => {
    shards.push({ path: paths[i], entries, start: size });
    size += entries.length;
  });
  return new TfRecordSource(files, shards, size, decode);
}

interface Shard {
  path: string;
  entries: TfRecordEntry[];
  /** Number of its first record in the whole. */
  start: number;
}

class TfRecordSource implements RecordSource {
  readonly size: number;
  readonly #files: Files;
  readonly #shards: readonly Shard[];
  readonly #decode: (record: Uint8Array) => LabelledImage;

  constructor(
    files: Files,
    shards: readonly Shard[],
    size: number,
    decode: (record: Uint8Array) => LabelledImage,
  ) {
    this.#files = files;
    this.#shards = shards;
    this.#decode = decode;
    this.size = size;
  }

  async get(index: number): Promise<LabelledImage> {
    const { path, entry, record } = this.#find(index);
    const bytes = await readTfRecord(this.#files, path, entry);
    try {
      return this.#decode(bytes);
    } catch (thrown) {
      throw new DataLossError(
        `Cannot decode ${this.describe(index)}: ${reasonOf(thrown)}; make the file again`,
        { path, offset: entry.offset, record },
        { cause: thrown },
      );
    }
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
