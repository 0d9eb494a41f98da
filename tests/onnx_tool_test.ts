/** ONNX on the command line: tools/export.ts writes what tools/predict.ts and tools/label_image.ts read. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { decodeOnnx } from "../formats/onnx/read.ts";
import { denoFiles } from "../host/files.ts";
import { getNet } from "../nets/nets_factory.ts";
import { buildNet } from "../nets/net.ts";
import { Tape } from "../tape/tape.ts";
import { valuesOf } from "./_exported_nets.ts";
import { run, withFolder } from "./_tools.ts";

const photo =
  new URL("fixtures/tfrecord/flowers/flower_photos/daisy/daisy_000.jpg", import.meta.url).pathname;

/** A checkpoint of MobileNet for five classes. */
async function writeMobilenet(folder: string): Promise<string> {
  const tape = new Tape(), prefix = `${folder}/model.ckpt-1`, tensors = new Map<string, Tensor>();
  const images = tape.feed("images", [1, 64, 64, 3]);
  buildNet(tape, getNet("mobilenet_v1_025"), images, { numClasses: 5, isTraining: false });
  for (const [name, { shape }] of tape.variables) {
    tensors.set(name, { dtype: "float32", shape: [...shape], data: valuesOf({ tape }, name) });
  }
  await writeCheckpoint(denoFiles, prefix, tensors);
  return prefix;
}

interface Prediction {
  readonly label: string | null;
  readonly probability: number;
}

async function predict(...args: string[]): Promise<Prediction[]> {
  const { code, stdout, stderr } = await run("predict", [...args, "--json", photo]);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout).predictions;
}

Deno.test("a model that tools/export.ts writes as ONNX predicts as its checkpoint does, and knows its classes", () =>
  withFolder(async (folder) => {
    const prefix = await writeMobilenet(folder), path = `${folder}/net.onnx`;
    const names = ["daisy", "dandelion", "rosé", "sunflower", "tulip"];
    await Deno.writeTextFile(`${folder}/labels.txt`, names.map((name, i) => `${i}:${name}\n`).join(""));
    const flags = [
      "--format=onnx",
      "--model_name=mobilenet_v1_025",
      "--image_size=64",
      `--output_file=${path}`,
    ];
    const weights = [`--checkpoint_path=${prefix}`, `--dataset_dir=${folder}`];
    const without = await run("export", flags);
    assertEquals(without.code, 2);
    assertStringIncludes(without.stderr, "Cannot export --format=onnx without --checkpoint_path");
    const written = await run("export", [...flags, ...weights, "--fold_batch_norm"]);
    assertEquals(written.code, 0, written.stderr);
    assertStringIncludes(written.stdout, "; input [N, 3, 64, 64], outputs logits, probabilities; written to");
    const { metadataProps, graph } = decodeOnnx(await Deno.readFile(path), path);
    const facts = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    assertEquals([facts.labels, facts.input_mean], [JSON.stringify(names), "127.5"]);
    assert(graph.node.every(({ opType }) => opType !== "BatchNormalization"));

    const net = ["--model_name=mobilenet_v1_025", "--eval_image_size=64", `--labels=${folder}/labels.txt`];
    const expected = await predict(`--checkpoint_path=${prefix}`, ...net),
      actual = await predict(`--graph=${path}`);
    assertEquals(actual.map(({ label }) => label), expected.map(({ label }) => label));
    expected.forEach(({ probability }, i) => assertAlmostEquals(actual[i].probability, probability, 1e-5));

    const labelling = [
      `--graph=${path}`,
      `--labels=${folder}/labels.txt`,
      `--image=${photo}`,
      "--input_mean=127.5",
    ];
    const size = ["--input_std=127.5", "--input_width=64", "--input_height=64"];
    const labelled = await run("label_image", [...labelling, ...size, "--output_layer=probabilities"]);
    assertEquals(labelled.code, 0, labelled.stderr);
    const lines = labelled.stdout.trim().split("\n"),
      total = lines.map((line) => Number(line.split(": ")[1]));
    assert(
      lines.every((line) => names.some((name, i) => line.startsWith(`${name} (${i}): `))),
      labelled.stdout,
    );
    assertAlmostEquals(total.reduce((a, b) => a + b), 1, 1e-4);
    const misfit = await run("label_image", [...labelling, "--output_layer=probabilities"]);
    assertEquals(misfit.code, 1);
    assertStringIncludes(
      misfit.stderr,
      'its input "input" takes images [1,64,64,3], and these are [1,299,299,3]',
    );
    const other = await run("label_image", [...labelling, ...size]);
    assertStringIncludes(other.stderr, "it has logits, probabilities");

    const wrong = await run("predict", [`--graph=${path}`, "--output_layer=Predictions", photo]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, `the outputs of ${path} are logits, probabilities`);
    const features = ["--final_endpoint=Conv2d_5_pointwise", "--batch_size=3"];
    const base = await run("export", [...flags, ...weights, ...features]);
    assertStringIncludes(base.stdout, "; input [3, 3, 64, 64], outputs Conv2d_5_pointwise; written to");
  }));
