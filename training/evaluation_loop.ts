/**
 * Evaluation beside a training: each new checkpoint of its directory.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { latestCheckpoint } from "../formats/checkpoint/checkpoint_state.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";

/** Tells the time and waits, in seconds. */
export interface Clock {
  now(): number;
  sleep(seconds: number): Promise<void>;
}

/** The clock on the wall. */
export const wallClock: Clock = {
  now: () => performance.now() / 1000,
  sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds)),
};

/** Options of {@linkcode evaluationLoop}; all times in seconds. */
export interface EvaluationLoopOptions {
  /** From the start of one evaluation to that of the next, at least. */
  readonly intervalSecs: number;
  /** Stop when there was no new checkpoint for so long. @default {Infinity} */
  readonly timeoutSecs?: number;
  /** Told why the newest checkpoint could not be read; it is tried again in the next round. */
  readonly onUnreadable?: (reason: Error) => void;
  /** @default {wallClock} */
  readonly clock?: Clock;
}

/** How long to wait between two looks for a new checkpoint, as TF does. */
const LOOK_SECS = 1;

/**
 * Evaluates the newest checkpoint of a directory, then each new one once, as `slim.evaluation.evaluation_loop`: waits for the
 * first one, and passes over those that come and are replaced while another is evaluated.
 *
 * @param evaluate restores and evaluates the checkpoint of this path. Where it throws a NotFoundError or a DataLossError about
 * the checkpoint's own files, as when they are deleted meanwhile, the loop goes on; any other error ends it.
 * @returns how many were evaluated before the timeout
 */
export async function evaluationLoop(
  files: Files,
  directory: string,
  evaluate: (prefix: string) => Promise<void>,
  { intervalSecs, timeoutSecs = Infinity, onUnreadable, clock = wallClock }: EvaluationLoopOptions,
): Promise<number> {
  let last: string | undefined, count = 0, deadline = clock.now() + timeoutSecs;
  while (true) {
    const start = clock.now(), prefix = await newestCheckpoint(files, directory);
    let pause = LOOK_SECS;
    if (prefix !== undefined && prefix !== last) {
      try {
        await evaluate(prefix);
        [last, count, deadline] = [prefix, count + 1, clock.now() + timeoutSecs];
      } catch (thrown) {
        if (!isAboutFilesOf(prefix, thrown)) throw thrown;
        onUnreadable?.(thrown);
      }
      pause = start + intervalSecs - clock.now();
    }
    const left = deadline - clock.now();
    if (left <= 0) return count;
    await clock.sleep(Math.max(0, Math.min(pause, left)));
  }
}

/** As `latestCheckpoint`; a state file that names none, or goes while it is read, is as none at all. */
async function newestCheckpoint(files: Files, directory: string): Promise<string | undefined> {
  try {
    return await latestCheckpoint(files, directory);
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof NotFoundError) return undefined;
    throw thrown;
  }
}

function isAboutFilesOf(prefix: string, thrown: unknown): thrown is DataLossError | NotFoundError {
  return (thrown instanceof DataLossError || thrown instanceof NotFoundError) &&
    (thrown.path?.startsWith(prefix) ?? false);
}
