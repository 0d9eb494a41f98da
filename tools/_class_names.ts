/**
 * Names of classes in files of either kind: TensorFlow's, one a line, and TF-Slim's, `number:name`.
 *
 * @module
 */
import { parseLabels } from "../datasets/labels.ts";
import type { Files } from "../formats/files.ts";

/** Names in the order of the classes; there may be none for some. */
export async function readClassNames(files: Files, path: string): Promise<(string | undefined)[]> {
  const lines = new TextDecoder().decode(await files.read(path)).replace(/\n$/, "").split(/\r?\n/);
  if (!lines.every((line) => /^\s*\d{1,9}:/.test(line) || line === "")) return lines;
  const labels = parseLabels(lines.join("\n"), path);
  return Array.from({ length: Math.max(...labels.keys()) + 1 }, (_, i) => labels.get(i));
}
