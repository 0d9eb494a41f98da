/** Cases of topic `imagenet`: records made anew from the raw files, and the original's read by our data set. */

import { preparePicture, repairOf } from "../../datasets/imagenet/repair.ts";
import { getDataset } from "../../datasets/dataset_factory.ts";
import { compareBytes } from "../../formats/bytes.ts";
import { decodeExample } from "../../formats/example.ts";
import { decodeJpeg } from "../../formats/jpeg.ts";
import { decodeTfRecords } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { classFlagsOf, makeArchives } from "../_imagenet.ts";
import { run, withFolder } from "../_tools.ts";
import { checkRecords, type RecordAbout } from "./_record_contents.ts";
import { ExactChecks, type GoldenCase, readJson } from "./report.ts";

/** Most levels that a pixel of a picture that was encoded again may be off. */
const fewLevels = 4;

/** The time that begins a line. */
const time = /^\d+-\d+-\d+ \d+:\d+:\d+\.\d+/;

/** A run of `build_imagenet_data.py` and its records by shard. */
interface Conversion {
  exit_status: number;
  stdout_sorted: string[];
  shards: Record<string, RecordAbout[]>;
}

/** Whether two files are the same. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}

/** The conversion by our `build_imagenet_data`, and all that leads there from folders and from archives. */
export function* conversionCases(directory: string, title: string, about: Conversion): Generator<GoldenCase> {
  yield { name: `${title}/build_imagenet_data`, run: () => checkBuild(directory, title, about) };
  for (const form of ["folders", "archives"] as const) {
    yield {
      name: `${title}/whole path from ${form}`,
      run: () => checkWholePath(directory, title, about, form),
    };
  }
}

/** Numbers of shards and threads, from what the script wrote and printed. */
function shardFlagsOf(title: string, { shards, stdout_sorted }: Conversion): string[] {
  const count = (split: string) => Object.keys(shards).filter((name) => name.startsWith(split)).length;
  const threads = stdout_sorted.join("\n").match(/Launching (\d+) threads/)![1];
  const order = title === "as_checked_out" ? "--noshuffle" : "--shuffle";
  return [
    `--train_shards=${count("train-")}`,
    `--validation_shards=${count("validation-")}`,
    `--num_threads=${threads}`,
    order,
  ];
}

async function checkBuild(directory: string, title: string, about: Conversion): Promise<ExactChecks> {
  const checks = new ExactChecks(), raw = `${directory}/raw`;
  await withFolder(async (folder) => {
    const { code, stdout, stderr } = await run("build_imagenet_data", [
      `--train_directory=${raw}/train`,
      `--validation_directory=${directory}/val_tree`,
      `--output_directory=${folder}`,
      `--bounding_box_file=${directory}/imagenet_2012_bounding_boxes.csv`,
      ...classFlagsOf(raw),
      ...shardFlagsOf(title, about),
    ]);
    checks.equal(code, about.exit_status, `exit status (${stderr.trim()})`);
    const lines = stdout.trim().split("\n");
    const named = lines.map((line) =>
      line.replaceAll(folder, `OUT/${title}`).replaceAll(raw, "RAW").replaceAll(directory, "OUT")
        .replace(time, "TIME")
    );
    checks.equal(
      withoutShardCount(named).sort(),
      withoutShardCount(about.stdout_sorted).sort(),
      "standard output",
    );
    checks.equal(
      named.at(-1),
      `TIME: Finished writing all ${numTraining(about)} images in data set.`,
      "last line",
    );
    await checkShards(checks, directory, folder, about);
  });
  return checks;
}

/** The original gives the number of a thread's pictures as that of its shards; ours counts the shards. */
function withoutShardCount(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/(Wrote \d+ images to) \d+ shards/, "$1 its shards"));
}

function numTraining({ shards }: Conversion): number {
  return Object.entries(shards).filter(([name]) => name.startsWith("train-")).flatMap(([, records]) =>
    records
  ).length;
}

