/**
 * Converts the original files of a data set, or a folder of photos, into TFRecords and a label file.
 *
 * Usage: deno run --allow-read=DIR --allow-write=DIR tools/convert.ts --dataset_name=fashion_mnist --dataset_dir=DIR
 *
 * The originals stay. Files that are there already are kept; remove one to make it again.
 *
 * @module
 */

import { convertCifar10 } from "../datasets/convert_cifar10.ts";
import { convertMnist } from "../datasets/convert_mnist.ts";
import { convertFlowers, convertFolder } from "../datasets/convert_photos.ts";
import type { ConvertedFile } from "../datasets/conversion.ts";
import { FLOWERS_ARCHIVE, FLOWERS_FOLDER } from "../datasets/flowers.ts";
import { directoryOf, joinPath } from "../formats/paths.ts";
import { extractTar } from "../host/extract_tar.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { oddityPrinter } from "./_oddities.ts";

const flags = defineFlags("Converts a data set into TFRecords as TF-Slim does.", {
  dataset_name: {
    type: "choice",
    choices: ["mnist", "fashion_mnist", "cifar10", "flowers", "folder"],
    required: true,
    help:
      "Which data set; folder is any folder of photos, DIR/class/*.jpg. ImageNet has a task of its own: imagenet",
  },
  dataset_dir: {
    type: "path",
    required: true,
    help: "Directory with the original files; of a folder also a table, *.csv, of lines file,label",
  },
  output_dir: { type: "path", help: "Directory for the records of a folder; without it --dataset_dir" },
  num_validation: { type: "int", min: 1, help: "Photos of flowers for validation; without it 350" },
  num_shards: { type: "int", min: 1, help: "Shards of each split of flowers or a folder; without it 5" },
  seed: { type: "int", help: "Decides the order of flowers or a folder; without it 0" },
});
type Values = ReturnType<typeof flags.parse>;

/** Most bytes that the archive of Flowers may become: four times what the published one does. */
const MAX_FLOWERS_BYTES = 2 ** 30;

/** Flags that concern some data sets only, and which. */
const concerns: Readonly<Record<string, readonly string[]>> = {
  output_dir: ["folder"],
  num_validation: ["flowers"],
  num_shards: ["flowers", "folder"],
  seed: ["flowers", "folder"],
};

function checkFlags(values: Values): void {
  for (const [flag, names] of Object.entries(concerns)) {
    if (values[flag as keyof Values] === undefined || names.includes(values.dataset_name)) continue;
    throw new UsageError(`--${flag} does not concern ${values.dataset_name}, only ${names.join(" and ")}`);
  }
}

/** Starts the conversion that the flags ask for. */
async function convert(values: Values): Promise<AsyncIterable<ConvertedFile>> {
  const { dataset_name, dataset_dir, num_validation: numValidation, num_shards: numShards, seed } = values;
  const options = { numValidation, numShards, seed, report: oddityPrinter(console.error) };
  switch (dataset_name) {
    case "cifar10":
      return convertCifar10(dataset_dir, denoFiles);
    case "flowers":
      await unpackFlowers(dataset_dir);
      return convertFlowers(dataset_dir, denoFiles, options);
    case "folder": {
      const inPlace = /\.csv$/i.test(dataset_dir) ? directoryOf(dataset_dir) || "." : dataset_dir;
      return convertFolder(dataset_dir, values.output_dir ?? inPlace, denoFiles, options);
    }
    default:
      return convertMnist(dataset_name, dataset_dir, denoFiles);
  }
}

/** Unpacks the archive where the photos are not there yet. */
async function unpackFlowers(directory: string): Promise<void> {
  const photos = joinPath(directory, FLOWERS_FOLDER), archive = joinPath(directory, FLOWERS_ARCHIVE);
  const isThere = (await denoFiles.entries(directory)).some(({ name }) => name === FLOWERS_FOLDER);
  if (isThere || await denoFiles.size(archive) === undefined) return;
  const { files, passedOver } = await extractTar(archive, photos, {
    folder: FLOWERS_FOLDER,
    maxBytes: MAX_FLOWERS_BYTES,
  });
  console.log(`${photos} (${files} files) unpacked`);
  for (const entry of passedOver) console.error(`${entry} was not unpacked`);
}

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args);
  checkFlags(values);
  let isComplete = true;
  for await (const file of await convert(values)) {
    const size = file.records === undefined ? "" : ` (${file.records} records)`;
    console.log(`${file.path}${size} ${file.written ? "written" : "is there already"}`);
    isComplete &&= !file.written;
  }
  if (isComplete) console.log("Nothing to convert: all files were complete; remove one to make it again");
  return 0;
}

if (import.meta.main) await runTool(main);
