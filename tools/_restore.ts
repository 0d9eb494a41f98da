/**
 * Where a training starts from: its own last checkpoint, another one, or initial values.
 *
 * @module
 */
import { latestCheckpoint } from "../formats/checkpoint/checkpoint_state.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { restoreTraining, restoreVariables } from "../training/checkpoints.ts";
import { isOfLossScale } from "../training/loss_scale.ts";
import type { Trainer } from "../training/trainer.ts";
import { UsageError } from "./_flags.ts";

/** Opens a checkpoint by its path, or the newest one of a directory. */
export async function openCheckpoint(path: string): Promise<CheckpointReader> {
  const stat = await Deno.stat(path).catch(() => undefined);
  const prefix = stat?.isDirectory ? await latestCheckpoint(denoFiles, path) : path;
  if (prefix === undefined) {
    throw new Error(`Cannot find a checkpoint in ${path}: it has no "checkpoint" file that names one`);
  }
  return await CheckpointReader.open(denoFiles, prefix);
}

/** Flags that a training cannot change on the way: what it learns, and with which net. */
const FIXED = ["model_name", "dataset_name", "labels_offset"];

/** Reads the flags that the last run left in a training's directory. */
export async function readFlags(trainDir: string): Promise<Record<string, unknown> | undefined> {
  const path = joinPath(trainDir, "flags.json");
  if (await denoFiles.size(path) === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(await denoFiles.read(path)));
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: it is no JSON; delete it`, { cause });
  }
}

/**
 * Compares with the flags of the last run in the same directory.
 *
 * @returns what changed, one phrase a flag
 * @throws {UsageError} where net or data set changed: that is another training
 */
export async function compareFlags(
  trainDir: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const last = await readFlags(trainDir);
  if (!last || await latestCheckpoint(denoFiles, trainDir) === undefined) return [];
  const changed = Object.keys({ ...last, ...flags }).filter((name) =>
    String(last[name]) !== String(flags[name])
  );
  const fixed = changed.find((name) => FIXED.includes(name));
  if (fixed) {
    throw new UsageError(
      `--${fixed}=${flags[fixed]} does not fit ${trainDir}, which was trained with ${
        last[fixed]
      }; give another --train_dir`,
    );
  }
  return changed.map((name) => `${name} ${last[name] ?? "unset"} -> ${flags[name] ?? "unset"}`);
}

/** Flags that say what to start from. */
export interface StartFlags {
  readonly checkpoint_path?: string;
  readonly checkpoint_exclude_scopes?: readonly string[];
  readonly ignore_missing_vars: boolean;
}

/** Whether a variable is in one of the scopes; as in TF-Slim, a scope is any beginning of a name. */
export function inScopes(name: string, scopes: readonly string[]): boolean {
  return scopes.some((scope) => name.startsWith(scope));
}

/** Restores a training from `trainDir`, else from `checkpoint_path`, and says what it did. */
export async function start(
  trainer: Trainer,
  trainDir: string,
  flags: StartFlags,
  say: (line: string) => void,
): Promise<void> {
  const latest = await latestCheckpoint(denoFiles, trainDir);
  if (latest !== undefined) {
    const { missing } = await restoreTraining(await CheckpointReader.open(denoFiles, latest), trainer);
    say(`Resuming ${trainDir} at step ${trainer.step.toLocaleString("en")}`);
    if (missing.length > 0) say(`Not in ${latest}, so at their initial values: ${missing.join(", ")}`);
    if (flags.checkpoint_path) say(`Ignoring --checkpoint_path: ${trainDir} has a checkpoint already`);
    return;
  }
  if (!flags.checkpoint_path) return;
  const reader = await openCheckpoint(flags.checkpoint_path),
    excluded = flags.checkpoint_exclude_scopes ?? [];
  const { parameters } = trainer.compiled, names = parameters.names.filter((name) => !isOfLossScale(name));
  const wanted = names.filter((name) => !inScopes(name, excluded));
  const missing = wanted.filter((name) => !reader.has(name));
  if (missing.length > 0 && !flags.ignore_missing_vars) {
    throw new Error(
      `Cannot start from ${reader.prefix}: it lacks ${
        missing.join(", ")
      }; exclude them with --checkpoint_exclude_scopes, ` +
        "or start them anew with --ignore_missing_vars",
    );
  }
  const loaded = wanted.filter((name) => reader.has(name));
  await restoreVariables(reader, parameters, loaded);
  const skipped = names.length - wanted.length;
  say(
    `Starting from ${reader.prefix}: ${loaded.length} variables loaded, ${skipped} excluded, ${missing.length} missing`,
  );
}
