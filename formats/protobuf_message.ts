/**
 * Messages of protocol buffers by their generated descriptions, from bytes and from text.
 *
 * Writing needs no more than the library: `toBinary(schema, message)` and `toText(schema, message)`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type DescMessage, fromBinary, type MessageShape } from "npm:@bufbuild/protobuf@2.17.0";
import { fromText } from "npm:@bufbuild/protobuf@2.17.0/txtpb";
import { DataLossError, reasonOf } from "./errors.ts";
import { checkMessage, defaultLimits, type MessageLimits } from "./protobuf_check.ts";

/**
 * Reads a message. Byte strings are views of `bytes`; unknown fields are kept in `$unknown`.
 *
 * @throws {DataLossError} naming the file, the field and the byte if the bytes are no such message, or are beyond the limits
 */
export function decodeMessage<D extends DescMessage>(
  schema: D,
  bytes: Uint8Array,
  path: string,
  limits: MessageLimits = defaultLimits,
): MessageShape<D> {
  try {
    checkMessage(schema, bytes, limits);
    return fromBinary(schema, bytes, { recursionLimit: 2 * limits.depth });
  } catch (thrown) {
    throw new DataLossError(`Cannot read "${path}" as a ${schema.name}: ${reasonOf(thrown)}`, {
      path,
      offset: thrown instanceof DataLossError ? thrown.offset : undefined,
    }, { cause: thrown });
  }
}

/** Text beyond this many bytes is refused: it takes some twenty times as much memory, and a second for each 5 MB. */
const mostText = 1 << 26;

/**
 * Reads a message in protocol buffers' text form. Fields whose names are reserved in the `.proto` file are passed over.
 *
 * @throws {DataLossError} naming the file and the line if it is no such text
 */
export function parseMessage<D extends DescMessage>(
  schema: D,
  bytes: Uint8Array,
  path: string,
): MessageShape<D> {
  const cannot = `Cannot read "${path}" as the text of a ${schema.name}`;
  if (bytes.length > mostText) {
    throw new DataLossError(
      `${cannot}: its ${bytes.length} bytes are more than ${mostText}; store it in the binary form`,
      { path },
    );
  }
  const messages = bytes.reduce((count, byte) => byte === openingBrace ? count + 1 : count, 0);
  if (messages > defaultLimits.messages) {
    throw new DataLossError(`${cannot}: it has more than ${defaultLimits.messages} messages`, { path });
  }
  const text = new TextDecoder().decode(bytes);
  try {
    return fromText(schema, text);
  } catch (thrown) {
    const line = lineOf(schema, text, reasonOf(thrown));
    const where = line === undefined ? "" : `line ${line}: `, reason = reasonOf(thrown).slice(0, mostReason);
    throw new DataLossError(`${cannot}: ${where}${reason}`, { path }, { cause: thrown });
  }
}

/** What a message begins with in text. */
const openingBrace = "{".charCodeAt(0);
/** Characters of a reason that are shown: it may repeat a name of any length. */
const mostReason = 200;
/** How long the search for a line may take, in milliseconds. */
const searchTime = 400;

/** The line on which parsing fails for this reason: the last of the fewest lines that fail alike. */
function lineOf(schema: DescMessage, text: string, reason: string): number | undefined {
  const ends = Array.from(text.matchAll(/\n|$/g), (end) => end.index + end[0].length);
  if (reason.startsWith("unexpected end")) return ends.length;
  const stop = performance.now() + searchTime;
  let good = 0, bad = ends.length;
  while (bad - good > 1) {
    if (performance.now() > stop) return undefined;
    const middle = (good + bad) >> 1;
    if (failsAlike(schema, text.slice(0, ends[middle - 1]), reason)) bad = middle;
    else good = middle;
  }
  return bad;
}

function failsAlike(schema: DescMessage, text: string, reason: string): boolean {
  try {
    fromText(schema, text);
    return false;
  } catch (thrown) {
    return reasonOf(thrown) === reason;
  }
}
