/**
 * Converts the original files of a data set into TFRecords and a label file, beside them.
 *
 * Usage: deno run --allow-read=DIR --allow-write=DIR tools/convert.ts --dataset_name=fashion_mnist --dataset_dir=DIR
 *
 * Files that are there already are kept; remove one to make it again.
 *
 * @module
 */

import { convertMnist } from "../datasets/convert_mnist.ts";
import { mnistClassNames, type MnistName } from "../datasets/mnist.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool } from "./_flags.ts";

const flags = defineFlags("Converts the original files of a data set into TFRecords.", {
  dataset_name: {
    type: "choice",
    choices: Object.keys(mnistClassNames),
    required: true,
    help: "Which data set",
  },
  dataset_dir: {
    type: "path",
    required: true,
    help: "Directory with the original files; the records go there too",
  },
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { dataset_name, dataset_dir } = flags.parse(args);
  let isComplete = true;
  for await (const file of convertMnist(dataset_name as MnistName, dataset_dir, denoFiles)) {
    const size = file.records === undefined ? "" : ` (${file.records} records)`;
    console.log(`${file.path}${size} ${file.written ? "written" : "is there already"}`);
    isComplete &&= !file.written;
  }
  if (isComplete) console.log("Nothing to convert: all files were complete; remove one to make it again");
  return 0;
}

if (import.meta.main) await runTool(main);
