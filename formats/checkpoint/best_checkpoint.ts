/**
 * The best checkpoint of a training, beside the newest ones: `best.ckpt-STEP`, and `best.json`, which says what it is best in.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Files } from "../files.ts";
import { joinPath } from "../paths.ts";
import { removeCheckpoint } from "./leftovers.ts";
import { checkpointExists } from "./reader.ts";
import { type TensorSource, writeCheckpoint } from "./writer.ts";

/** First part of the best checkpoint's name. */
export const bestBaseName = "best.ckpt";
/** Name of the file that tells which it is. */
export const bestFileName = "best.json";

/** What {@linkcode bestFileName} says. */
export interface BestCheckpoint {
  /** What was measured, such as "accuracy". */
  metric: string;
  /** What it came to. */
  value: number;
  /** Training step. */
  step: number;
}

/** A measurement at some step. */
export interface Score {
  /** What was measured, such as "accuracy". */
  metric: string;
  /** What it came to; what is not finite is never the best. */
  value: number;
  /**
   * Whether more or less is better.
   *
   * @default {"max"}
   */
  goal?: "max" | "min";
}

/** Path of the best checkpoint of a folder. */
export function bestPrefix(directory: string, { step }: { step: number }): string {
  return joinPath(directory, `${bestBaseName}-${step}`);
}

/** Reads which checkpoint of a folder is the best; `undefined` if there is none, or its files or what tells of it are damaged. */
export async function readBest(files: Files, directory: string): Promise<BestCheckpoint | undefined> {
  const path = joinPath(directory, bestFileName);
  if (await files.size(path) === undefined) return undefined;
  let best;
  try {
    best = JSON.parse(new TextDecoder().decode(await files.read(path)));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
  const { metric, value, step } = best ?? {};
  const isBest = typeof metric === "string" && typeof value === "number" && Number.isSafeInteger(step);
  if (!isBest || !await checkpointExists(files, bestPrefix(directory, { step }))) return undefined;
  return { metric, value, step };
}

/** Removes further checkpoints of that name, as a process leaves them that is killed while it replaces the best one. */
export async function removeOthers(files: Files, directory: string, best: BestCheckpoint): Promise<void> {
  for (const name of await files.list(directory === "" ? "." : directory)) {
    const step = /^best\.ckpt-(\d+)\.index$/.exec(name)?.[1];
    if (step !== undefined && Number(step) !== best.step) {
      await removeCheckpoint(files, bestPrefix(directory, { step: Number(step) }));
    }
  }
}

/** Whether a score beats the best one so far, which one of another metric always does. */
export function isBetter({ metric, value, goal = "max" }: Score, best: BestCheckpoint | undefined): boolean {
  if (!Number.isFinite(value)) return false;
  if (best === undefined || best.metric !== metric) return true;
  return goal === "max" ? value > best.value : value < best.value;
}

/**
 * Writes a new best checkpoint: the checkpoint, then `best.json`, then the old one goes. Killed at any moment, `best.json`
 * names a whole checkpoint.
 */
export async function replaceBest(
  files: Files,
  directory: string,
  best: BestCheckpoint,
  old: BestCheckpoint | undefined,
  tensors: ReadonlyMap<string, TensorSource>,
): Promise<string> {
  const prefix = bestPrefix(directory, best);
  await writeCheckpoint(files, prefix, tensors);
  const text = JSON.stringify(best, null, 2) + "\n";
  await files.write(joinPath(directory, bestFileName), [new TextEncoder().encode(text)]);
  if (old !== undefined && old.step !== best.step) {
    await removeCheckpoint(files, bestPrefix(directory, old));
  }
  return prefix;
}
