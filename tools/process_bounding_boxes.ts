/**
 * Makes a table of the boxes in ImageNet's annotations: one line a box on standard output, sorted; counts on standard error.
 *
 * Usage: deno run --allow-read tools/process_bounding_boxes.ts DIR [SYNSETS] > imagenet_2012_bounding_boxes.csv
 *
 * DIR holds SYNSET/NAME.xml. With SYNSETS, a file with one synset a line, pictures and boxes of other synsets are left out.
 * Exits with 255 for another number of arguments, as TF-Slim's script, and with 1 if a file cannot be read.
 *
 * @module
 */

import { BoundingBoxTable } from "../datasets/imagenet/bounding_boxes.ts";
import { NotFoundError } from "../formats/errors.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool } from "./_flags.ts";
import { readText } from "./_imagenet.ts";
import { findAnnotations } from "./_imagenet_stages.ts";

const flags = defineFlags("Makes a table of the boxes in ImageNet's annotations.", {}, {
  name: "DIR [SYNSETS]",
  help: "Folder with SYNSET/NAME.xml; file with the synsets that count, one a line",
});

/** Files between two lines of progress. */
const progressEvery = 5000;

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { _: [directory, synsetsFile, ...rest] } = flags.parse(args);
  if (directory === undefined || rest.length > 0) {
    console.error("Invalid usage\nusage: process_bounding_boxes.ts <dir> [synsets-file]");
    return 255;
  }
  if (!await isFolder(directory)) {
    throw new NotFoundError(`Cannot find annotations: there is no folder "${directory}"`, directory);
  }
  const paths = await findAnnotations(directory);
  console.error(`Identified ${paths.length} XML files in ${directory}`);
  const synsets = synsetsFile === undefined ? undefined : await readSynsets(synsetsFile);
  if (synsets) console.error(`Identified ${synsets.size} synset IDs in ${synsetsFile}`);
  const table = new BoundingBoxTable(synsets);
  for (const [i, path] of paths.entries()) {
    const isLookedAt = table.add(path, await denoFiles.read(path));
    if (!isLookedAt || i % progressEvery !== 0) continue;
    console.error(`--> processed ${i + 1} of ${paths.length} XML files.`);
    console.error(`--> skipped ${table.skippedBoxes} boxes and ${table.skippedFiles} XML files.`);
  }
  for (const line of table.lines.sort()) console.log(line);
  for (const line of table.summary()) console.error(line);
  return 0;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** The lines of a file; what is no synset matches no folder. */
async function readSynsets(path: string): Promise<Set<string>> {
  const text = (await readText(path)).replace(/\n$/, "");
  return new Set(text.split("\n").map((line) => line.trim()));
}

if (import.meta.main) await runTool(main);
