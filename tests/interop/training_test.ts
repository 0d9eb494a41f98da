/** Checkpoints of tools/train.ts in TensorFlow, and a checkpoint of TensorFlow in tools/eval.ts. Needs WGSLIM_PYTHON. */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { latestCheckpoint } from "../../formats/checkpoint/checkpoint_state.ts";
import { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
import { decodeTfRecords, encodeTfRecords } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { argmax } from "../../training/metrics.ts";
import { assertTensorFlowReads, runPython } from "./_tensorflow.ts";

const root = new URL("../../", import.meta.url).pathname;
const mnist = `${root}tests/fixtures/tfrecord/mnist`;

/** Runs a tool and returns what it printed on standard output. */
async function runTool(name: string, args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${root}tools/${name}.ts`, ...args],
  });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("TensorFlow loads a checkpoint of tools/train.ts and gives the predictions of tools/eval.ts", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = ["--dataset_name=mnist", `--dataset_dir=${mnist}`];
    await runTool("train", [
      `--train_dir=${folder}`,
      ...data,
      "--max_number_of_steps=20",
      "--optimizer=rmsprop",
      "--moving_average_decay=0.9",
    ]);
    const prefix = await latestCheckpoint(denoFiles, folder);
    assert(prefix !== undefined && prefix.endsWith("model.ckpt-20"));
    const reader = await CheckpointReader.open(denoFiles, prefix), tensors = new Map<string, Tensor>();
    for (const name of reader.names()) tensors.set(name, await reader.read(name));
    assertEquals([...tensors.keys()].filter((name) => name.startsWith("LeNet/conv1/weights")), [
      "LeNet/conv1/weights",
      "LeNet/conv1/weights/ExponentialMovingAverage",
      "LeNet/conv1/weights/RMSProp",
      "LeNet/conv1/weights/RMSProp_1",
    ]);
    assertEquals(tensors.get("global_step"), { dtype: "int64", shape: [], data: BigInt64Array.of(20n) });
    await assertTensorFlowReads(prefix, tensors);

    const out = `${folder}/tensorflow.json`;
    await runPython("evaluate_lenet.py", prefix, `${mnist}/mnist_test.tfrecord`, out);
    const theirs: { logits: number[][]; labels: number[] } = JSON.parse(await Deno.readTextFile(out));
    const ours = JSON.parse(
      await runTool("eval", [`--checkpoint_path=${folder}`, "--moving_average_decay=0", "--json"]),
    );
    assertEquals(ours.predictions, theirs.logits.map(argmax));
    const right = theirs.logits.filter((row, i) => argmax(row) === theirs.labels[i]).length;
    assertEquals(ours.accuracy, right / theirs.labels.length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("tools/train.ts takes up a training of TensorFlow: variables, RMSProp's slots, moving averages, step", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const records = [...decodeTfRecords(await denoFiles.read(`${mnist}/mnist_train.tfrecord`))].slice(0, 8);
    for (const split of ["train", "test"]) {
      await denoFiles.write(`${folder}/mnist_${split}.tfrecord`, encodeTfRecords(records));
    }
    await Deno.copyFile(`${mnist}/labels.txt`, `${folder}/labels.txt`);
    await runPython("train_lenet.py", `${folder}/mnist_train.tfrecord`, `${folder}/theirs/model.ckpt`, "4");
    await Deno.mkdir(`${folder}/ours`);
    for (const end of ["index", "data-00000-of-00001"]) {
      await Deno.copyFile(`${folder}/theirs/model.ckpt-3.${end}`, `${folder}/ours/model.ckpt-3.${end}`);
    }
    await Deno.writeTextFile(
      `${folder}/ours/checkpoint`,
      'model_checkpoint_path: "model.ckpt-3"\nall_model_checkpoint_paths: "model.ckpt-3"\n',
    );
    await runTool("train", [
      `--train_dir=${folder}/ours`,
      "--dataset_name=mnist",
      `--dataset_dir=${folder}`,
      ...["--batch_size=8", "--dropout_keep_prob=1", "--weight_decay=0", "--optimizer=rmsprop"],
      ...["--learning_rate=0.01", "--learning_rate_decay_type=fixed", "--moving_average_decay=0.9"],
      "--max_number_of_steps=4",
    ]);
    const [ours, theirs] = await Promise.all(
      ["ours", "theirs"].map((run) => CheckpointReader.open(denoFiles, `${folder}/${run}/model.ckpt-4`)),
    );
    assertEquals(ours.names(), theirs.names());
    for (const name of ours.names().filter((name) => name !== "global_step")) {
      const [a, b] = await Promise.all(
        [ours, theirs].map(async (r) => (await r.read(name)).data as Float32Array),
      );
      const largest = b.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const worst = a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
      assert(worst <= 1e-4 * largest, `${name}: ${worst} of ${largest}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Where reference data lies that is too large for the repository. */
const goldens = Deno.env.get("WGSLIM_GOLDENS") ?? `${root}../shared/goldens`;
const trained = `${goldens}/checkpoints/lenet_fashion_mnist`;
const hasTrained = await Deno.stat(trained).then(() => true, () => false);

Deno.test({
  name: "tools/eval.ts gives TF's accuracy and predictions for the LeNet that TF-Slim trained",
  ignore: !hasTrained, // 13 MB: not in the repository; WGSLIM_GOLDENS says where it is
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const data = ["--dataset_name=fashion_mnist", `--dataset_dir=${folder}`];
      await runTool("download", data);
      await runTool("convert", data);
      const ours = JSON.parse(await runTool("eval", [`--checkpoint_path=${trained}`, ...data, "--json"]));
      const theirs = JSON.parse(await Deno.readTextFile(`${trained}/evaluation.json`));
      assertEquals([ours.accuracy, ours.recall_5], [theirs.accuracy, theirs.recall_5]);
      const predictions = Uint8Array.from(
        atob(theirs.predictions_all_10000_base64_uint8),
        (c) => c.charCodeAt(0),
      );
      assertEquals(ours.predictions, [...predictions]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
