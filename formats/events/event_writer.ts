/**
 * Writes event files, which TensorBoard shows while they grow.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { AppendLog } from "../append_log.ts";
import { concatenateArrays, type Files } from "../files.ts";
import { encodeTfRecords, endOfTfRecords } from "../tfrecord.ts";
import { encodeEvent, type EventContent, type SessionStatus } from "./event.ts";
import type { SummaryValue } from "./summary.ts";

/** The version of event files that this module writes: steps start over at a session's `START`. */
const fileVersion = "brain.Event:2";

/**
 * The name by which TensorBoard knows an event file.
 *
 * @param seconds time since 1970; later files of a run must have later ones
 * @param host tells apart files that several machines write into one folder
 */
export function eventFileName(seconds: number, host = "wgslim"): string {
  return `events.out.tfevents.${String(Math.floor(seconds)).padStart(10, "0")}.${host}`;
}

/** Options of {@linkcode EventWriter.open}. */
export interface EventWriterOptions {
  /** Time in milliseconds since 1970. @default {Date.now} */
  now?: () => number;
}

/**
 * Writes one event file.
 *
 * Events wait in memory until {@linkcode EventWriter.flush}, which appends whole records. So the file can be read at any
 * time, and a program that is killed loses only what it had not flushed.
 *
 * @example Usage
 * ```ts
 * import { memoryFiles } from "../files.ts";
 * import { eventFileName, EventWriter } from "./event_writer.ts";
 * import { scalarSummary } from "./summary.ts";
 *
 * const path = `runs/lenet/${eventFileName(Date.now() / 1000)}`;
 * const writer = await EventWriter.open(memoryFiles(), path);
 * writer.addSession("START", 0);
 * writer.addSummary(100, [scalarSummary("total_loss_1", 0.7)]);
 * await writer.flush();
 * ```
 */
export class EventWriter {
  readonly #log: AppendLog;
  readonly #now: () => number;

  private constructor(log: AppendLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * Opens an event file. A missing one begins with the format's version; an existing one is continued, without what a
   * program that was killed may have left behind its last whole record.
   */
  static async open(
    files: Files,
    path: string,
    { now = Date.now }: EventWriterOptions = {},
  ): Promise<EventWriter> {
    const log = await AppendLog.open(files, path, endOfTfRecords), writer = new EventWriter(log, now);
    if (log.isNew) writer.add({ what: "file_version", fileVersion }, 0);
    return writer;
  }

  /** The file. */
  get path(): string {
    return this.#log.path;
  }

  /**
   * Adds an event that happens now.
   *
   * @throws {RangeError} if the step is no integer below 2^53
   */
  add(content: EventContent, step: number): void {
    const record = encodeEvent({ ...content, wallTime: this.#now() / 1000, step });
    this.#log.add(concatenateArrays([...encodeTfRecords([record])]));
  }

  /** Adds the summaries of a step. */
  addSummary(step: number, values: SummaryValue[]): void {
    this.add({ what: "summary", values }, step);
  }

  /** Adds a serialized `GraphDef`, which TensorBoard draws. */
  addGraph(graphDef: Uint8Array): void {
    this.add({ what: "graph_def", graphDef }, 0);
  }

  /**
   * Adds a session's start, stop or checkpoint.
   *
   * @param step on `START` the first step that is to come: TensorBoard drops what it has of that and later steps
   */
  addSession(status: SessionStatus, step: number, checkpointPath = ""): void {
    this.add({ what: "session_log", status, checkpointPath, message: "" }, step);
  }

  /** Appends all events added so far to the file. */
  async flush(): Promise<void> {
    await this.#log.flush();
  }
}
