/**
 * A file that grows by whole records, over many runs.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { concatenateArrays, type Files } from "./files.ts";

/**
 * Gathers records in memory and appends them on {@linkcode AppendLog.flush}, in order and each of them whole.
 *
 * A process that is killed loses what it had not flushed. If it is killed inside a flush, part of a record may remain;
 * the next {@linkcode AppendLog.open} takes it away.
 */
export class AppendLog {
  /** The file. */
  readonly path: string;
  /** Whether there were no records when it was opened. */
  readonly isNew: boolean;
  readonly #files: Files;
  #waiting: Uint8Array[] = [];
  #lastFlush: Promise<void> = Promise.resolve();

  private constructor(files: Files, path: string, isNew: boolean) {
    this.#files = files;
    this.path = path;
    this.isNew = isNew;
  }

  /**
   * Opens a file to go on behind its last whole record; a missing one comes into being at the first flush.
   *
   * @param endOfRecords gives the byte offset behind the last whole record; what lies there is cut off
   */
  static async open(
    files: Files,
    path: string,
    endOfRecords: (bytes: Uint8Array) => number,
  ): Promise<AppendLog> {
    if (await files.size(path) === undefined) return new AppendLog(files, path, true);
    const bytes = await files.read(path), end = endOfRecords(bytes);
    if (end < bytes.length) await files.write(path, [bytes.subarray(0, end)]);
    return new AppendLog(files, path, end === 0);
  }

  /** Takes a record, which must not change any more. */
  add(record: Uint8Array): void {
    this.#waiting.push(record);
  }

  /** Appends all records added so far. If that fails they wait for the next flush. */
  flush(): Promise<void> {
    const flushed = this.#lastFlush.then(() => this.#append());
    this.#lastFlush = flushed.catch(() => {});
    return flushed;
  }

  async #append(): Promise<void> {
    const records = [...this.#waiting];
    if (records.length === 0) return;
    await this.#files.append(this.path, concatenateArrays(records));
    this.#waiting.splice(0, records.length);
  }
}
