/** Cases of topic `imagenet`: sharding, the table of boxes, the sorting of validation pictures. */

import { planShards, threadSpacing } from "../../datasets/imagenet/shards.ts";
import { run, withFolder } from "../_tools.ts";
import { bytesEqual } from "./_imagenet_records.ts";
import { ExactChecks, type GoldenCase, unknownCase } from "./report.ts";

interface Spacing {
  spacing: number[];
  /** How many pictures go to each file, or the ends of that list and its extremes. */
  files_per_shard: number[] | { first10: number[]; last10: number[]; min: number; max: number };
}

/** One case for each number of pictures, threads and files. */
export function* shardingCases(
  about: { shards_not_divisible: string; spacing: Record<string, Spacing> },
): Generator<GoldenCase> {
  for (const [title, expected] of Object.entries(about.spacing)) {
    const numbers = title.match(/^(\d+) files, (\d+) threads, (\d+) shards$/)?.slice(1).map(Number);
    if (numbers) yield { name: `sharding/${title}`, run: () => checkSpacing(numbers, expected) };
    else yield unknownCase(`sharding/${title}`, "the title");
  }
  const run = () => {
    const checks = new ExactChecks();
    let message = "";
    try {
      planShards(10, 3, 2);
    } catch (thrown) {
      message = String(thrown);
    }
    checks.check(message.includes("num_threads"), `3 shards for 2 threads: "${message}"`);
    return checks;
  };
  if (about.shards_not_divisible !== undefined) yield { name: "sharding/not divisible", run };
}

function checkSpacing(
  [files, threads, shards]: number[],
  { spacing, files_per_shard }: Spacing,
): ExactChecks {
  const checks = new ExactChecks();
  checks.equal(threadSpacing(files, threads), spacing, "spacing");
  const plan = planShards(files, shards, threads), counts = plan.map(({ start, end }) => end - start);
  checks.equal(plan.map(({ index }) => index), counts.map((_, i) => i), "numbers of files");
  if (Array.isArray(files_per_shard)) {
    checks.equal(counts, files_per_shard, "pictures by file");
    return checks;
  }
  const { first10, last10, min, max } = files_per_shard;
  checks.equal(counts.slice(0, 10), first10, "pictures in the first files");
  checks.equal(counts.slice(-10), last10, "pictures in the last files");
  checks.equal([Math.min(...counts), Math.max(...counts)], [min, max], "fewest and most pictures in a file");
  return checks;
}

interface ScriptRun {
  exit_status: number;
  stdout?: string | string[];
  stdout_sorted?: string[];
  stderr?: string | string[];
}

const usage = "Invalid usage\nusage: ";

/** A box of an annotation, and an annotation of such; `undefined` leaves an element out. */
function annotation(xmin: string, height: string, filename: string | undefined): string {
  const name = filename === undefined ? "" : `<filename>${filename}</filename>`;
  return `<annotation>${name}<size><width>100</width><height>${height}</height></size><object><name>n01440764</name>` +
    `<bndbox><xmin>${xmin}</xmin><ymin>1</ymin><xmax>50</xmax><ymax>50</ymax></bndbox></object></annotation>`;
}

/** The annotations of cases that the reference data describe without including them. */
const badAnnotations: Readonly<Record<string, string>> = {
  broken_xml: "<annotation><object>",
  zero_height: annotation("1", "0", undefined),
  fractional_coordinate: annotation("1.5", "100", "n01440764_1"),
  xmin_minus_one_ends_the_count: annotation("-1", "100", "n01440764_1"),
};

/** One case for each run of `process_bounding_boxes.py`. */
export function* boxCases(directory: string, runs: Record<string, ScriptRun>): Generator<GoldenCase> {
  const raw = `${directory}/raw`, [boxes, synsets] = [`${raw}/bounding_boxes`, `${raw}/synsets.txt`];
  const argumentsOf: Record<string, string[]> = {
    with_synsets: [boxes, synsets],
    without_synsets: [boxes],
    no_arguments: [],
    three_arguments: [boxes, synsets, synsets],
  };
  for (const [title, expected] of Object.entries(runs)) {
    const name = `process_bounding_boxes/${title}`;
    if (Object.hasOwn(argumentsOf, title)) {
      yield { name, run: () => checkBoxes(argumentsOf[title], raw, expected) };
    } else if (Object.hasOwn(badAnnotations, title)) {
      yield { name, run: () => checkBadAnnotation(badAnnotations[title], expected) };
    } else yield unknownCase(name, "the run");
  }
}

