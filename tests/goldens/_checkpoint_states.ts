/** Cases of topic `checkpoints`: state files after each save, and what the latest checkpoint is for odd ones. */

import { CheckpointManager } from "../../formats/checkpoint/checkpoint_manager.ts";
import { latestCheckpoint } from "../../formats/checkpoint/checkpoint_state.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
import { type Files, memoryFiles } from "../../formats/files.ts";
import { directoryOf } from "../../formats/paths.ts";
import { ExactChecks, type GoldenCase, readJson, unknownCase } from "./report.ts";

/** The folder after one save. */
interface Saved {
  after_step: number;
  files: string[];
  checkpoint_file: string;
  latest_checkpoint: string;
}

interface OddFile {
  checkpoint_file: string | null;
  latest_checkpoint: string | null | { error: string };
}

/** Cases of `state_files.json`. */
export async function* stateCases(path: string): AsyncGenerator<GoldenCase> {
  const all: Record<string, Saved[] | Record<string, OddFile>> = await readJson(path);
  for (const [name, about] of Object.entries(all)) {
    const series = /^(absolute|relative)_keep(?:(\d+)|_all_none)$/.exec(name);
    if (name === "latest_checkpoint_cases" && !Array.isArray(about)) {
      const directory = findDirectory(all);
      for (const [odd, file] of Object.entries(about)) {
        yield { name: `state_files/${odd}`, run: () => checkOddFile(directory, file) };
      }
    } else if (series && Array.isArray(about)) {
      const options = { saveRelativePaths: series[1] === "relative", maxToKeep: Number(series[2] ?? 0) };
      yield { name: `state_files/${name}`, run: () => checkSeries(about, options) };
    } else yield unknownCase(`state_files/${name}`, "the series");
  }
}

/** Saves step after step and compares the folder each time; the last but one save is done by a manager opened anew. */
async function checkSeries(
  saves: Saved[],
  options: { saveRelativePaths: boolean; maxToKeep: number },
): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const files = memoryFiles();
  const directory = directoryOf(saves[0].latest_checkpoint).slice(0, -1);
  const tensor: Tensor = { dtype: "float32", shape: [], data: new Float32Array(1) };
  let manager = await CheckpointManager.open(files, directory, options);
  for (const [i, { after_step, files: expected, checkpoint_file, latest_checkpoint }] of saves.entries()) {
    if (i === saves.length - 2) manager = await CheckpointManager.open(files, directory, options);
    await manager.save(after_step, new Map([["x", tensor]]));
    const wanted = expected.filter((name) => !name.endsWith(".meta")); // the graph, which is another topic
    checks.equal(await files.list(directory), wanted, `files after step ${after_step}`);
    checks.equal(await stateText(files, directory), checkpoint_file, `state file after step ${after_step}`);
    checks.equal(
      await latestCheckpoint(files, directory),
      latest_checkpoint,
      `latest after step ${after_step}`,
    );
  }
  return checks;
}

async function stateText(files: Files, directory: string): Promise<string> {
  return new TextDecoder().decode(await files.read(`${directory}/checkpoint`));
}

/** Any absolute path in the file tells the folder that TensorFlow used. */
function findDirectory(all: Record<string, Saved[] | Record<string, OddFile>>): string {
  for (const about of Object.values(all)) {
    for (const { latest_checkpoint } of Object.values(about)) {
      if (typeof latest_checkpoint === "string") return directoryOf(latest_checkpoint).slice(0, -1);
    }
  }
  throw new Error("no series names a folder");
}

async function checkOddFile(
  directory: string,
  { checkpoint_file, latest_checkpoint }: OddFile,
): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const contents: Record<string, Uint8Array> = {};
  if (checkpoint_file !== null) {
    contents[`${directory}/checkpoint`] = new TextEncoder().encode(checkpoint_file);
  }
  if (typeof latest_checkpoint === "string") contents[`${latest_checkpoint}.index`] = new Uint8Array();
  const files = memoryFiles(contents);
  if (latest_checkpoint === null || typeof latest_checkpoint === "string") {
    checks.equal(
      await latestCheckpoint(files, directory),
      latest_checkpoint ?? undefined,
      "latest checkpoint",
    );
    return checks;
  }
  try {
    checks.check(
      false,
      `${await latestCheckpoint(files, directory)} instead of "${latest_checkpoint.error}"`,
    );
  } catch (thrown) {
    checks.check(
      latest_checkpoint.error.startsWith("ValueError") && thrown instanceof SyntaxError,
      String(thrown),
    );
  }
  return checks;
}
