/** Cases of topic `tfrecord`: the original files of a data set are converted anew and compared with what the original scripts wrote. */

import { convertCifar10 } from "../../datasets/convert_cifar10.ts";
import { mnistExamples } from "../../datasets/convert_mnist.ts";
import { convertFlowers } from "../../datasets/convert_photos.ts";
import { scanPhotos } from "../../datasets/photo_folder.ts";
import { decodeExample, type Feature } from "../../formats/example.ts";
import { type Files, memoryFiles } from "../../formats/files.ts";
import { parseIdxImages, parseIdxLabels } from "../../formats/idx.ts";
import { decodePng } from "../../formats/png.ts";
import { decodeTfRecords } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { PythonRandom } from "../../random/python_random.ts";
import { checkRecords, type RecordAbout } from "./_record_contents.ts";
import { ExactChecks, type GoldenCase } from "./report.ts";

/** The conversion that starts from a file or folder of a data set's directory; `undefined` if it is no original. */
export function conversionCase(
  directory: string,
  dataset: string,
  name: string,
  names: readonly string[],
  contents: FlowersContents,
): GoldenCase | undefined {
  const run = /-images-idx3-ubyte(\.gz)?$/.test(name)
    ? () => checkMnist(directory, name, names)
    : /^cifar-10-\w+\.tar\.gz$/.test(name)
    ? () => checkCifar10(directory, name, names)
    : name === "flower_photos/"
    ? () => checkFlowers(directory, contents)
    : undefined;
  return run && { name: `${dataset}/convert ${name.replace("/", "")}`, run };
}

/** Converts the original files of one split and compares with the records of the original converter. */
async function checkMnist(
  directory: string,
  imagesName: string,
  names: readonly string[],
): Promise<ExactChecks> {
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
  compareShard(
    checks,
    [...mnistExamples(images, labels)],
    await readShard(denoFiles, `${directory}/${shardName}`),
  );
  return checks;
}

/** Converts an archive in memory, and compares all files that come out of it with all that the original converter wrote. */
async function checkCifar10(
  directory: string,
  archive: string,
  names: readonly string[],
): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const files = memoryFiles({ [`d/${archive}`]: await denoFiles.read(`${directory}/${archive}`) });
  await Array.fromAsync(convertCifar10("d", files));
  const shards = names.filter((name) => name.endsWith(".tfrecord"));
  checks.equal(await files.list("d"), [archive, ...shards, "labels.txt"].sort(), "files");
  checks.equal(
    await files.read("d/labels.txt"),
    await denoFiles.read(`${directory}/labels.txt`),
    "labels.txt",
  );
  for (const shard of shards) {
    compareShard(
      checks,
      await readShard(files, `d/${shard}`),
      await readShard(denoFiles, `${directory}/${shard}`),
      shard,
    );
  }
  return checks;
}

/** What `contents.json` of Flowers says besides the records. */
interface FlowersContents {
  files?: Record<string, { width: number; height: number }>;
  num_validation?: number;
  sorted_listing?: string[];
  validation?: string[];
  train?: string[];
  shards?: Record<string, RecordAbout[]>;
  [afterShuffle: string]: unknown;
}

/** Converts the photos in memory, and compares listing, shuffle, sizes and every record of every shard. */
async function checkFlowers(directory: string, contents: FlowersContents): Promise<ExactChecks> {
  const checks = new ExactChecks(), { shards = {}, num_validation: numValidation } = contents;
  const [shuffleKey, seed] =
    Object.keys(contents).map((key) => key.match(/^after_random_seed_(-?\d+)_shuffle$/)).find((m) => m) ?? [];
  if (shuffleKey === undefined) throw new Error("it does not say how the photos were shuffled");
  const files = memoryFiles();
  const folder = await scanPhotos(denoFiles, `${directory}/flower_photos`);
  const listing = folder.photos.map(({ file }) => file);
  for (const file of listing) {
    await files.write(`d/flower_photos/${file}`, [
      await denoFiles.read(`${directory}/flower_photos/${file}`),
    ]);
  }
  checks.equal(listing, contents.sorted_listing, "listing");
  for (const { file, header: { width, height } } of folder.photos) {
    checks.equal(
      [width, height],
      [contents.files?.[file].width, contents.files?.[file].height],
      `size of ${file}`,
    );
  }
  new PythonRandom(Number(seed)).shuffle(listing);
  checks.equal(listing, contents[shuffleKey], "order after the shuffle");
  checks.equal([listing.slice(0, numValidation), listing.slice(numValidation!)], [
    contents.validation,
    contents.train,
  ], "splits");
  const numShards = Object.keys(shards).length / 2;
  await Array.fromAsync(convertFlowers("d", files, { numValidation, numShards, seed: Number(seed) }));
  checks.equal(
    await files.list("d"),
    ["flower_photos", ...Object.keys(shards), "labels.txt"].sort(),
    "files",
  );
  checks.equal(
    await files.read("d/labels.txt"),
    await denoFiles.read(`${directory}/labels.txt`),
    "labels.txt",
  );
  for (const [shard, about] of Object.entries(shards)) {
    await checkRecords(checks, await readShard(files, `d/${shard}`), about, shard);
  }
  return checks;
}

async function readShard(files: Files, path: string): Promise<Uint8Array[]> {
  return [...decodeTfRecords(await files.read(path), { path })];
}

/** Compares all features; pictures, which depend on the encoder, by their pixels. */
function compareShard(checks: ExactChecks, made: Uint8Array[], expected: Uint8Array[], shard = ""): void {
  checks.equal(made.length, expected.length, `records of ${shard}`);
  for (const [i, record] of expected.entries()) {
    const ours = decodeExample(made[i]), theirs = decodeExample(record);
    checks.equal([...ours.keys()].sort(), [...theirs.keys()].sort(), `features of record ${i} of ${shard}`);
    for (const [key, feature] of theirs) {
      const got = ours.get(key), what = `${key} of record ${i} of ${shard}`;
      if (key === "image/encoded") checkPixels(checks, got, feature, what);
      else checks.equal([got?.kind, valueOf(got)], [feature.kind, valueOf(feature)], what);
    }
  }
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
