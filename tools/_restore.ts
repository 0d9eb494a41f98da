/**
 * Where a training starts from: its own last checkpoint, another one, or initial values.
 *
 * @module
 */
import { latestCheckpoint, readCheckpointState } from "../formats/checkpoint/checkpoint_state.ts";
import { openCheckpoint as openAnyCheckpoint } from "../formats/checkpoint/open.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { DataLossError, firstOf, NotFoundError, reasonOf } from "../formats/errors.ts";
import { joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { getNet } from "../nets/nets_factory.ts";
import { restoreTraining, restoreVariables } from "../training/checkpoints.ts";
import { planFineTuning } from "../training/fine_tuning.ts";
import type { Trainer } from "../training/trainer.ts";
import { UsageError } from "./_flags.ts";

/** Opens a checkpoint by its path, or the newest one of a directory. */
export async function openCheckpoint(path: string): Promise<CheckpointReader> {
  return await openAnyCheckpoint(denoFiles, path);
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

/**
 * Takes up a training from the newest checkpoint of its directory that is whole; false where there is none at all.
 *
 * @throws {Error} where there are some, and all are damaged
 */
async function resume(trainer: Trainer, trainDir: string, say: (line: string) => void): Promise<boolean> {
  const state = await readCheckpointState(denoFiles, trainDir), reasons: string[] = [];
  const paths = state?.allModelCheckpointPaths ?? await strayCheckpoints(trainDir);
  const prefixes = paths.map((path) => joinPath(trainDir, path)).reverse();
  for (const prefix of prefixes) {
    try {
      const { missing } = await restoreTraining(await CheckpointReader.open(denoFiles, prefix), trainer);
      reasons.forEach(say);
      say(`Resuming ${trainDir} at step ${trainer.step.toLocaleString("en")}`);
      if (missing.length > 0) say(`Not in ${prefix}, so at their initial values: ${some(missing)}`);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof DataLossError || thrown instanceof NotFoundError)) throw thrown;
      reasons.push(`Passing over the damaged checkpoint ${prefix}: ${reasonOf(thrown)}`);
    }
  }
  if (reasons.length === 0) return false;
  throw new Error(
    `Cannot resume ${trainDir}: none of its checkpoints is whole\n${reasons.join("\n")}\n` +
      "Move the directory away, or give another --train_dir, to start anew",
  );
}

/** Checkpoints of a directory whose state file is gone or damaged, by step. */
async function strayCheckpoints(trainDir: string): Promise<string[]> {
  const names = (await denoFiles.list(trainDir)).flatMap((name) =>
    /^(model\.ckpt-\d+)\.index$/.exec(name)?.[1] ?? []
  );
  const stepOf = (name: string) => Number(name.slice(name.lastIndexOf("-") + 1));
  return names.sort((a, b) => stepOf(a) - stepOf(b));
}

/** Restores a training from `trainDir`, else from `checkpoint_path`, and says what it did. */
export async function start(
  trainer: Trainer,
  trainDir: string,
  flags: StartFlags,
  say: (line: string) => void,
): Promise<void> {
  if (await resume(trainer, trainDir, say)) {
    if (flags.checkpoint_path) say(`Ignoring --checkpoint_path: ${trainDir} has a checkpoint already`);
    return;
  }
  if (!flags.checkpoint_path) return;
  const reader = await openCheckpoint(flags.checkpoint_path), { compiled, options } = trainer;
  const { parameters, variables } = compiled;
  const plan = planFineTuning(
    variables.map((name) => ({ name, shape: parameters.shape(name) })),
    [...reader.tensors].map(([name, { shape }]) => ({ name, shape })),
    {
      excludeScopes: flags.checkpoint_exclude_scopes,
      headScopes: getNet(options.modelName).headScopes,
    },
  );
  const { loaded, missing, misshapen } = plan;
  if (misshapen.length > 0) {
    throw new Error(
      `Cannot start from ${reader.prefix}: other shapes than in the net have ${
        some(misshapen)
      }; is it a checkpoint of ` +
        `${options.modelName}? Exclude them with --checkpoint_exclude_scopes to start them anew`,
    );
  }
  if (missing.length > 0 && !flags.ignore_missing_vars) {
    throw new Error(
      `Cannot start from ${reader.prefix}: it lacks ${
        some(missing)
      }; exclude them with --checkpoint_exclude_scopes, ` +
        "or start them anew with --ignore_missing_vars",
    );
  }
  if (loaded.length === 0) {
    throw new Error(
      `Cannot start from ${reader.prefix}: it gives none of the ${variables.length} variables of ${options.modelName}`,
    );
  }
  await restoreVariables(reader, parameters, loaded);
  compiled.startMovingAverages();
  say(`Starting from ${reader.prefix}: ${loaded.length} of ${variables.length} variables loaded`);
  const reasons: [readonly string[], string][] = [
    [plan.excluded, "started anew, as in --checkpoint_exclude_scopes"],
    [plan.swapped, "started anew, because the number of classes is another"],
    [missing, "started anew, because the checkpoint lacks them"],
    [plan.unused, "in the checkpoint, and not in the net"],
  ];
  for (const [names, reason] of reasons) {
    if (names.length > 0) say(`  ${names.length} ${reason}: ${some(names)}`);
  }
}

/** The first names of a list. */
const some = (names: readonly string[]) => firstOf(names, 6);
