/**
 * Label files, in the format of TF-Slim's `labels.txt`: one line `number:name` a class.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Files } from "../formats/files.ts";
import { joinPath } from "../formats/paths.ts";

/** What the file is called in a data set's directory. */
export const LABELS_FILE = "labels.txt";

/** Writes the names of classes 0, 1, 2, ... as the text of a label file; line ends inside of a name become blanks. */
export function formatLabels(classNames: readonly string[]): string {
  return classNames.map((name, label) => `${label}:${name.replace(/[\r\n]+/g, " ")}\n`).join("");
}

/**
 * Reads the text of a label file.
 *
 * @param path the file's name, for error messages
 * @throws {SyntaxError} if a line is not `number:name` or a number comes twice
 */
export function parseLabels(text: string, path: string): Map<number, string> {
  const labels = new Map<number, string>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line === "") return;
    const [, number, name] = line.match(/^\s*(\d{1,9}):(.*)$/) ?? [];
    if (number === undefined) {
      throw new SyntaxError(
        `Cannot read line ${i + 1} of "${path}": "${line.slice(0, 80)}" is not of the form number:name`,
      );
    }
    if (labels.has(Number(number))) {
      throw new SyntaxError(`Cannot read line ${i + 1} of "${path}": label ${number} has a name already`);
    }
    labels.set(Number(number), name);
  });
  return labels;
}

/** The names in a directory's label file; `undefined` if it has none. @throws {SyntaxError} as {@linkcode parseLabels} */
export async function readLabels(files: Files, directory: string): Promise<Map<number, string> | undefined> {
  const path = joinPath(directory, LABELS_FILE);
  if (await files.size(path) === undefined) return undefined;
  return parseLabels(new TextDecoder().decode(await files.read(path)), path);
}
