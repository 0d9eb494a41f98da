/**
 * Converts ImageNet's pictures, unpacked in folders named by synset, into TFRecords.
 *
 * Usage: deno run --allow-read --allow-write=OUT tools/build_imagenet_data.ts --train_directory=raw/train
 *          --validation_directory=raw/validation --output_directory=OUT --bounding_box_file=boxes.csv
 *
 * Run it again after an interruption: it goes on where it stopped. `tools/download_and_convert_imagenet.ts` does all that comes
 * before, too.
 *
 * @module
 */

import { writeLabels } from "../datasets/conversion.ts";
import { findImages } from "../datasets/imagenet/images.ts";
import { NotFoundError } from "../formats/errors.ts";
import { denoFiles } from "../host/files.ts";
import { buildSplit } from "./_build_imagenet.ts";
import { defineFlags, runTool } from "./_flags.ts";
import { checkShardFlags, classFlags, classNames, lockFolder, readClasses, shardFlags } from "./_imagenet.ts";
import { BOXES_FILE, readBoxes } from "./_imagenet_stages.ts";

const flags = defineFlags("Converts ImageNet's pictures into TFRecords.", {
  train_directory: { type: "path", required: true, help: "Training pictures: SYNSET/*.JPEG" },
  validation_directory: {
    type: "path",
    required: true,
    help: "Validation pictures: SYNSET/*.JPEG, as preprocess_imagenet_validation_data.ts sorts them",
  },
  output_directory: { type: "path", required: true, help: "Directory for the records; made if missing" },
  bounding_box_file: {
    type: "path",
    default: `./${BOXES_FILE}`,
    help: "Table of boxes that process_bounding_boxes.ts prints",
  },
  ...classFlags,
  ...shardFlags,
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args);
  checkShardFlags(values);
  console.log(`Saving results to ${values.output_directory}`);
  const { synsets, names } = await readClasses(values);
  const boxes = await readExistingBoxes(values.bounding_box_file);
  await using _ = await lockFolder(values.output_directory);
  await writeLabels(denoFiles, values.output_directory, classNames(synsets, names));
  for (const name of ["validation", "train"] as const) {
    const from = values[`${name}_directory`].replace(/(?<=.)\/+$/, "");
    console.log(`Determining list of input files and labels from ${from}.`);
    const images = await findImages(denoFiles, from, synsets, (label) => {
      if (label % 100 === 0) console.log(`Finished finding files in ${label} of ${synsets.length} classes.`);
    });
    await buildSplit({ name, images, from, numShards: values[`${name}_shards`] }, {
      outputDirectory: values.output_directory,
      numThreads: values.num_threads,
      shuffle: values.shuffle,
      synsets,
      names,
      boxes,
      print: console.log,
    });
  }
  return 0;
}

async function readExistingBoxes(path: string): Promise<Map<string, number[][]>> {
  try {
    return await readBoxes(path, console.log);
  } catch (thrown) {
    if (!(thrown instanceof NotFoundError)) throw thrown;
    throw new NotFoundError(
      `Cannot read "${path}": there is no such file; make it with\n` +
        `  deno run --allow-read tools/process_bounding_boxes.ts BOUNDING_BOXES SYNSETS > ${path}\n` +
        "or name another with --bounding_box_file",
      path,
    );
  }
}

if (import.meta.main) await runTool(main);
