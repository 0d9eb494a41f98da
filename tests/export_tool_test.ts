/** tools/export.ts as users run it. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertMatch } from "@std/assert";
import { SAMPLE_NAME } from "../datasets/sample.ts";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { shapeAttribute, tensorAttribute } from "../formats/graph_def/attributes.ts";
import { decodeGraph } from "../formats/graph_def/graph_def.ts";
import type { GraphDef } from "../formats/graph_def/graph_pb.ts";
import { denoFiles } from "../host/files.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { Tape } from "../tape/tape.ts";
import { run, withFolder } from "./_tools.ts";

async function readGraph(path: string): Promise<GraphDef> {
  return decodeGraph(await Deno.readFile(path), path);
}

/** A checkpoint of LeNet for grey images of 16x16 and three classes, with slots, shadows and a step. */
async function writeLenet(folder: string): Promise<string> {
  const tape = new Tape(), prefix = `${folder}/model.ckpt-7`, tensors = new Map<string, Tensor>();
  const images = tape.feed("images", [1, 16, 16, 1]);
  buildNet(tape, getNet("lenet"), images, { numClasses: 3, isTraining: false });
  for (const [name, { shape, initialize }] of tape.variables) {
    const data = initialize(shape, 1, name);
    tensors.set(name, { dtype: "float32", shape: [...shape], data });
    tensors.set(`${name}/Momentum`, { dtype: "float32", shape: [...shape], data });
    const shadow = data.map((v) => v + 1);
    tensors.set(`${name}/ExponentialMovingAverage`, { dtype: "float32", shape: [...shape], data: shadow });
  }
  tensors.set("global_step", { dtype: "int64", shape: [], data: BigInt64Array.of(7n) });
  await writeCheckpoint(denoFiles, prefix, tensors);
  return prefix;
}

const textOf = (graph: GraphDef, name: string) => {
  const tensor = tensorAttribute(graph.node.find((node) => node.name === name)!, "value");
  return tensor?.dtype === "string" ? new TextDecoder().decode(tensor.data[0]) : undefined;
};

Deno.test("without a checkpoint it writes the architecture, with the data set's classes", () =>
  withFolder(async (folder) => {
    const path = `${folder}/graph.pb`, flags = ["--model_name=lenet", `--output_file=${path}`];
    const { code, stdout } = await run("export", [
      ...flags,
      "--dataset_name=flowers",
      "--use_grayscale",
      "--batch_size=2",
    ]);
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /77 nodes, without weights; input input, outputs LeNet\/fc4\/BiasAdd, Predictions\/Reshape_1/,
    );
    const { node } = await readGraph(path), find = (name: string) => node.find((n) => n.name === name)!;
    assertEquals(shapeAttribute(find("input"), "shape"), [2, 28, 28, 1]);
    assertEquals(shapeAttribute(find("LeNet/fc4/biases"), "shape"), [5]);
    assertEquals(tensorAttribute(find("zeros"), "value")?.shape, []);
    await run("export", [
      "--model_name=vgg_a",
      `--output_file=${path}`,
      "--labels_offset=1",
      "--write_text_graphdef",
    ]);
    const text = await Deno.readTextFile(path), vgg = await readGraph(path);
    assertMatch(text, /^node:? \{\n {2}name: "input"\n/);
    assertEquals(shapeAttribute(vgg.node.find(({ name }) => name === "vgg_a/fc8/biases")!, "shape"), [1000]);
    await run("export", ["--model_name=inception_v3", `--output_file=${path}`, "--final_endpoint=Mixed_5b"]);
    const last = (await readGraph(path)).node.at(-1)!;
    assertEquals([last.name, last.op], ["InceptionV3/InceptionV3/Mixed_5b/concat", "ConcatV2"]);
  }));

Deno.test("with a checkpoint it writes a frozen graph, with labels and preprocessing inside", () =>
  withFolder(async (folder) => {
    const checkpoint = `--checkpoint_path=${await writeLenet(folder)}`, path = `${folder}/frozen.pb`;
    await Deno.writeTextFile(`${folder}/labels.txt`, "0:cat\n1:dog\n2:crème\n");
    const flags = ["--model_name=lenet", "--image_size=16", checkpoint, `--dataset_dir=${folder}`];
    const { code, stdout } = await run("export", [...flags, `--output_file=${path}`]);
    assertEquals(code, 0, stdout);
    const graph = await readGraph(path);
    assertEquals(graph.node.filter(({ op }) => op === "VariableV2").length, 0);
    assertEquals(shapeAttribute(graph.node[0], "shape"), [-1, 16, 16, 1]);
    assertEquals(textOf(graph, "wgslim/labels"), '["cat","dog","crème"]');
    assertEquals(textOf(graph, "wgslim/preprocessing"), "lenet");
    assertEquals(textOf(graph, "wgslim/input_mean"), "128");
  }));