async function checkBoxes(args: string[], raw: string, expected: ScriptRun): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const { code, stdout, stderr } = await run("process_bounding_boxes", args);
  checks.equal(code, expected.exit_status, "exit status");
  if (expected.stdout_sorted) checks.equal(stdout.trim().split("\n"), expected.stdout_sorted, "boxes");
  if (typeof expected.stdout === "string") checks.equal(stdout, expected.stdout, "standard output");
  if (typeof expected.stderr === "string") {
    checks.equal(stderr.replaceAll(".ts", ".py"), expected.stderr, "standard error");
  } else if (expected.stderr) {
    // Progress depends on the order in which the script's files came; ours come sorted.
    const lines = (list: string[]) => list.filter((line) => !line.startsWith("-->"));
    checks.equal(
      lines(stderr.replaceAll(raw, "RAW").trim().split("\n")),
      lines(expected.stderr),
      "standard error",
    );
  }
  return checks;
}

async function checkBadAnnotation(xml: string, { exit_status, stdout }: ScriptRun): Promise<ExactChecks> {
  const checks = new ExactChecks();
  await withFolder(async (folder) => {
    const path = `${folder}/n01440764/n01440764_1.xml`;
    await Deno.mkdir(`${folder}/n01440764`);
    await Deno.writeTextFile(path, xml);
    const result = await run("process_bounding_boxes", [folder]);
    checks.equal(result.code, exit_status, "exit status");
    checks.equal(result.stdout, "", "standard output");
    if (exit_status === 0) checks.equal(stdout?.length, 0, "lines that the script printed");
    else checks.check(result.stderr.includes(path), `the message does not name the file: ${result.stderr}`);
  });
  return checks;
}

interface ValidationRun extends ScriptRun {
  /** The files afterwards. */
  tree?: string[];
  left?: string[];
}

/** One case for each run of `preprocess_imagenet_validation_data.py`. */
export function* validationCases(
  directory: string,
  runs: Record<string, ValidationRun>,
): Generator<GoldenCase> {
  for (const [title, expected] of Object.entries(runs)) {
    const name = `preprocess_validation/${title}`;
    if (title === "no_arguments") yield { name, run: () => checkUsage(expected) };
    else if (["ok", "second_time", "missing_file"].includes(title)) {
      yield { name, run: () => checkSorting(directory, title, expected) };
    } else yield unknownCase(name, "the run");
  }
}

const sorter = "preprocess_imagenet_validation_data";

async function checkUsage({ exit_status, stdout }: ScriptRun): Promise<ExactChecks> {
  const checks = new ExactChecks();
  for (const args of [[], ["folder"]]) {
    const result = await run(sorter, args);
    checks.equal(result.code, exit_status, "exit status");
    checks.equal(
      result.stdout.replace(`${usage}${sorter}.ts`, `${usage}${sorter}.py`),
      stdout,
      "standard output",
    );
  }
  return checks;
}

async function checkSorting(directory: string, title: string, expected: ValidationRun): Promise<ExactChecks> {
  const checks = new ExactChecks();
  await withFolder(async (folder) => {
    const missing = title === "missing_file" ? String(expected.stdout).trim().split("/").at(-1)! : undefined;
    for (const { name } of Deno.readDirSync(`${directory}/raw/validation`)) {
      if (name !== missing) await Deno.copyFile(`${directory}/raw/validation/${name}`, `${folder}/${name}`);
    }
    const args = [folder, `${directory}/raw/validation_synset_labels.txt`];
    if (title === "second_time") await run(sorter, args);
    const { code, stdout } = await run(sorter, args);
    checks.equal(code, expected.exit_status, "exit status");
    if (typeof expected.stdout === "string") {
      checks.equal(
        stdout.replace(folder, "VAL").replace(/ +/g, " "),
        expected.stdout.replace(/ +/g, " "),
        "standard output",
      );
    }
    const files = await listTree(folder), tree = expected.tree ?? expected.left;
    if (tree) checks.equal(files, tree, "files afterwards");
    if (title !== "ok") return;
    for (const file of files) {
      const [ours, theirs] = [`${folder}/${file}`, `${directory}/val_tree/${file}`].map((path) =>
        Deno.readFileSync(path)
      );
      checks.check(bytesEqual(ours, theirs), `${file} has other bytes`);
    }
  });
  return checks;
}

/** Files of a folder and its folders, sorted. */
async function listTree(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...(await listTree(`${folder}/${name}`)).map((file) => `${name}/${file}`));
    else files.push(name);
  }
  return files.sort();
}
