/**
 * Evaluates a checkpoint, or each new one of a directory: accuracy, Recall_5, a line a class, the confusion matrix.
 *
 * Usage: deno task eval [FLAGS], or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi tools/eval.ts --help
 * (ffi and env find the Vulkan driver; writing concerns EVAL_DIR and the user's cache directory).
 *
 * @module
 */
import { checkpointExists, CheckpointReader } from "../formats/checkpoint/reader.ts";
import { directoryOf } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { ProgressLine } from "../host/terminal.ts";
import { evaluationLoop } from "../training/evaluation_loop.ts";
import { Evaluation } from "./_evaluation.ts";
import { evaluationFlags, type EvaluationValues, inheritedArgs } from "./_evaluation_flags.ts";
import { runTool, UsageError } from "./_flags.ts";
import { openCheckpoint } from "./_restore.ts";

/** The exit code that shells give to an interrupted program. */
const INTERRUPTED = 130;

/** Refuses flags that do not go together. */
async function checkFlags({ eval_interval_secs, timeout_secs }: EvaluationValues, path: string) {
  if (eval_interval_secs === undefined) {
    if (timeout_secs === undefined) return;
    throw new UsageError(
      `--timeout_secs=${timeout_secs} needs --eval_interval_secs: without it one checkpoint is evaluated`,
    );
  }
  const stat = await Deno.stat(path).catch(() => undefined);
  if (!stat?.isDirectory && await checkpointExists(denoFiles, path)) {
    throw new UsageError(
      `--eval_interval_secs=${eval_interval_secs} needs a directory, and ${path} is one checkpoint; ` +
        `leave it out, or give --checkpoint_path=${directoryOf(path) || "."}`,
    );
  }
}

/** Evaluates each new checkpoint of a directory until there is none for the timeout. */
async function evaluateAll(
  directory: string,
  { eval_interval_secs: intervalSecs = 0, timeout_secs: timeoutSecs }: EvaluationValues,
  evaluate: (reader: CheckpointReader) => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  say(`Evaluating each new checkpoint of ${directory}; Ctrl-C stops`);
  const count = await evaluationLoop(
    denoFiles,
    directory,
    async (prefix) => await evaluate(await CheckpointReader.open(denoFiles, prefix)),
    { intervalSecs, timeoutSecs, onUnreadable: ({ message }) => say(`${message}; trying again`) },
  );
  if (count === 0) {
    throw new Error(
      `Cannot find a checkpoint in ${directory}: none could be read for ${timeoutSecs} seconds; ` +
        "is a training running there?",
    );
  }
  say(`No new checkpoint for ${timeoutSecs} seconds; evaluated ${count}`);
}

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const first = evaluationFlags.parse(args), progress = new ProgressLine();
  const path = first.checkpoint_path ?? `runs/${first.model_name}`;
  await checkFlags(first, path);
  Deno.addSignalListener("SIGINT", () => {
    progress.end(false);
    Deno.exit(INTERRUPTED);
  });
  let evaluation: Evaluation | undefined;
  const evaluate = async (reader: CheckpointReader) => {
    const inherited = await inheritedArgs(directoryOf(reader.prefix), args);
    evaluation ??= await Evaluation.open(evaluationFlags.parse([...inherited, ...args]), progress);
    await evaluation.run(reader);
  };
  try {
    if (first.eval_interval_secs === undefined) await evaluate(await openCheckpoint(path));
    else await evaluateAll(path, first, evaluate, (line) => progress.print(line));
    return 0;
  } finally {
    evaluation?.close();
  }
}

if (import.meta.main) await runTool(main);
