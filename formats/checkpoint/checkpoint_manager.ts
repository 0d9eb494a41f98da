/**
 * Keeps the newest checkpoints of a training run, as `tf.train.Saver` does.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Files } from "../files.ts";
import { isTemporaryName } from "../files.ts";
import { baseName, joinPath } from "../paths.ts";
import { readCheckpointState, stateFileName, writeCheckpointState } from "./checkpoint_state.ts";
import { checkpointExists } from "./reader.ts";
import { type TensorSource, writeCheckpoint } from "./writer.ts";

/** Options of {@linkcode CheckpointManager.open}. */
export interface CheckpointManagerOptions {
  /**
   * Checkpoints to keep; 0 keeps all, of which the state file then lists the newest only.
   *
   * @default {5}
   */
  maxToKeep?: number;
  /**
   * Besides, never delete one checkpoint of every so many hours.
   *
   * @default {10000}
   */
  keepCheckpointEveryNHours?: number;
  /**
   * Write paths relative to the folder into the state file, so that the folder can be moved.
   *
   * @default {true}
   */
  saveRelativePaths?: boolean;
  /**
   * First part of the checkpoints' names.
   *
   * @default {"model.ckpt"}
   */
  baseName?: string;
  /** Milliseconds since some fixed time. */
  now?: () => number;
}

interface Kept {
  prefix: string;
  /** When it was saved. */
  time: number;
}

/**
 * Saves checkpoints into one folder and deletes old ones.
 *
 * The order is: the new checkpoint, whole; then the state file; then the old files go. Killed at any moment, the state file
 * names a whole checkpoint.
 */
export class CheckpointManager {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: Required<CheckpointManagerOptions>;
  #kept: Kept[];
  /** A checkpoint younger than this is kept for good when its turn to go comes. */
  #nextKeepTime: number;

  private constructor(
    files: Files,
    directory: string,
    options: Required<CheckpointManagerOptions>,
    kept: Kept[],
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#options = options;
    this.#kept = kept;
    this.#nextKeepTime = options.now() + options.keepCheckpointEveryNHours * 3_600_000;
  }

  /**
   * Takes over a folder: goes on with the checkpoints that its state file lists, and removes what an interrupted write left.
   *
   * @throws {RangeError} if `maxToKeep` is negative or no whole number
   */
  static async open(
    files: Files,
    directory: string,
    options: CheckpointManagerOptions = {},
  ): Promise<CheckpointManager> {
    const all = {
      maxToKeep: 5,
      keepCheckpointEveryNHours: 10000,
      saveRelativePaths: true,
      baseName: "model.ckpt",
      now: Date.now,
      ...options,
    };
    if (!Number.isSafeInteger(all.maxToKeep) || all.maxToKeep < 0) {
      throw new RangeError(
        `Cannot keep ${all.maxToKeep} checkpoints: give a whole number, 0 for all of them`,
      );
    }
    for (const name of await files.list(directory === "" ? "." : directory)) {
      const isOurs = name.startsWith(all.baseName + "-") || name.startsWith(stateFileName + ".");
      if (isOurs && isTemporaryName(name)) await files.remove(joinPath(directory, name));
    }
    const kept: Kept[] = [];
    for (const path of (await readCheckpointState(files, directory))?.allModelCheckpointPaths ?? []) {
      const prefix = joinPath(directory, path);
      if (await checkpointExists(files, prefix)) kept.push({ prefix, time: all.now() });
    }
    return new CheckpointManager(files, directory, all, kept);
  }

  /** The newest checkpoint that was saved or taken over. */
  get latest(): string | undefined {
    return this.#kept.at(-1)?.prefix;
  }

  /** All checkpoints that the state file lists, the oldest first. */
  get checkpoints(): string[] {
    return this.#kept.map(({ prefix }) => prefix);
  }

  /**
   * Saves the checkpoint of a step.
   *
   * @param step training step, the end of the checkpoint's name
   * @param tensors by name
   * @returns the checkpoint's path, such as `runs/lenet/model.ckpt-100`
   */
  async save(step: number, tensors: ReadonlyMap<string, TensorSource>): Promise<string> {
    const { maxToKeep, now } = this.#options;
    const prefix = joinPath(this.#directory, `${this.#options.baseName}-${step}`);
    const others = this.#kept.filter((kept) => kept.prefix !== prefix);
    if (others.length < this.#kept.length && others.length > 0) {
      await this.#writeState(others); // while its files change, the state file names another checkpoint
    }
    await writeCheckpoint(this.#files, prefix, tensors);
    const kept = [...others, { prefix, time: now() }];
    const old = maxToKeep === 0 ? [] : kept.splice(0, kept.length - maxToKeep);
    this.#kept = maxToKeep === 0 ? kept.slice(-1) : kept;
    await this.#writeState(this.#kept);
    for (const checkpoint of old) await this.#retire(checkpoint);
    return prefix;
  }

  async #writeState(kept: readonly Kept[]): Promise<void> {
    const paths = kept.map(({ prefix }) => this.#options.saveRelativePaths ? baseName(prefix) : prefix);
    await writeCheckpointState(this.#files, this.#directory, {
      modelCheckpointPath: paths.at(-1)!,
      allModelCheckpointPaths: paths,
    });
  }

  async #retire({ prefix, time }: Kept): Promise<void> {
    if (time > this.#nextKeepTime) {
      this.#nextKeepTime += this.#options.keepCheckpointEveryNHours * 3_600_000;
      return;
    }
    await removeCheckpoint(this.#files, prefix);
  }
}

/** Removes all files of a checkpoint, the index first, so that nothing half removed looks whole. */
export async function removeCheckpoint(files: Files, prefix: string): Promise<void> {
  const base = baseName(prefix);
  const folder = prefix.slice(0, prefix.length - base.length);
  await files.remove(prefix + ".index");
  for (const name of await files.list(folder === "" ? "." : folder)) {
    const rest = name.startsWith(base) ? name.slice(base.length) : undefined;
    if (rest !== undefined && /^(\.meta|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5}|)$/.test(rest)) {
      await files.remove(folder + name);
    }
  }
}
