/**
 * Sorts ImageNet's validation pictures, ILSVRC2012_val_00000001.JPEG and so on, into folders named by synset.
 *
 * Usage: deno run --allow-read --allow-write=DIR tools/preprocess_imagenet_validation_data.ts DIR LABELS
 *
 * LABELS is a file with the synset of picture 1, 2, 3, ..., one a line. Run it again after an interruption. Exits with 255 if an
 * argument or a picture is missing, as TF-Slim's script, and with 1 if there is nothing to move.
 *
 * `tools/download_and_convert_imagenet.ts` does not need this: it moves nothing.
 *
 * @module
 */

import { parseValidationLabels } from "../datasets/imagenet/classes.ts";
import { validationName } from "../datasets/imagenet/images.ts";
import { joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool } from "./_flags.ts";
import { readText } from "./_imagenet.ts";

const flags = defineFlags("Sorts ImageNet's validation pictures into folders named by synset.", {}, {
  name: "DIR LABELS",
  help: "Folder with the pictures; file with their synsets, one a line",
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { _: [directory, labelsFile] } = flags.parse(args);
  if (labelsFile === undefined) {
    console.log(
      "Invalid usage\nusage: preprocess_imagenet_validation_data.ts <validation data dir> <validation labels file>",
    );
    return 255;
  }
  const synsets = parseValidationLabels(await readText(labelsFile), labelsFile);
  let moved = 0;
  for (const [i, synset] of synsets.entries()) {
    const name = validationName(i + 1), folder = joinPath(directory, synset);
    const [from, to] = [joinPath(directory, name), joinPath(folder, name)];
    const [isHere, isThere] = [await exists(from), await exists(to)];
    if (isHere && isThere) {
      throw new Error(`Cannot move "${from}": "${to}" is there as well; remove one of them`);
    }
    if (isHere) {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.rename(from, to);
      moved++;
    } else if (!isThere) {
      console.log(`Failed to find: ${from}`);
      console.error(`${i} pictures before it are in their folders; put it there and run again`);
      return 255;
    }
  }
  if (moved === 0) {
    throw new Error(
      `Cannot move pictures in "${directory}": all ${synsets.length} are in their folders already`,
    );
  }
  return 0;
}

async function exists(path: string): Promise<boolean> {
  return await denoFiles.size(path) !== undefined;
}

if (import.meta.main) await runTool(main);
