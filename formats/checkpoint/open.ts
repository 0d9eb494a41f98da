/**
 * Finds a checkpoint of any format by a path.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, NotFoundError } from "../errors.ts";
import type { Files } from "../files.ts";
import { joinPath } from "../paths.ts";
import { SafetensorsFile } from "../safetensors.ts";
import { latestCheckpoint, stateFileName } from "./checkpoint_state.ts";
import { checkpointExists, CheckpointReader } from "./reader.ts";
import { isTable } from "./table.ts";

/** End of the names of SafeTensors files. */
export const safetensorsEnd = ".safetensors";

/**
 * Opens a checkpoint of TensorFlow or a SafeTensors file.
 *
 * @param path one of: a file; what TensorFlow calls the checkpoint's path, such as `runs/lenet/model.ckpt-100`; a folder with a
 * `checkpoint` file, whose newest one is taken, or with one `.safetensors` file
 * @throws {NotFoundError} if there is none, saying what was looked for
 * @throws {DataLossError} if it is damaged
 */
export async function openCheckpoint(files: Files, path: string): Promise<CheckpointReader> {
  const stem = path.replace(/\.(index|meta|data-\d{5}-of-\d{5})$/, "");
  for (const prefix of [path, stem]) {
    if (await files.size(prefix + ".index") !== undefined) return await CheckpointReader.open(files, prefix);
  }
  const names = await files.list(path);
  if (names.length > 0) return await openFolder(files, path, names);
  if (await files.size(path) !== undefined) return await openFile(files, path);
  if (await checkpointExists(files, path)) return await CheckpointReader.open(files, path);
  throw new NotFoundError(
    `Cannot open checkpoint "${path}": there is neither a file or folder of that name, nor "${path}.index" (V2), ` +
      `nor "${path}-00000-of-..." (V1); give one that is there`,
    path,
  );
}

async function openFolder(files: Files, path: string, names: readonly string[]): Promise<CheckpointReader> {
  const cannot = `Cannot open a checkpoint in "${path}"`;
  if (names.includes(stateFileName)) {
    const prefix = await latestCheckpoint(files, path);
    if (prefix !== undefined) return await CheckpointReader.open(files, prefix);
    throw new NotFoundError(
      `${cannot}: its file "${stateFileName}" names none that is there; give a checkpoint's path`,
      path,
    );
  }
  const found = names.filter((name) => name.endsWith(safetensorsEnd));
  if (found.length === 1) return await openFile(files, joinPath(path, found[0]));
  const choices = [
    ...found,
    ...names.filter((name) => name.endsWith(".index")).map((name) => name.slice(0, -6)),
  ];
  throw new NotFoundError(
    `${cannot}: it has no file "${stateFileName}" and ${found.length || "no"} ${safetensorsEnd} files; ` +
      (choices.length > 0 ? `give one of ${choices.join(", ")}` : "give a checkpoint's path"),
    path,
  );
}

async function openFile(files: Files, path: string): Promise<CheckpointReader> {
  if (path.endsWith(safetensorsEnd) || await startsAsSafetensors(files, path)) {
    return new CheckpointReader(path, await SafetensorsFile.open(files, path));
  }
  if (await isTable(files, path)) return await CheckpointReader.open(files, path);
  throw new DataLossError(
    `Cannot open checkpoint "${path}": the file is neither a V1 checkpoint nor SafeTensors; give another one, or ` +
      "copy it again if it should be",
    { path },
  );
}

/** Whether the length of a header and its first brace are there; V1 checkpoints start otherwise. */
async function startsAsSafetensors(files: Files, path: string): Promise<boolean> {
  const bytes = await files.readRange(path, 0, 9);
  return bytes.length === 9 && bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0);
}
