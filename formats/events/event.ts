/**
 * Events, the records of TensorBoard's files: a time, a step, and one of several contents.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { reasonOf } from "../errors.ts";
import { MessageWriter } from "../message_writer.ts";
import { eachField } from "../protobuf.ts";
import { decodeTfRecords } from "../tfrecord.ts";
import { decodeSummary, encodeSummary, type SummaryValue } from "./summary.ts";

/** Stages of a session by their number in `event.proto`. */
const sessionStatuses = ["STATUS_UNSPECIFIED", "START", "STOP", "CHECKPOINT"] as const;

/** Stage of a session. On `START` TensorBoard forgets what earlier files have of this step and later ones. */
export type SessionStatus = typeof sessionStatuses[number];

/** What an event holds; `other` is a log message or a run's metadata, kept as it is. */
export type EventContent =
  | { what: "file_version"; fileVersion: string }
  | { what: "graph_def"; graphDef: Uint8Array }
  | { what: "summary"; values: SummaryValue[] }
  | { what: "session_log"; status: SessionStatus; checkpointPath: string; message: string }
  | { what: "meta_graph_def"; metaGraphDef: Uint8Array }
  | { what: "other"; field: number; bytes: Uint8Array }
  | { what: "nothing" };

/** One record of an event file. */
export type TfEvent = {
  /** Seconds since 1970. */
  wallTime: number;
  step: number;
  /** What program wrote the file; stands beside `file_version`. */
  writer?: string;
} & EventContent;

/**
 * Serializes an `Event`.
 *
 * @throws {RangeError} if the step is no integer, or one that a number does not hold exactly
 */
export function encodeEvent(event: TfEvent): Uint8Array {
  const { wallTime, step } = event;
  if (!Number.isSafeInteger(step)) {
    throw new RangeError(`Cannot write an event of step ${step}: give an integer below 2^53`);
  }
  const writer = new MessageWriter().double(1, wallTime).integer(2, step);
  if (event.what === "file_version") writer.string(3, event.fileVersion);
  else if (event.what === "graph_def") writer.message(4, event.graphDef);
  else if (event.what === "summary") writer.message(5, encodeSummary(event.values));
  else if (event.what === "session_log") {
    writer.message(
      7,
      new MessageWriter().integer(1, sessionStatuses.indexOf(event.status))
        .string(2, event.checkpointPath).string(3, event.message),
    );
  } else if (event.what === "meta_graph_def") writer.message(9, event.metaGraphDef);
  else if (event.what === "other") writer.message(event.field, event.bytes);
  if (event.writer !== undefined) writer.message(10, new MessageWriter().string(1, event.writer));
  return writer.finish();
}

/**
 * Reads an `Event`. Byte strings are views of `bytes`.
 *
 * @throws {SyntaxError} if the bytes are no such message
 */
export function decodeEvent(bytes: Uint8Array): TfEvent {
  let wallTime = 0, step = 0, writer: string | undefined, content: EventContent = { what: "nothing" };
  try {
    eachField(bytes, (field, reader) => {
      if (field === 1) wallTime = reader.double();
      else if (field === 2) step = exactly(reader.int64());
      else if (field === 3) content = { what: "file_version", fileVersion: reader.string() };
      else if (field === 4) content = { what: "graph_def", graphDef: reader.bytes() };
      else if (field === 5) content = { what: "summary", values: decodeSummary(reader.bytes()) };
      else if (field === 7) content = decodeSessionLog(reader.bytes());
      else if (field === 9) content = { what: "meta_graph_def", metaGraphDef: reader.bytes() };
      else if (field === 6 || field === 8) content = { what: "other", field, bytes: reader.bytes() };
      else if (field === 10) writer = decodeWriter(reader.bytes());
      else return false;
      return true;
    });
  } catch (thrown) {
    throw new SyntaxError(`Cannot decode an event of ${bytes.length} bytes: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
  return { wallTime, step, ...(writer !== undefined && { writer }), ...content };
}

/** A 64-bit integer as a number. */
function exactly(value: bigint | string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`its step ${value} is beyond 2^53`);
  return number;
}

function decodeSessionLog(bytes: Uint8Array): EventContent {
  let status: SessionStatus | undefined = sessionStatuses[0], checkpointPath = "", message = "";
  eachField(bytes, (field, reader) => {
    if (field === 1) status = sessionStatuses[reader.int32()];
    else if (field === 2) checkpointPath = reader.string();
    else if (field === 3) message = reader.string();
    else return false;
    return true;
  });
  if (status === undefined) throw new Error("the status of its session is unknown");
  return { what: "session_log", status, checkpointPath, message };
}

/** Reads a `SourceMetadata`. */
function decodeWriter(bytes: Uint8Array): string {
  let writer = "";
  eachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    writer = reader.string();
    return true;
  });
  return writer;
}

/**
 * Gives the events of a file, one after the other.
 *
 * @param bytes the file
 * @param path its name, for error messages
 * @throws {DataLossError} at the first damaged record, such as one that a running program has not finished, after all
 * events before it were given
 * @throws {SyntaxError} if a record is no event
 *
 * @example Usage
 * ```ts
 * import { decodeEvents } from "./event.ts";
 * import { memoryFiles } from "../files.ts";
 * import { EventWriter } from "./event_writer.ts";
 *
 * const files = memoryFiles();
 * const writer = await EventWriter.open(files, "run/events.out.tfevents.1795416653.wgslim");
 * await writer.flush();
 * [...decodeEvents(await files.read(writer.path))].map((event) => event.what); // ["file_version"]
 * ```
 */
export function* decodeEvents(bytes: Uint8Array, path?: string): Generator<TfEvent> {
  for (const record of decodeTfRecords(bytes, { path })) yield decodeEvent(record);
}
