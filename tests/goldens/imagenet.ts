/** Topic `imagenet`: the scripts around ImageNet, on a miniature of its raw layout, and the records that come of it. */

import { bytesEqual, checkRepair, conversionCases, readingCase } from "./_imagenet_records.ts";
import { boxCases, shardingCases, validationCases } from "./_imagenet_scripts.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, unknownCase } from "./report.ts";

/** What other cases read. */
const sources = ["README.md", "raw/", "val_tree/", "reencoded/"];

/** Every case of a directory. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  for (const name of await listDirectory(directory)) {
    const path = `${directory}/${name}`;
    if (name === "sharding.json") yield* shardingCases(await readJson(path));
    else if (name === "process_bounding_boxes.json") yield* boxCases(directory, await readJson(path));
    else if (name === "preprocess_validation.json") yield* validationCases(directory, await readJson(path));
    else if (name === "imagenet_2012_bounding_boxes.csv") yield tableCase(directory, path);
    else if (name === "as_checked_out.json" || name === "official_shuffle.json") {
      yield* conversionCases(directory, name.replace(".json", ""), await readJson(path));
    } else if (name === "as_checked_out/" || name === "official_shuffle/") {
      yield readingCase(directory, name.slice(0, -1));
    } else if (name === "reencoded.json") {
      const repaired: Record<string, string> = await readJson(path);
      for (const [file, reason] of Object.entries(repaired)) {
        yield { name: `reencoded/${file}`, run: () => checkRepair(directory, file, reason) };
      }
    } else if (!sources.includes(name)) yield unknownCase(name, "the file");
  }
}

/** The table must be what the script printed, sorted. */
function tableCase(directory: string, path: string): GoldenCase {
  const run = async () => {
    const checks = new ExactChecks();
    const { with_synsets } = await readJson(`${directory}/process_bounding_boxes.json`);
    const lines: string[] = with_synsets.stdout_sorted;
    const text = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    checks.check(bytesEqual(await Deno.readFile(path), text), "the table is not what the script printed");
    return checks;
  };
  return { name: "imagenet_2012_bounding_boxes.csv", run };
}
