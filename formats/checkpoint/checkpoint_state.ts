/**
 * The text file `checkpoint` that names the newest checkpoints of a folder (`CheckpointState` in protocol buffer text format).
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Files } from "../files.ts";
import { joinPath } from "../paths.ts";
import { checkpointExists } from "./reader.ts";

/** Name of the state file in its folder. */
export const stateFileName = "checkpoint";

/** What the state file says; paths are as written there, absolute or relative to the folder. */
export interface CheckpointState {
  /** The newest checkpoint; empty if the file names none. */
  modelCheckpointPath: string;
  /** All checkpoints that are kept, the oldest first. */
  allModelCheckpointPaths: string[];
}

/**
 * Parses a state file.
 *
 * @throws {SyntaxError} if the text is no `CheckpointState`
 */
export function parseCheckpointState(text: string): CheckpointState {
  const state: CheckpointState = { modelCheckpointPath: "", allModelCheckpointPaths: [] };
  // A field: its name, a colon, then strings (which join) or a number; a comma or semicolon may follow.
  const field =
    /([A-Za-z_]\w*)\s*:\s*((?:(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*)+|[-+\w.]+)\s*[,;]?\s*/y;
  const blank = /(?:\s|#[^\n]*)*/y;
  let at = 0;
  const skipBlank = () => {
    blank.lastIndex = at;
    at += blank.exec(text)![0].length;
  };
  for (skipBlank(); at < text.length; skipBlank()) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (match === null) throw malformed(text, at);
    const [whole, name, value] = match;
    const isText = value[0] === '"' || value[0] === "'";
    if (name === "model_checkpoint_path" && isText) state.modelCheckpointPath = unescape(value);
    else if (name === "all_model_checkpoint_paths" && isText) {
      state.allModelCheckpointPaths.push(unescape(value));
    } else if (!numericFields.has(name) || isText || Number.isNaN(Number(value))) throw malformed(text, at);
    at += whole.length;
  }
  return state;
}

/** Fields that newer TensorFlow versions write and that tell nothing here. */
const numericFields = new Set(["all_model_checkpoint_timestamps", "last_preserved_timestamp"]);

function malformed(text: string, at: number): SyntaxError {
  const line = text.slice(0, at).split("\n").length;
  return new SyntaxError(
    `Cannot parse the checkpoint state: line ${line} is malformed; delete the file or name a checkpoint`,
  );
}

/** Formats a state file as TensorFlow does. */
export function formatCheckpointState(
  { modelCheckpointPath, allModelCheckpointPaths }: CheckpointState,
): string {
  const lines = [`model_checkpoint_path: "${escape(modelCheckpointPath)}"\n`];
  for (const path of allModelCheckpointPaths) lines.push(`all_model_checkpoint_paths: "${escape(path)}"\n`);
  return lines.join("");
}

/**
 * Reads the state file of a folder.
 *
 * @returns what it says, or `undefined` if there is none or it is no state file, as in TensorFlow
 */
export async function readCheckpointState(
  files: Files,
  directory: string,
): Promise<CheckpointState | undefined> {
  const path = joinPath(directory, stateFileName);
  if (await files.size(path) === undefined) return undefined;
  try {
    return parseCheckpointState(new TextDecoder().decode(await files.read(path)));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** Writes the state file of a folder. */
export async function writeCheckpointState(
  files: Files,
  directory: string,
  state: CheckpointState,
): Promise<void> {
  await files.write(joinPath(directory, stateFileName), [
    new TextEncoder().encode(formatCheckpointState(state)),
  ]);
}

/**
 * Finds the newest checkpoint of a folder.
 *
 * @returns its path, or `undefined` if there is no state file, it is garbage, or the checkpoint that it names is gone
 * @throws {SyntaxError} if the state file names no checkpoint at all
 */
export async function latestCheckpoint(files: Files, directory: string): Promise<string | undefined> {
  const state = await readCheckpointState(files, directory);
  if (state === undefined) return undefined;
  if (state.modelCheckpointPath === "") {
    throw new SyntaxError(
      `Cannot find the latest checkpoint: "${joinPath(directory, stateFileName)}" names none; ` +
        "delete the file or give a checkpoint's path",
    );
  }
  const prefix = joinPath(directory, state.modelCheckpointPath);
  return await checkpointExists(files, prefix) ? prefix : undefined;
}

const escapesOfByte: Record<number, string> = {
  9: "\\t",
  10: "\\n",
  13: "\\r",
  34: '\\"',
  39: "\\'",
  92: "\\\\",
};

const bytesOfEscape: Record<string, number> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  "'": 39,
  "?": 63,
  "\\": 92,
};

/** Escapes all but printable ASCII, byte by byte, in octal. */
function escape(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    if (escapesOfByte[byte] !== undefined) return escapesOfByte[byte];
    return byte < 32 || byte > 126 ? "\\" + byte.toString(8).padStart(3, "0") : String.fromCharCode(byte);
  }).join("");
}

/** Joins quoted strings and undoes their escapes, which stand for bytes of UTF-8. */
function unescape(quoted: string): string {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const [, double, single] of quoted.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/g)) {
    for (const [part] of (double ?? single).matchAll(/\\(?:[0-7]{1,3}|[xX][0-9A-Fa-f]{1,2}|.)|[^\\]+/gu)) {
      if (part[0] !== "\\") bytes.push(...encoder.encode(part));
      else if (/^\\[0-7]/.test(part)) bytes.push(parseInt(part.slice(1), 8) & 0xff);
      else if (/^\\[xX]./.test(part)) bytes.push(parseInt(part.slice(2), 16));
      else if (bytesOfEscape[part[1]] !== undefined) bytes.push(bytesOfEscape[part[1]]);
      else {throw new SyntaxError(
          `Cannot parse the checkpoint state: escape ${part} is unknown; name a checkpoint instead`,
        );}
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
