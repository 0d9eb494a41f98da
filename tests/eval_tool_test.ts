/** tools/eval.ts as users run it: one checkpoint, a loop over new ones, moving averages, interruptions. */

// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { getSampleSplit } from "../datasets/sample.ts";
import { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import type { TensorSource } from "../formats/checkpoint/writer.ts";
import { denoFiles } from "../host/files.ts";
import { Tape } from "../tape/tape.ts";
import { recordClassifier } from "../training/classifier.ts";
import { Evaluator } from "../training/evaluator.ts";
import { SHADOWS } from "../training/moving_averages.ts";
import { withGpu } from "./_gpu.ts";
import { run, spawn, withFolder } from "./_tools.ts";

/** A LeNet of 8 pixels a side. */
const net = { modelName: "lenet", numClasses: 10, imageSize: 8, batchSize: 10 };
/** Two batches of it. */
const quick = ["--eval_image_size=8", "--batch_size=10", "--max_num_batches=2"];

/** Saves a checkpoint in which the net always answers `answer`, and its moving averages, if any, `averaged`. */
async function save(folder: string, step: number, answer: number, averaged?: number): Promise<string> {
  const tape = new Tape(), tensors = new Map<string, TensorSource>();
  for (const _ of recordClassifier(tape, { ...net, isTraining: false, channels: 1 }));
  for (const [name, { shape }] of tape.variables) {
    const put = (key: string, best: number) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (name === "LeNet/fc4/biases") data[best] = 1;
      tensors.set(key, { dtype: "float32", shape: [...shape], data });
    };
    put(name, answer);
    if (averaged !== undefined) put(`${name}/${SHADOWS}`, averaged);
  }
  tensors.set("global_step", { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(step)) });
  return await (await CheckpointManager.open(denoFiles, folder)).save(step, tensors);
}

async function readLines(path: string): Promise<Record<string, unknown>[]> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Collects the text of a stream: `until` waits for a part of it, `all` for its end. */
function listen(stream: ReadableStream<Uint8Array>) {
  const parts = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const more = async () => {
    const { done, value = "" } = await parts.read();
    text += value;
    return !done;
  };
  return {
    async until(pattern: RegExp) {
      while (!pattern.test(text)) assert(await more(), `ended without ${pattern}: ${text}`);
    },
    async all() {
      while (await more());
      return text;
    },
  };
}

Deno.test("tools/eval.ts evaluates once, keeps the results, and takes moving averages where it is told", () =>
  withFolder(async (folder) => {
    const prefix = await save(folder, 7, 3, 4), args = [`--checkpoint_path=${folder}`, "--json", ...quick];
    const plain = await run("eval", args), results = JSON.parse(plain.stdout);
    assertEquals([plain.code, results.step, results.images], [0, 7, 20], plain.stderr);
    assertEquals(results.predictions, new Array(20).fill(3));
    assertEquals(results.accuracy, results.classes[3].count / 20);
    const lines = await readLines(`${folder}/eval/evaluations.jsonl`);
    assertEquals(lines.map((line) => [line.step, line.checkpoint, line.images]), [[7, prefix, 20]]);
    assertEquals([lines[0].accuracy, lines[0].recall_5], [results.accuracy, results.recall_5]);
    assert(Number(lines[0].seconds) > 0);
    assertMatch(await Deno.readTextFile(`${folder}/eval/confusion.csv`), /^label,T-shirt\/top,Trouser,/);

    const other = `${folder}/other`,
      averaged = [...args, "--moving_average_decay=0.9", `--eval_dir=${other}`];
    const averages = await run("eval", averaged);
    assertEquals(JSON.parse(averages.stdout).predictions, new Array(20).fill(4), averages.stderr);
    assertMatch(averages.stderr, /Evaluating moving averages of /);
    assertEquals((await readLines(`${other}/evaluations.jsonl`)).length, 1);

    await save(folder, 8, 3);
    const without = await run("eval", averaged);
    assertEquals([without.code, without.stdout], [1, ""]);
    assertMatch(without.stderr, /it lacks LeNet\/conv1\/weights\/ExponentialMovingAverage, LeNet\/conv1\/bi/);
  }));

Deno.test("tools/eval.ts waits for checkpoints, evaluates each once, and stops at the timeout", () =>
  withFolder(async (folder) => {
    const loop = ["--eval_interval_secs=1", "--timeout_secs=4", ...quick];
    const child = spawn("eval", [`--checkpoint_path=${folder}`, ...loop]);
    const output = new Response(child.stdout).text();
    const messages = listen(child.stderr);
    await messages.until(/Evaluating each new checkpoint/);
    await save(folder, 1, 0);
    await messages.until(/\(step 1\)/);
    await save(folder, 2, 0);
    const all = await messages.all();
    assertEquals((await child.status).code, 0, all);
    assertMatch(all, /No new checkpoint for 4 seconds; evaluated 2/);
    assertEquals((await output).match(/accuracy 0\.\d{4}/g)?.length, 2);
    const lines = await readLines(`${folder}/eval/evaluations.jsonl`);
    assertEquals(lines.map(({ step }) => step), [1, 2]);
  }));

Deno.test("tools/eval.ts exits at once with 130 on Ctrl-C", () =>
  withFolder(async (folder) => {
    const child = spawn("eval", [`--checkpoint_path=${folder}`, "--eval_interval_secs=600"]);
    const messages = listen(child.stderr);
    await messages.until(/Evaluating each new checkpoint/);
    child.kill("SIGINT");
    await Promise.all([messages.all(), child.stdout.cancel()]);
    assertEquals((await child.status).code, 130);
  }));

Deno.test("tools/eval.ts says what is wrong with its flags, and when no checkpoint came", () =>
  withFolder(async (folder) => {
    const prefix = await save(folder, 1, 0), none = `--checkpoint_path=${folder}/none`;
    for (
      const [args, code, message] of [
        [["--timeout_secs=3"], 2, "--timeout_secs=3 needs --eval_interval_secs"],
        [["--eval_interval_secs=3", `--checkpoint_path=${prefix}`], 2, `give --checkpoint_path=${folder}/`],
        [["--quantize"], 2, "Cannot use --quantize=true: there are no quantized nets"],
        [
          ["--num_preprocessing_threads=4", none],
          1,
          "Passing over --num_preprocessing_threads: nothing to set",
        ],
        [["--eval_interval_secs=1", "--timeout_secs=1", none], 1, "none could be read for 1 seconds"],
      ] as const
    ) {
      const { code: actual, stderr } = await run("eval", [...args]);
      assertEquals(actual, code, stderr);
      assert(stderr.includes(message), stderr);
    }
  }));

Deno.test("Evaluator names the image whose label is no class of the net", async () => {
  const dataset = await getSampleSplit("test");
  const first = (await Promise.all(Array.from({ length: 10 }, (_, i) => dataset.source.get(i))))
    .findIndex(({ label }) => label >= 5);
  await withGpu(async (gpu) => {
    const evaluator = await Evaluator.compile(gpu, dataset, { ...net, numClasses: 5 });
    evaluator.parameters.initialize(0);
    await assertRejects(() => evaluator.run(), RangeError, `Cannot count image ${first}: its label`);
    evaluator.destroy({ parameters: true });
  });
});
