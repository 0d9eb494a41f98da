/**
 * Removing checkpoints, and what is left where writing one was cut short.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Files, isTemporaryName, lastingName } from "../files.ts";
import { baseName, directoryOf, joinPath } from "../paths.ts";

/** Removes all files of a checkpoint, the index first, so that nothing half removed looks whole. */
export async function removeCheckpoint(files: Files, prefix: string): Promise<void> {
  const base = baseName(prefix), folder = directoryOf(prefix);
  await files.remove(prefix + ".index");
  for (const name of await files.list(folder === "" ? "." : folder)) {
    const rest = name.startsWith(base) ? name.slice(base.length) : undefined;
    if (rest !== undefined && /^(\.meta|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5}|)$/.test(rest)) {
      await files.remove(folder + name);
    }
  }
}

/**
 * Removes what a process that was killed left in a folder: files written aside, and data without an index, which nothing
 * can read.
 *
 * @param baseNames first parts of the checkpoints' names, such as `model.ckpt`
 * @param others names of further files that are written there
 */
export async function removeLeftovers(
  files: Files,
  directory: string,
  baseNames: readonly string[],
  others: readonly string[],
): Promise<void> {
  const names = new Set(await files.list(directory === "" ? "." : directory));
  for (const name of names) {
    const lasting = lastingName(name);
    if (!others.includes(lasting) && !baseNames.some((base) => name.startsWith(base + "-"))) continue;
    const data = /^(.*-\d+)\.data-\d{5}-of-\d{5}$/.exec(name);
    const isUseless = isTemporaryName(name) || (data !== null && !names.has(data[1] + ".index"));
    if (isUseless) await files.remove(joinPath(directory, name));
  }
}
