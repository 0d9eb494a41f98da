/**
 * Looks at every picture of a data set and tells what is wrong or odd: a folder of photos, or a directory of records.
 *
 * Usage: deno task check_dataset DIR [--html=FILE], or
 *   deno run --allow-read --allow-write=FILE tools/check_dataset.ts DIR [--html=FILE]
 * (with --checkpoint_path also --allow-env and --allow-ffi, to find the Vulkan driver).
 *
 * Exits with 1 if something is found that --fail_on names.
 *
 * @module
 */

import {
  checkPictures,
  type Finding,
  type FindingKind,
  findingKinds,
  sortFindings,
} from "../datasets/check/findings.ts";
import { listPictures } from "../datasets/check/picture_sources.ts";
import type { PictureDecoder } from "../datasets/decode_picture.ts";
import { DecodePool } from "../datasets/decode_pool.ts";
import { denoFiles } from "../host/files.ts";
import { ProgressLine } from "../host/terminal.ts";
import { contactSheet } from "./_contact_sheet.ts";
import { doubtfulLabels } from "./_doubtful_labels.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { mayDecodeInWorkers } from "./_reading.ts";
import { formatTable } from "./_table.ts";

const kinds = Object.keys(findingKinds) as FindingKind[];

const flags = defineFlags(
  "Looks at every picture of a data set: unreadable, repeated, leaked between splits, mislabelled, tiny, odd.",
  {
    dataset_dir: { type: "path", help: "The same as DIR" },
    checkpoint_path: {
      type: "path",
      help:
        "Checkpoint of a net, or a training's directory: labels that the net finds very unlikely are doubted",
    },
    html: { type: "path", help: "File for a page with pictures of what was found" },
    fail_on: {
      type: "list",
      choices: kinds,
      default: ["unreadable", "leaked", "mislabelled"],
      help: "Kinds of findings that make the exit code 1",
    },
    most_lines: { type: "int", default: 10, min: 0, help: "Findings of a kind that are printed" },
  },
  {
    name: "DIR",
    help:
      "Folder of photos (DIR/class/*.jpg, or a table *.csv of lines file,label), or directory of TFRecords",
    max: 1,
  },
);

/** The findings as a table of kinds, and the first ones of each. */
function formatFindings(findings: readonly Finding[], mostLines: number): string {
  const groups = Map.groupBy(findings, ({ kind }) => kind);
  const table = formatTable(
    [...groups].map(([kind, { length }]) => ({ kind, found: length, meaning: findingKinds[kind] })),
  );
  const lists = [...groups].map(([kind, members]) => {
    const lines = members.slice(0, mostLines).map(({ where, what }) => `  ${where}: ${what}`);
    const more = members.length - lines.length;
    return [`${kind}:`, ...lines, ...more > 0 ? [`  ... and ${more} more`] : []].join("\n");
  });
  return [table, ...mostLines > 0 ? lists : []].join("\n\n");
}

/** Looks at everything; with a checkpoint through a net's eyes too. */
async function check(directory: string, checkpoint: string | undefined, decode: PictureDecoder) {
  const progress = new ProgressLine(),
    set = await listPictures(denoFiles, directory),
    { length } = set.sources;
  const onProgress = (done: number) => progress.update(`looking: ${done} of ${length}`);
  const { looks, findings } = await checkPictures(set, decode, onProgress);
  progress.end(false);
  const { classNames } = set;
  if (checkpoint === undefined) return { looks, findings, classNames };
  const doubts = await doubtfulLabels(looks, { checkpoint, directory, classNames, decode, progress });
  progress.end(false);
  return { looks, findings: sortFindings([...findings, ...doubts]), classNames };
}

/** Runs the tool; 0 if nothing was found that counts. */
export async function main(args: string[]): Promise<number> {
  const { _, dataset_dir, checkpoint_path, html, fail_on, most_lines } = flags.parse(args);
  const [directory, ...others] = [..._, ...dataset_dir === undefined ? [] : [dataset_dir]];
  if (directory === undefined || others.length > 0) {
    throw new UsageError("Cannot run without one DIR; see --help");
  }
  using pool = new DecodePool(mayDecodeInWorkers() ? {} : { workers: 0 });
  const { looks, findings, classNames } = await check(directory, checkpoint_path, pool.decode);
  if (findings.length > 0) console.log(formatFindings(findings, most_lines) + "\n");
  if (html !== undefined) {
    const page = contactSheet({ title: directory, findings, looks, classNames, decode: pool.decode });
    await denoFiles.write(html, page);
    console.log(`${html} shows them`);
  }
  const bad = findings.filter(({ kind }) => (fail_on as readonly string[]).includes(kind)).length;
  const splits = [...Map.groupBy(looks, ({ source }) => source.split)]
    .map(([split, { length }]) => `${split} ${length}`).sort().join(", ");
  console.log(`${looks.length} pictures (${splits}), ${findings.length} findings, ${bad} of them count`);
  return bad > 0 ? 1 : 0;
}

if (import.meta.main) await runTool(main);
