/** Cases of topic `tfrecord`: data sets converted by the original scripts, read record by record and, for MNIST, made anew. */

import { mnistExamples } from "../../datasets/convert_mnist.ts";
import { formatLabels, parseLabels } from "../../datasets/labels.ts";
import { mnistClassNames } from "../../datasets/mnist.ts";
import { decodeExample, type Feature } from "../../formats/example.ts";
import { parseIdxImages, parseIdxLabels } from "../../formats/idx.ts";
import { decodePng } from "../../formats/png.ts";
import { decodeTfRecords } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, toHex, unknownCase } from "./report.ts";

/** One record as `contents.json` describes it: its size, and every feature by name. */
type RecordAbout = Record<string, number | (number | string | { bytes: number; sha256: string })[]>;

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
    } else if (name.endsWith("-images-idx3-ubyte.gz") || name.endsWith("-images-idx3-ubyte")) {
      yield { name: `${dataset}/convert ${name}`, run: () => checkMnist(directory, name, names) };
    } else if (name === "labels.txt") {
      yield { name: `${dataset}/${name}`, run: () => checkLabels(`${directory}/${name}`, contents) };
    } else if (!isSource(name)) {
      yield unknownCase(`${dataset}/${name}`, "the file");
    }
  }
  for (const name of about.keys()) {
    if (!names.includes(name)) yield unknownCase(`${dataset}/${name}`, "the shard, which is missing,");
  }
}

/** Files that other cases read, or that converters of later topics start from. */
function isSource(name: string): boolean {
  return name === "contents.json" || /-labels-idx1-ubyte(\.gz)?$/.test(name) || /\.tar\.gz$/.test(name) ||
    name.endsWith("/");
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
  const records = [...decodeTfRecords(await denoFiles.read(path), { path })];
  checks.equal(records.length, about.length, "records");
  for (const [i, { record_bytes, ...features }] of about.entries()) {
    checks.equal(records[i].length, record_bytes, `size of record ${i}`);
    const got = decodeExample(records[i]);
    checks.equal([...got.keys()].sort(), Object.keys(features).sort(), `features of record ${i}`);
    for (const [key, values] of Object.entries(features)) {
      await checkFeature(checks, got.get(key), values, `${key} of record ${i}`);
    }
  }
  return checks;
}

async function checkFeature(
  checks: ExactChecks,
  feature: Feature | undefined,
  values: RecordAbout[string],
  what: string,
) {
  if (!feature || !("value" in feature) || !Array.isArray(values)) {
    return checks.check(false, `${what} is missing`);
  }
  checks.equal(feature.value.length, values.length, `values of ${what}`);
  for (const [i, expected] of values.entries()) {
    const value = feature.value[i];
    if (!(value instanceof Uint8Array)) checks.equal(Number(value), expected, what);
    else if (typeof expected === "string") checks.equal(new TextDecoder().decode(value), expected, what);
    else if (typeof expected === "object") {
      const digest = await crypto.subtle.digest("SHA-256", value.slice());
      checks.equal([value.length, toHex(new Uint8Array(digest))], [expected.bytes, expected.sha256], what);
    } else checks.check(false, `${what} is a string`);
  }
}

/** Converts the original files of one split and compares with the records of the original converter. */
async function checkMnist(directory: string, imagesName: string, names: string[]): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const part = imagesName.slice(0, imagesName.indexOf("-images"));
  const labelsName = names.find((name) => name.startsWith(`${part}-labels-idx1-ubyte`));
  const shardName = names.find((name) =>
    name.endsWith(part === "t10k" ? "_test.tfrecord" : `_${part}.tfrecord`)
  );
  if (labelsName === undefined || shardName === undefined) {
    throw new Error("its labels or its records are missing");
  }
  const images = parseIdxImages(await denoFiles.read(`${directory}/${imagesName}`), imagesName);
  const labels = parseIdxLabels(await denoFiles.read(`${directory}/${labelsName}`), labelsName);
  const made = [...mnistExamples(images, labels)];
  const expected = [
    ...decodeTfRecords(await denoFiles.read(`${directory}/${shardName}`), { path: shardName }),
  ];
  checks.equal(made.length, expected.length, "records");
  for (const [i, record] of expected.entries()) {
    const ours = decodeExample(made[i]), theirs = decodeExample(record);
    checks.equal([...ours.keys()].sort(), [...theirs.keys()].sort(), `features of record ${i}`);
    for (const [key, feature] of theirs) {
      const got = ours.get(key);
      if (key === "image/encoded") checkPixels(checks, got, feature, `picture ${i}`);
      else checks.equal([got?.kind, valueOf(got)], [feature.kind, valueOf(feature)], `${key} of record ${i}`);
    }
  }
  return checks;
}

function checkPixels(checks: ExactChecks, ours: Feature | undefined, theirs: Feature, what: string): void {
  if (ours?.kind !== "bytes" || theirs.kind !== "bytes") {
    return checks.check(false, `${what} is no byte string`);
  }
  const [a, b] = [decodePng(ours.value[0]), decodePng(theirs.value[0])];
  checks.equal([a.width, a.height, a.channels], [b.width, b.height, b.channels], `size of ${what}`);
  checks.equal(a.data, b.data, `pixels of ${what}`);
}

function valueOf(feature: Feature | undefined) {
  return feature !== undefined && "value" in feature ? feature.value : undefined;
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
