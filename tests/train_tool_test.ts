/** tools/train.ts: what it keeps, what it resumes from, how it ends. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { decodeEvents } from "../formats/events/event.ts";
import { denoFiles } from "../host/files.ts";
import { main } from "../tools/train.ts";

const quick = ["--train_image_size=12", "--batch_size=4", "--eval_split_name=", "--save_summaries_secs=0"];

/** Runs the tool in a directory; returns its exit code and what it said on standard error and output. */
async function train(directory: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = [], { error, log } = console;
  console.error = console.log = (...parts: unknown[]) => lines.push(parts.join(" "));
  try {
    return { code: await main([`--train_dir=${directory}`, ...quick, ...args]), said: lines.join("\n") };
  } catch (thrown) {
    lines.push(String((thrown as Error).message));
    throw Object.assign(thrown as Error, { said: lines.join("\n") });
  } finally {
    Object.assign(console, { error, log });
  }
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** All tensors of a checkpoint as bytes in hexadecimal, by name. */
async function contents(prefix: string): Promise<Map<string, string>> {
  const reader = await CheckpointReader.open(denoFiles, prefix), all = new Map<string, string>();
  for (const name of reader.names()) {
    const { data } = await reader.read(name) as { data: Float32Array };
    all.set(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength).toHex());
  }
  return all;
}

const changed = (a: Map<string, string>, b: Map<string, string>) =>
  [...a].flatMap(([name, value]) => b.get(name) === value ? [] : name).sort();

Deno.test("20 steps equal 10, a resumption and 10 more, bit for bit: variables, slots, moving averages, dropout", () =>
  inDirectory(async (directory) => {
    const flags = [
      "--optimizer=momentum",
      "--learning_rate=0.01",
      "--moving_average_decay=0.9",
      "--num_clones=2",
    ];
    await train(`${directory}/whole`, ...flags, "--max_number_of_steps=20");
    await train(`${directory}/halves`, ...flags, "--max_number_of_steps=10");
    const { said } = await train(`${directory}/halves`, ...flags, "--max_number_of_steps=20");
    assert(said.includes("at step 10"), said);
    const whole = await contents(`${directory}/whole/model.ckpt-20`);
    assertEquals(await contents(`${directory}/halves/model.ckpt-20`), whole);
    for (const suffix of ["", "/Momentum", "/ExponentialMovingAverage"]) {
      assert(whole.has(`LeNet/conv1/weights${suffix}`), suffix);
    }
    assert(whole.get("LeNet/conv1/weights/ExponentialMovingAverage") !== whole.get("LeNet/conv1/weights"));
  }));

Deno.test("fine-tuning swaps a head of other shape by itself, trains the scopes that it is told, and reports", () =>
  inDirectory(async (directory) => {
    await train(`${directory}/first`, "--max_number_of_steps=2");
    const first = `${directory}/first/model.ckpt-2`;
    const { said } = await train(
      `${directory}/second`,
      `--checkpoint_path=${first}`,
      "--labels_offset=0",
      "--trainable_scopes=LeNet/fc4",
      "--checkpoint_exclude_scopes=LeNet/fc4",
      "--max_number_of_steps=2",
      "--optimizer=sgd",
    );
    assert(said.includes("6 of 8 variables loaded"), said);
    assert(
      said.includes("2 started anew, as in --checkpoint_exclude_scopes: LeNet/fc4/weights, LeNet/fc4/biases"),
      said,
    );
    const moved = changed(await contents(first), await contents(`${directory}/second/model.ckpt-2`))
      .filter((name) => !/Adam|beta/.test(name));
    assertEquals(moved, ["LeNet/fc4/biases", "LeNet/fc4/weights"]);
  }));

Deno.test("a damaged newest checkpoint is passed over, a lost state file is made good for, and nothing else starts anew", () =>
  inDirectory(async (directory) => {
    await train(directory, "--max_number_of_steps=2");
    await train(directory, "--max_number_of_steps=4");
    await Deno.truncate(`${directory}/model.ckpt-4.data-00000-of-00001`, 1000);
    const { said } = await train(directory, "--max_number_of_steps=5");
    assert(said.includes("model.ckpt-4") && said.includes("at step 2"), said);
    await Deno.remove(`${directory}/checkpoint`);
    assert((await train(directory, "--max_number_of_steps=6")).said.includes("at step 5"));
    for (const step of [2, 4, 5, 6]) {
      await Deno.truncate(`${directory}/model.ckpt-${step}.data-00000-of-00001`, 100).catch(() => {});
    }
    const error = await assertRejects(() => train(directory, "--max_number_of_steps=8"), Error);
    assert(error.message.includes("none of its checkpoints is whole"), error.message);
  }));

