/**
 * Numbers of a training as tables for other programs: `scalars.csv` and `scalars.jsonl`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { AppendLog } from "./append_log.ts";
import type { Files } from "./files.ts";
import { joinPath } from "./paths.ts";

/** One number of a training. */
export interface Scalar {
  step: number;
  /** Seconds since 1970. */
  wallTime: number;
  tag: string;
  value: number;
}

const header = "step,wall_time,tag,value\n";
const newline = "\n".charCodeAt(0);
const encoder = new TextEncoder();

/**
 * Appends numbers to both tables of a folder, row by row.
 *
 * A resumed run goes on in the same tables; steps that it takes once more come once more. NaN and infinities are `NaN`,
 * `Infinity` and `-Infinity`, in JSON as strings.
 */
export class ScalarLog {
  readonly #csv: AppendLog;
  readonly #jsonl: AppendLog;

  private constructor(csv: AppendLog, jsonl: AppendLog) {
    this.#csv = csv;
    this.#jsonl = jsonl;
    if (csv.isNew) csv.add(encoder.encode(header));
  }

  /** Opens the tables of a folder; a last row that was cut short goes. */
  static async open(files: Files, directory: string): Promise<ScalarLog> {
    const open = (name: string) => AppendLog.open(files, joinPath(directory, name), endOfLines);
    return new ScalarLog(await open("scalars.csv"), await open("scalars.jsonl"));
  }

  /** Adds a row to each table. */
  add({ step, wallTime, tag, value }: Scalar): void {
    this.#csv.add(encoder.encode(`${step},${wallTime},${csvField(tag)},${value}\n`));
    const row = { step, wall_time: wallTime, tag, value: Number.isFinite(value) ? value : String(value) };
    this.#jsonl.add(encoder.encode(JSON.stringify(row) + "\n"));
  }

  /** Appends all rows added so far to the files. */
  async flush(): Promise<void> {
    await Promise.all([this.#csv.flush(), this.#jsonl.flush()]);
  }
}

/** Where the last whole line ends. */
function endOfLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(newline) + 1;
}

/** Text as a field of a table: quoted where it must be (RFC 4180). */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
