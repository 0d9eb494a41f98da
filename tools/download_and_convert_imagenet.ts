/**
 * Makes ImageNet's TFRecords from nothing: downloads the archives, collects the boxes, labels the validation pictures, and
 * writes the records. Ends with the number of training pictures.
 *
 * Usage: deno run --allow-net --allow-read --allow-write=DIR --allow-env=IMAGENET_USERNAME,IMAGENET_ACCESS_KEY
 *          tools/download_and_convert_imagenet.ts DIR
 *
 * With `--from=OTHER` it needs no network: OTHER has the archives, or what TF-Slim's script unpacks them to. Nothing is unpacked,
 * so the archives and the records, 150 GB each, are all the space it takes. Run it again after an interruption, whatever the
 * moment: it goes on where it stopped.
 *
 * @module
 */

import { archives } from "../datasets/imagenet/archives.ts";
import { challengeSynsets, parseValidationLabels } from "../datasets/imagenet/classes.ts";
import { writeLabels } from "../datasets/conversion.ts";
import { LABELS_FILE } from "../datasets/labels.ts";
import { gunzipWhole } from "../formats/compression.ts";
import { joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { buildSplit } from "./_build_imagenet.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import {
  checkShardFlags,
  classFlags,
  classNames,
  lockFolder,
  readClasses,
  readText,
  removeRemains,
  shardFlags,
} from "./_imagenet.ts";
import { ArchiveDownloader, findSource, missingSource, type Part, type Source } from "./_imagenet_sources.ts";
import {
  BOXES_FILE,
  indexName,
  listTraining,
  listValidation,
  makeBoxes,
  readBoxes,
} from "./_imagenet_stages.ts";

const flags = defineFlags("Makes ImageNet's TFRecords from nothing.", {
  from: {
    type: "path",
    help:
      "Take the archives, or the folders train, validation and bounding_boxes, from here; no network is used",
  },
  mirror: { type: "string", help: "Address to try before ImageNet's own; the archive's name is appended" },
  validation_labels_file: {
    type: "path",
    help: "Synsets of the validation pictures 1, 2, 3, ..., one a line; those of the challenge if left out",
  },
  ...classFlags,
  ...shardFlags,
}, { name: "DIR", help: "Directory for the records; the rest goes to raw-data in it", min: 1, max: 1 });

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args);
  checkShardFlags(values);
  const outputDirectory = values._[0], scratch = joinPath(outputDirectory, "raw-data");
  const { synsets, names } = await readClasses(values);
  await using _ = await lockFolder(outputDirectory);
  await removeRemains(outputDirectory, [LABELS_FILE]);
  await removeRemains(scratch, [BOXES_FILE, ...Object.values(archives).map(({ name }) => indexName(name))]);
  const sources = await obtainSources(values, outputDirectory, scratch);

  const boxesFile = joinPath(scratch, BOXES_FILE);
  if (sources.boxes) await makeBoxes(sources.boxes, boxesFile, synsets, console.log);
  else console.log(`${boxesFile} is there already`);
  const boxes = await readBoxes(boxesFile, console.log);
  await writeLabels(denoFiles, outputDirectory, classNames(synsets, names));

  const options = { ...values, outputDirectory, numThreads: values.num_threads, synsets, names, boxes };
  const validationSynsets = () => readValidationSynsets(values.validation_labels_file);
  for (const name of ["validation", "train"] as const) {
    const source = sources[name];
    const images = name === "train"
      ? await listTraining(source, synsets, scratch, console.log)
      : await listValidation(source, validationSynsets, synsets, scratch, console.log);
    const split = { name, images, from: source.path, numShards: values[`${name}_shards`] };
    await buildSplit(split, { ...options, print: console.log });
  }
  return 0;
}

/** Finds all originals before the first is used; without `--from`, downloads those that are missing. */
async function obtainSources(
  { from, mirror }: { from?: string; mirror?: string },
  directory: string,
  scratch: string,
): Promise<Record<"validation" | "train", Source> & { boxes?: Source }> {
  if (mirror !== undefined && !URL.canParse(mirror)) {
    throw new UsageError(
      `Cannot use --mirror=${mirror}: it takes an address such as https://example.org/imagenet/`,
    );
  }
  const downloader = new ArchiveDownloader(scratch, mirror);
  const obtain = async (part: Part): Promise<Source> => {
    const found = await findSource(part, from === undefined ? [scratch, directory] : [from]);
    if (found) return found;
    if (from !== undefined) throw missingSource(part, from);
    return await downloader.download(part);
  };
  const hasBoxes = await denoFiles.size(joinPath(scratch, BOXES_FILE)) !== undefined;
  const boxes = hasBoxes ? undefined : await obtain("boxes");
  return { boxes, validation: await obtain("validation"), train: await obtain("train") };
}

/** The synsets of the validation pictures: from a file, else those of the challenge. */
async function readValidationSynsets(path: string | undefined): Promise<readonly string[]> {
  if (path !== undefined) return parseValidationLabels(await readText(path), path);
  const url = new URL("../datasets/imagenet/validation_labels.gz", import.meta.url);
  const bytes = await (await fetch(url)).bytes();
  const labels = new TextDecoder().decode(gunzipWhole(bytes, 2 ** 20, url.href)).trim().split("\n");
  return labels.map((label) => challengeSynsets[Number(label) - 1]);
}

if (import.meta.main) await runTool(main);