Deno.test("numbers that are not finite end the training with their place, the batch, and the variables unharmed", () =>
  inDirectory(async (directory) => {
    await train(directory, "--max_number_of_steps=1");
    const training = train(directory, "--learning_rate=1e30", "--optimizer=sgd", "--max_number_of_steps=20");
    const error = await assertRejects(() => training, Error);
    const { said } = error as Error & { said: string };
    assert(/at step \d+/.test(error.message) && error.message.includes("learning rate"), error.message);
    for (const part of ["Where it begins: ", "non_finite-", "last good checkpoint is", "model.ckpt-1"]) {
      assert(said.includes(part), `${part} in ${said}`);
    }
    const reader = await CheckpointReader.open(denoFiles, `${directory}/model.ckpt-1`);
    const { data } = await reader.readAs("LeNet/fc3/weights", "float32", [3 * 3 * 64, 1024]);
    assert(data.every(Number.isFinite));
  }));

Deno.test("evaluation on the way keeps the best checkpoint and stops early; events and tables tell of it", () =>
  inDirectory(async (directory) => {
    const { said, code } = await train(
      directory,
      "--eval_split_name=test",
      "--eval_every_steps=2",
      "--early_stopping_patience=2",
      "--learning_rate=0",
      "--max_number_of_steps=20",
      "--save_summaries_secs=600",
    );
    assertEquals(code, 0);
    assert(said.includes("Stopped early at step 6"), said); // with rate 0 no evaluation is better than the first
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    assert(names.includes("best.ckpt-2.index") && names.includes("model.ckpt-6.index"), names.join());
    const events = [
      ...decodeEvents(await Deno.readFile(`${directory}/${names.find((n) => n.startsWith("events"))}`)),
    ];
    const tags = new Set(
      events.flatMap((event) => event.what === "summary" ? event.values.map((v) => v.tag) : []),
    );
    const expected = [
      "total_loss_1",
      "learning_rate",
      "eval/Accuracy",
      "activations/conv1",
      "sparsity/conv1",
    ];
    for (const tag of [...expected, "LeNet/conv1/weights_1", "images/image/0", "global_step/sec"]) {
      assert(tags.has(tag), `${tag} among ${[...tags]}`);
    }
    assert(events.some((event) => event.what === "graph_def"));
    const table = await Deno.readTextFile(`${directory}/scalars.csv`);
    assert(table.includes(",eval/Recall_5,") && table.startsWith("step,wall_time,tag,value\n"));
  }));

Deno.test("a lost device is replaced, and the training goes on from the last checkpoint", () =>
  inDirectory(async (directory) => {
    const { requestDevice } = GPUAdapter.prototype, devices: GPUDevice[] = [];
    GPUAdapter.prototype.requestDevice = async function (...args) {
      devices.push(await requestDevice.apply(this, args));
      return devices.at(-1)!;
    };
    let isLost = false;
    const timer = setInterval(async () => { // as soon as there is a checkpoint, the first device goes
      if (isLost || await denoFiles.size(`${directory}/checkpoint`) === undefined) return;
      isLost = true;
      devices.at(-1)!.destroy();
    }, 20);
    try {
      for (let steps = 200; !isLost; steps *= 10) { // a fast device is through with 200 before it saves
        const { code, said } = await train(
          directory,
          "--save_interval_secs=1",
          `--max_number_of_steps=${steps}`,
        );
        assertEquals(code, 0, said);
        assert(!isLost || said.includes("on a new device") && said.includes("Resuming"), said);
      }
    } finally {
      clearInterval(timer);
      GPUAdapter.prototype.requestDevice = requestDevice;
    }
  }));

Deno.test("flags that contradict each other are refused before anything is written", () =>
  inDirectory(async (directory) => {
    const cases: [string, string][] = [
      ["--freeze_batch_norm", "--trainable_scopes"],
      ["--early_stopping_patience=2", "--eval_every_steps"],
      ["--num_clones=3", "--batch_size"],
    ];
    for (const [flag, reason] of cases) {
      const { message } = await assertRejects(() => train(`${directory}/none`, flag), Error);
      assert(message.includes(reason), message);
    }
    assertEquals(await denoFiles.list(`${directory}/none`), []);
  }));
