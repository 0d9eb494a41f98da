/**
 * Keeps the newest checkpoints of a training run, as `tf.train.Saver` does, and the best one.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Files } from "../files.ts";
import { baseName, joinPath } from "../paths.ts";
import {
  bestBaseName,
  type BestCheckpoint,
  bestFileName,
  isBetter,
  readBest,
  removeOthers,
  replaceBest,
  type Score,
} from "./best_checkpoint.ts";
import { readCheckpointState, stateFileName, writeCheckpointState } from "./checkpoint_state.ts";
import { removeCheckpoint, removeLeftovers } from "./leftovers.ts";
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
 * names a whole checkpoint. Where the disk is full, saving fails and the older checkpoints stay; saving again makes good for it.
 */
export class CheckpointManager {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: Required<CheckpointManagerOptions>;
  #kept: Kept[];
  #best: BestCheckpoint | undefined;
  /** A checkpoint younger than this is kept for good when its turn to go comes. */
  #nextKeepTime: number;

  private constructor(
    files: Files,
    directory: string,
    options: Required<CheckpointManagerOptions>,
    kept: Kept[],
    best: BestCheckpoint | undefined,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#options = options;
    this.#kept = kept;
    this.#best = best;
    this.#nextKeepTime = options.now() + options.keepCheckpointEveryNHours * 3_600_000;
  }

  /**
   * Takes over a folder: goes on with the checkpoints that its state file lists and with the best one, and removes what an
   * interrupted write left. No other process may be saving there.
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
    await removeLeftovers(files, directory, [all.baseName, bestBaseName], [stateFileName, bestFileName]);
    const kept: Kept[] = [];
    for (const path of (await readCheckpointState(files, directory))?.allModelCheckpointPaths ?? []) {
      const prefix = joinPath(directory, path);
      if (await checkpointExists(files, prefix)) kept.push({ prefix, time: all.now() });
    }
    const best = await readBest(files, directory);
    if (best !== undefined) await removeOthers(files, directory, best);
    return new CheckpointManager(files, directory, all, kept, best);
  }

  /** The newest checkpoint that was saved or taken over. */
  get latest(): string | undefined {
    return this.#kept.at(-1)?.prefix;
  }

  /** The best checkpoint that was saved or taken over. */
  get best(): BestCheckpoint | undefined {
    return this.#best;
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
    const all = [...others, { prefix, time: now() }];
    this.#kept = all; // should the state file fail, the next save still knows the old ones
    const kept = all.slice(-(maxToKeep || 1));
    await this.#writeState(kept);
    this.#kept = kept;
    if (maxToKeep > 0) { for (const old of all.slice(0, -maxToKeep)) await this.#retire(old); }
    return prefix;
  }

  /**
   * Saves the checkpoint of a step as `best.ckpt-STEP` if it is better than the best one so far, which then goes. It counts
   * in no other way: `maxToKeep` and the state file do not know it.
   *
   * @param step training step
   * @param tensors by name; not fetched if the score is no better
   * @param score what was measured; a score of another metric than the last best one's starts anew
   * @returns the checkpoint's path, such as `runs/lenet/best.ckpt-100`, or `undefined` if it was not saved
   */
  async saveBest(
    step: number,
    tensors: ReadonlyMap<string, TensorSource>,
    score: Score,
  ): Promise<string | undefined> {
    if (!isBetter(score, this.#best)) return undefined;
    const best = { metric: score.metric, value: score.value, step };
    const prefix = await replaceBest(this.#files, this.#directory, best, this.#best, tensors);
    this.#best = best;
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