async function checkWholePath(
  directory: string,
  title: string,
  about: Conversion,
  form: "folders" | "archives",
): Promise<ExactChecks> {
  const checks = new ExactChecks(), raw = `${directory}/raw`;
  await withFolder(async (folder) => {
    const archives = `${folder}/archives`;
    await Deno.mkdir(archives);
    await makeArchives(raw, archives);
    const { code, stdout, stderr } = await run("download_and_convert_imagenet", [
      `${folder}/out`,
      `--from=${form === "archives" ? archives : raw}`,
      `--validation_labels_file=${raw}/validation_synset_labels.txt`,
      ...classFlagsOf(raw),
      ...shardFlagsOf(title, about),
    ]);
    checks.equal(code, 0, `exit status (${stderr.trim()})`);
    const last = stdout.trim().split("\n").at(-1)!.replace(time, "TIME");
    checks.equal(last, `TIME: Finished writing all ${numTraining(about)} images in data set.`, "last line");
    await checkShards(checks, directory, `${folder}/out`, about);
  });
  return checks;
}

/** Compares records with what is said about them; pictures that were encoded again by their pixels. */
async function checkShards(checks: ExactChecks, directory: string, folder: string, about: Conversion) {
  for (const [shard, records] of Object.entries(about.shards)) {
    const path = `${folder}/${shard}`;
    const ours = [...decodeTfRecords(await denoFiles.read(path), { path })];
    const expected = await Promise.all(records.map(async (record, i): Promise<RecordAbout> => {
      const [name] = record["image/filename"] as string[];
      if (ours[i] === undefined || repairOf(name) === undefined) return record;
      const encoded = decodeExample(ours[i]).get("image/encoded");
      if (encoded?.kind !== "bytes") return record;
      checkPixels(checks, directory, name, encoded.value[0]);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoded.value[0].slice()));
      return { ...record, "image/encoded": [{ bytes: encoded.value[0].length, sha256: digest.toHex() }] };
    }));
    await checkRecords(checks, ours, expected, shard);
  }
}

function checkPixels(checks: ExactChecks, directory: string, name: string, encoded: Uint8Array): void {
  const ours = decodeJpeg(encoded), theirs = decodeJpeg(Deno.readFileSync(`${directory}/reencoded/${name}`));
  checks.equal([ours.height, ours.width, ours.channels], [theirs.height, theirs.width, 3], `size of ${name}`);
  const worst = ours.data.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs.data[i])), 0);
  checks.check(worst <= fewLevels, `a pixel of ${name} is off by ${worst} levels`);
}

/** Repairs one file and compares its pixels with those of the original's repair. */
export async function checkRepair(directory: string, name: string, reason: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  checks.equal(repairOf(name), reason.includes("PNG") ? "PNG to JPEG" : "CMYK to RGB", "repair");
  const path = `${directory}/raw/train/${name.split("_")[0]}/${name}`;
  checkPixels(checks, directory, name, preparePicture(await denoFiles.read(path), name, path).encoded);
  return checks;
}

/** The original's records, opened as data set `imagenet`: number, labels and boxes. */
export function readingCase(directory: string, title: string): GoldenCase {
  return {
    name: `${title}/read as imagenet`,
    run: async () => {
      const checks = new ExactChecks();
      const { shards }: Conversion = await readJson(`${directory}/${title}.json`);
      for (const splitName of ["train", "validation"]) {
        const datasetDir = `${directory}/${title}`;
        const dataset = await getDataset({ name: "imagenet", splitName, datasetDir, files: denoFiles });
        const names = Object.keys(shards).filter((name) => name.startsWith(`${splitName}-`)).sort();
        const records = names.flatMap((name) => shards[name]);
        checks.equal(dataset.numSamples, records.length, `records of ${splitName}`);
        for (const [i, record] of records.entries()) {
          const { label, height, width, boxes } = await dataset.source.get(i);
          const numbers = (key: string) => record[`image/${key}`] as number[];
          checks.equal([label], numbers("class/label"), `label of record ${i}`);
          checks.equal([height, width], [...numbers("height"), ...numbers("width")], `size of record ${i}`);
          const corners = ["ymin", "xmin", "ymax", "xmax"].map((corner) => numbers(`object/bbox/${corner}`));
          const flat = corners[0].flatMap((_, k) => corners.map((values) => Math.fround(values[k])));
          checks.equal([...boxes ?? []], flat, `boxes of record ${i}`);
        }
      }
      return checks;
    },
  };
}
