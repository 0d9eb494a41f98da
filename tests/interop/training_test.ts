/** Checkpoints of tools/train.ts in TensorFlow, and a checkpoint of TensorFlow in tools/eval.ts. Needs WGSLIM_PYTHON. */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { latestCheckpoint } from "../../formats/checkpoint/checkpoint_state.ts";
import { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
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
    ]);
    const prefix = await latestCheckpoint(denoFiles, folder);
    assert(prefix !== undefined && prefix.endsWith("model.ckpt-20"));
    const reader = await CheckpointReader.open(denoFiles, prefix), tensors = new Map<string, Tensor>();
    for (const name of reader.names()) tensors.set(name, await reader.read(name));
    assertEquals([...tensors.keys()].filter((name) => name.startsWith("LeNet/conv1/weights")), [
      "LeNet/conv1/weights",
      "LeNet/conv1/weights/RMSProp",
      "LeNet/conv1/weights/RMSProp_1",
    ]);
    assertEquals(tensors.get("global_step"), { dtype: "int64", shape: [], data: BigInt64Array.of(20n) });
    await assertTensorFlowReads(prefix, tensors);

    const out = `${folder}/tensorflow.json`;
    await runPython("evaluate_lenet.py", prefix, `${mnist}/mnist_test.tfrecord`, out);
    const theirs: { logits: number[][]; labels: number[] } = JSON.parse(await Deno.readTextFile(out));
    const ours = JSON.parse(await runTool("eval", [`--checkpoint_path=${folder}`, "--json"]));
    assertEquals(ours.predictions, theirs.logits.map(argmax));
    const right = theirs.logits.filter((row, i) => argmax(row) === theirs.labels[i]).length;
    assertEquals(ours.accuracy, right / theirs.labels.length);
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