Deno.test("SafeTensors hold the model's variables, or their moving averages, and what has to be known", () =>
  withFolder(async (folder) => {
    const prefix = await writeLenet(folder),
      plain = `${folder}/a.safetensors`,
      average = `${folder}/b.safetensors`;
    const flags = [
      "--format=safetensors",
      "--model_name=lenet",
      "--image_size=16",
      `--checkpoint_path=${prefix}`,
    ];
    assertEquals((await run("export", [...flags, `--output_file=${plain}`])).code, 0);
    const averaged = await run("export", [
      ...flags,
      `--output_file=${average}`,
      "--moving_average_decay=0.9",
    ]);
    assertEquals(averaged.code, 0);
    const [a, b, source] = await Promise.all(
      [plain, average, prefix].map((path) => openCheckpoint(denoFiles, path)),
    );
    assertEquals(a.names().length, 8);
    const name = "LeNet/conv1/weights",
      read = async (reader: typeof a, name: string) => (await reader.read(name)).data;
    assertEquals(await read(a, name), await read(source, name));
    assertEquals(await read(b, name), await read(source, `${name}/ExponentialMovingAverage`));
    assertEquals(Object.fromEntries(a.metadata), {
      model_name: "lenet",
      num_classes: "3",
      image_size: "16",
      channels: "1",
      preprocessing: "lenet",
      input_mean: "128",
      input_std: "128",
      labels_offset: "0",
    });
  }));

Deno.test("what a training's folder says of itself need not be said again", () =>
  withFolder(async (folder) => {
    await writeLenet(folder);
    await Deno.writeTextFile(`${folder}/checkpoint`, 'model_checkpoint_path: "model.ckpt-7"\n');
    const trained = {
      model_name: "lenet",
      dataset_name: SAMPLE_NAME,
      train_image_size: 16,
      labels_offset: 7,
    };
    await Deno.writeTextFile(`${folder}/flags.json`, JSON.stringify(trained));
    const path = `${folder}/c.safetensors`;
    const { code } = await run("export", [
      "--format=safetensors",
      `--checkpoint_path=${folder}`,
      `--output_file=${path}`,
    ]);
    assertEquals(code, 0);
    const { metadata } = await openCheckpoint(denoFiles, path);
    assertEquals(JSON.parse(metadata.get("labels")!), ["Sneaker", "Bag", "Ankle boot"]);
  }));

/** Arguments beside an output file, what is said, and the exit status. */
const refusals: [args: string[], message: RegExp, code: number][] = [
  [["--quantize"], /^Cannot use --quantize=true: quantized graphs are not written yet/, 2],
  [["--is_video_model"], /^Cannot use --is_video_model=true: none of the nets takes videos/, 2],
  [["--format=safetensors"], /^Cannot export --format=safetensors without --checkpoint_path/, 2],
  [["--fold_batch_norm"], /^Cannot use --fold_batch_norm without --checkpoint_path/, 2],
  [["--moving_average_decay=0.9"], /^Cannot use --moving_average_decay=0\.9 without --checkpoint_path/, 2],
  [
    ["--dataset_name=folder"],
    /^Cannot tell how many classes --dataset_name=folder has: give --dataset_dir/,
    2,
  ],
  [
    ["--final_endpoint=Mixed_9z"],
    /^Cannot use --final_endpoint=Mixed_9z: the end points of inception_v3 are /,
    2,
  ],
  [
    ["--model_name=inception_v1", "--image_size=100"],
    /^Cannot apply avgPool2d in InceptionV1\/Logits\/AvgPool_0a_7x7/,
    1,
  ],
  [
    ["--model_name=lenet", "--checkpoint_path=CHECKPOINT"],
    /as lenet: LeNet\/fc3\/weights is \[1024,1024\] there and/,
    1,
  ],
  [
    ["--model_name=vgg_a", "--checkpoint_path=CHECKPOINT"],
    /for vgg_a: it has no variables below vgg_a\/fc8; is/,
    1,
  ],
  [["--is_training", "--checkpoint_path=CHECKPOINT"], /^Cannot use --is_training with --checkpoint_path/, 2],
];

Deno.test("what cannot be exported is refused, and nothing is written", () =>
  withFolder(async (folder) => {
    const checkpoint = await writeLenet(folder), path = `${folder}/out.pb`;
    await Promise.all(refusals.map(async ([args, message, code]) => {
      const given = args.map((arg) => arg.replace("CHECKPOINT", checkpoint));
      const result = await run("export", [...given, `--output_file=${path}`]);
      assertMatch(result.stderr, message);
      assertEquals(result.code, code, args.join(" "));
    }));
    assertEquals(await denoFiles.size(path), undefined);
  }));
