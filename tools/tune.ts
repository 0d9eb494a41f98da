/**
 * Finds out which of several kernels that compute the same is the fastest on this adapter, for the shapes of a net, and keeps
 * the answers in the user's cache directory, where every program that opens the adapter finds them.
 *
 * Usage: deno task tune --model_name=resnet_v1_50, or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi tools/tune.ts --help
 * (ffi and env find the Vulkan driver; reading and writing concern the user's cache directory).
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { cacheStorage } from "../host/choice_storage.ts";
import { formatDuration, ProgressLine } from "../host/terminal.ts";
import { buildNet } from "../nets/net.ts";
import { getNet, nets } from "../nets/nets_factory.ts";
import { type Question, questionsOf } from "../tape/questions.ts";
import { type Choices, loadChoices, saveChoices } from "../tape/stored_choices.ts";
import { Tape } from "../tape/tape.ts";
import { type Answer, candidatesOn, choicesOf, tune } from "../tape/tune.ts";
import { trainingRequest } from "../training/description.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { adapterFlags, modelFlags, openDevice } from "./_model_flags.ts";
import { formatTable } from "./_table.ts";

const net = { group: "Net" } as const, stored = { group: "Stored" } as const;

const flags = defineFlags("Finds the fastest kernels for a net's shapes on this adapter, and keeps them.", {
  model_name: modelFlags.model_name,
  all: { ...net, type: "boolean", help: "All nets, one after another; this takes minutes" },
  mode: {
    ...net,
    type: "choice",
    choices: ["inference", "training"],
    default: "inference",
    help: "Which program of the net",
  },
  batch_size: { ...net, type: "int", min: 1, help: "Images a step; without it 1, in training 32" },
  image_size: { ...net, type: "int", min: 1, help: "Side of the images; without it the net's own" },
  show: { ...stored, type: "boolean", help: "Show what is stored for this adapter instead" },
  reset: { ...stored, type: "boolean", help: "Remove what is stored for this adapter instead" },
  adapter: adapterFlags.adapter,
});
type Values = ReturnType<typeof flags.parse>;

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args);
  if (values.show && values.reset) throw new UsageError("Cannot use --show with --reset: give one of them");
  const progress = new ProgressLine(), gpu = await openDevice({ adapter: values.adapter }, progress);
  try {
    if (values.reset) {
      await saveChoices(cacheStorage, gpu.adapter, new Map());
      progress.print("Removed: programs choose by default again");
    } else if (values.show) console.log(describe(await loadChoices(cacheStorage, gpu.adapter)));
    else await tuneNets(gpu, values, progress);
    return 0;
  } finally {
    gpu.close();
  }
}

/** Tunes for one net or for all; answers are stored net by net. */
async function tuneNets(gpu: Gpu, values: Values, progress: ProgressLine): Promise<void> {
  const start = performance.now(), asked = new Set<string>(), open = candidatesOn(gpu);
  let better = 0;
  for (const name of values.all ? nets.keys() : [values.model_name]) {
    const questions = questionsOfNet(gpu, name, values).filter((question) => !asked.has(question.name));
    const known = await loadChoices(cacheStorage, gpu.adapter);
    let done = 0;
    const answers = await tune(questions, {
      kind: gpu.adapter.kind,
      open,
      known,
      onAnswer: () => progress.update(`tuning ${name}: ${++done} of ${questions.length}`),
    });
    progress.end(false);
    questions.forEach((question) => asked.add(question.name));
    better += choicesOf(answers).size;
    await saveChoices(cacheStorage, gpu.adapter, choicesOf(answers, known));
    if (answers.length > 0) console.log(`${name}, ${values.mode}\n${format(answers)}\n`);
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${asked.size} questions in ${formatDuration(seconds)}; ` +
      `where the default is not the best (${better}), the answer is stored`,
  );
}

function questionsOfNet(gpu: Gpu, name: string, values: Values): Question[] {
  const net = getNet(name), tape = new Tape(), isTraining = values.mode === "training";
  const side = values.image_size ?? net.defaultImageSize, batch = values.batch_size ?? (isTraining ? 32 : 1);
  const built = buildNet(tape, net, tape.feed("images", [batch, side, side, net.channels]), {
    numClasses: net.numClasses,
    isTraining,
  });
  const request = isTraining
    ? trainingRequest({ tape, built }, configureOptimizer({ optimizer: "rmsprop" }))
    : { fetches: { logits: built.logits } };
  const maxBindingSize = gpu.limits.maxStorageBufferBindingSize;
  return questionsOf(tape, request, { kind: gpu.adapter.kind, subgroups: gpu.subgroups, maxBindingSize });
}

/** A line for each question. */
function format(answers: readonly Answer[]): string {
  return formatTable(answers.map(({ question, times, chosen }) => ({
    question: question.name,
    "ms of each way": [...times].map(([way, ms]) => `${way} ${ms.toPrecision(3)}`).join(", "),
    default: question.usual,
    chosen: chosen === question.usual ? "" : chosen,
  })));
}

function describe(choices: Choices): string {
  if (choices.size === 0) return "Nothing is stored for this adapter: programs choose by default";
  return formatTable([...choices].sort().map(([question, chosen]) => ({ question, chosen })));
}

if (import.meta.main) await runTool(main);
