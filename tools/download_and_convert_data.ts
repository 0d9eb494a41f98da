/**
 * Downloads a data set and converts it, as TF-Slim's program of this name: tools/download.ts, then tools/convert.ts.
 *
 * Usage: deno run --allow-net --allow-read --allow-write=DIR tools/download_and_convert_data.ts
 *          --dataset_name=flowers --dataset_dir=DIR
 *
 * Run it again after an interruption: it goes on where it stopped.
 *
 * @module
 */

import { originals } from "../datasets/downloads.ts";
import { defineFlags, runTool } from "./_flags.ts";
import { main as convert } from "./convert.ts";
import { main as download } from "./download.ts";

const flags = defineFlags("Downloads a data set and converts it into TFRecords as TF-Slim does.", {
  dataset_name: { type: "choice", choices: Object.keys(originals), required: true, help: "Which data set" },
  dataset_dir: {
    type: "path",
    required: true,
    help: "Directory for original files and records; made if missing",
  },
  from: { type: "path", help: "Take the original files from this directory; no network is used" },
  mirror: { type: "string", help: "Address to try before the known ones" },
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { dataset_name, dataset_dir, from, mirror } = flags.parse(args);
  const where = [`--dataset_name=${dataset_name}`, `--dataset_dir=${dataset_dir}`];
  const sources = [
    ...from === undefined ? [] : [`--from=${from}`],
    ...mirror === undefined ? [] : [`--mirror=${mirror}`],
  ];
  return await download([...where, ...sources]) || await convert(where);
}

if (import.meta.main) await runTool(main);
