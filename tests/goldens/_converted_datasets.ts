/** Cases of topic `tfrecord`: data sets converted by the original scripts, read record by record and made anew. */

import { formatLabels, parseLabels } from "../../datasets/labels.ts";
import { mnistClassNames } from "../../datasets/mnist.ts";
import { decodeTfRecords } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { conversionCase } from "./_conversions.ts";
import { checkRecords, type RecordAbout } from "./_record_contents.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, unknownCase } from "./report.ts";

/** Cases of one data set's folder. */
export async function* datasetCases(directory: string, dataset: string): AsyncGenerator<GoldenCase> {
  const names = await listDirectory(directory);
  if (!names.includes("contents.json")) {
    yield unknownCase(dataset, "the folder");
    return;
  }
  const contents = await readJson(`${directory}/contents.json`);
  const about = aboutShards(contents, names);
  for (const name of names) {
    if (name.endsWith(".tfrecord")) {
      const records = about.get(name);
      if (records === undefined) yield unknownCase(`${dataset}/${name}`, "the shard");
      else yield { name: `${dataset}/${name}`, run: () => checkShard(`${directory}/${name}`, records) };
    } else if (name === "labels.txt") {
      yield { name: `${dataset}/${name}`, run: () => checkLabels(`${directory}/${name}`, contents) };
    } else if (!isRead(name)) {
      yield conversionCase(directory, dataset, name, names, contents) ??
        unknownCase(`${dataset}/${name}`, "the file");
    }
  }
  const missing = [...about.keys()].filter((name) => !names.includes(name));
  if (missing.length === about.size) return; // left out to save space: the conversions are compared with contents.json
  for (const name of missing) yield unknownCase(`${dataset}/${name}`, "the shard, which is missing,");
}

/** Whether other cases read the file. */
function isRead(name: string): boolean {
  return name === "contents.json" || /-labels-idx1-ubyte(\.gz)?$/.test(name);
}

/** Records by shard: listed by shard, or by split where a split is one file. */
function aboutShards(
  contents: Record<string, unknown> & { shards?: Record<string, RecordAbout[]> },
  names: string[],
): Map<string, RecordAbout[]> {
  if (contents.shards) return new Map(Object.entries(contents.shards));
  const splits = Object.entries(contents) as [string, RecordAbout[]][];
  return new Map(splits.map(([split, records]) => {
    return [names.find((name) => name.endsWith(`_${split}.tfrecord`)) ?? `${split}.tfrecord`, records];
  }));
}

async function checkShard(path: string, about: RecordAbout[]): Promise<ExactChecks> {
  const checks = new ExactChecks();
  await checkRecords(checks, [...decodeTfRecords(await denoFiles.read(path), { path })], about);
  return checks;
}

/**
 * Reads the label file, which must name every class that occurs, and writes it again.
 *
 * The original MNIST converter misspells class 6 as "size"; ours writes "six", and all else must be equal.
 */
async function checkLabels(path: string, contents: Record<string, unknown>): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const text = await Deno.readTextFile(path);
  const labels = parseLabels(text, path);
  const names = [...labels.values()];
  checks.equal([...labels.keys()], names.map((_, i) => i), "label numbers");
  checks.equal(formatLabels(names), text, "text written again");
  if (path.endsWith("/mnist/labels.txt")) {
    checks.equal(
      names.map((name) => name === "size" ? "six" : name),
      [...mnistClassNames.mnist],
      "class names",
    );
  }
  const shards = "shards" in contents
    ? contents.shards as Record<string, RecordAbout[]>
    : contents as Record<string, RecordAbout[]>;
  for (const record of Object.values(shards).flat()) {
    const [label] = record["image/class/label"] as number[];
    checks.check(labels.has(label), `class ${label} has no name`);
  }
  return checks;
}
