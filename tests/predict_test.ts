/** Pictures classified on the command line: label_image and predict, with trainings and frozen graphs. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { noteNodes } from "../export/graph_def/notes.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { encodeGraph } from "../formats/graph_def/graph_def.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import type { GraphDef } from "../formats/graph_def/graph_pb.ts";
import { freezeGraph } from "../graphs/graph_def/freeze.ts";
import { general } from "../graphs/graph_def/tensor_text.ts";
import { denoFiles } from "../host/files.ts";
import { topScores } from "../training/scores.ts";
import { parseFlags } from "../tools/_training_values.ts";
import { formulaCheckpoint, readGraph } from "./goldens/_graph_files.ts";
import { readJson } from "./goldens/report.ts";
import { graphOf, node, placeholder } from "./_graphs.ts";
import { spawn, withFolder } from "./_tools.ts";

const fixtures = new URL("fixtures/", import.meta.url).pathname;
const photos = `${fixtures}tfrecord/flowers/flower_photos`,
  labels = `${fixtures}graphdef/label_image_labels.txt`;

async function run(tool: string, args: string[]) {
  const { code, stdout, stderr } = await spawn(tool, args).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, lines: out.trimEnd().split("\n"), err };
}

/** LeNet for colours with 48 units and formula weights, frozen. */
async function frozen(): Promise<GraphDef> {
  const graph = await readGraph(`${fixtures}graphdef/lenet48_rgb_inf_graph.pb`);
  const outputs = ["Predictions/Reshape_1"];
  return (await freezeGraph(graph, await formulaCheckpoint(graph), { outputs })).graph;
}

Deno.test("topScores() gives equals in the classes' order; general() prints as C's %g", () => {
  assertEquals(topScores(Float32Array.of(1, 3, 3, 2), 3).map(({ index }) => index), [1, 2, 3]);
  const printed = [0, 0.171422, 0.19205, 1, 1e-5, 0.00012345678, 123456789, -2.5, Infinity, NaN].map((v) =>
    general(v, 6)
  );
  assertEquals(
    printed.join(" "),
    "0 0.171422 0.19205 1 1e-05 0.000123457 1.23457e+08 -2.5 inf nan",
  );
});

Deno.test("tools/label_image.ts prints TensorFlow's lines for a graph that TensorFlow's script made", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/frozen.pb`, encodeGraph(await frozen()));
    const { cases: [{ lines, image, input_mean, input_std }] } = await readJson(
      `${fixtures}graphdef/label_image.json`,
    );
    const args = [
      `--graph=${folder}/frozen.pb`,
      `--labels=${labels}`,
      `--image=${photos}/${image}`,
      "--input_width=28",
      "--input_height=28",
      `--input_mean=${input_mean}`,
      `--input_std=${input_std}`,
    ];
    const result = await run("label_image", [...args, "--output_layer=Predictions/Reshape_1"]);
    assertEquals([result.code, result.lines], [0, lines], result.err);
    const wrong = await run("label_image", args);
    assertEquals(wrong.code, 1);
    assertStringIncludes(
      wrong.err,
      'Cannot find node "InceptionV3/Predictions/Reshape_1": the graph has none of that name; its outputs seem to be ' +
        "Predictions/Reshape_1",
    );
    const bad = await run("label_image", [
      ...args,
      `--image=${labels}`,
      "--output_layer=Predictions/Reshape_1",
    ]);
    assertEquals([bad.code, bad.lines], [1, [""]]);
    assertStringIncludes(bad.err, "Cannot decode the picture");
    assertEquals((await run("label_image", [...args, "--input_std=0"])).code, 2);
  }));

/** A LeNet for grey pictures that always answers as its last biases say. */
function biased(biases: number[]): Map<string, Tensor> {
  const zeros = (...shape: number[]): Tensor => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)),
  });
  return new Map<string, Tensor>([
    ["LeNet/conv1/weights", zeros(5, 5, 1, 32)],
    ["LeNet/conv1/biases", zeros(32)],
    ["LeNet/conv2/weights", zeros(5, 5, 32, 64)],
    ["LeNet/conv2/biases", zeros(64)],
    ["LeNet/fc3/weights", zeros(3136, 1024)],
    ["LeNet/fc3/biases", zeros(1024)],
    ["LeNet/fc4/weights", zeros(1024, biases.length)],
    ["LeNet/fc4/biases", { dtype: "float32", shape: [biases.length], data: Float32Array.from(biases) }],
  ]);
}

Deno.test("tools/predict.ts uses a training's checkpoint, its flags and the names of its classes", () =>
  withFolder(async (folder) => {
    const biases = [0, 0, 0, 0, 0, 0, 0, 2, 1, 0];
    await writeCheckpoint(denoFiles, `${folder}/model.ckpt-5`, biased(biases));
    await Deno.writeTextFile(`${folder}/checkpoint`, 'model_checkpoint_path: "model.ckpt-5"\n');
    const trained = parseFlags(["--train_dir=runs"]); // as tools/train.ts writes them
    await Deno.writeTextFile(`${folder}/flags.json`, JSON.stringify(trained));
    const photo = `${photos}/daisy/daisy_000.jpg`;
    const result = await run("predict", [
      `--train_dir=${folder}`,
      "--top=2",
      photo,
      `${folder}/none.png`,
      photo,
    ]);
    const [first, second] = [Math.exp(2), Math.exp(1)].map((v) => 100 * v / (Math.exp(2) + Math.exp(1) + 8));
    const answer = [photo, `   ${first.toFixed(2)}%  Sneaker (7)`, `   ${second.toFixed(2)}%  Bag (8)`];
    assertEquals([result.code, result.lines], [1, [...answer, ...answer]], result.err);
    assertStringIncludes(
      result.err,
      `${folder}/none.png: Cannot read "${folder}/none.png": there is no such file`,
    );
  }));

Deno.test("tools/predict.ts takes what it needs to know from a SafeTensors file", () =>
  withFolder(async (folder) => {
    const tensors = [...biased([0, 3])].map(([name, tensor]) =>
      [name, { ...tensor, read: () => Promise.resolve(tensor) }] as const
    );
    const notes = { model_name: "lenet", preprocessing: "lenet", image_size: "28", labels: '["cat","dog"]' };
    const path = `${folder}/model.safetensors`;
    await writeSafetensors(denoFiles, path, new Map(tensors), new Map(Object.entries(notes)));
    const photo = `${photos}/daisy/daisy_000.jpg`;
    const result = await run("predict", [`--checkpoint_path=${path}`, photo]);
    assertEquals(
      [result.code, result.lines],
      [0, [photo, "   95.26%  dog (1)", "    4.74%  cat (0)"]],
      result.err,
    );
  }));

Deno.test("tools/predict.ts takes folders, standard input and what an exported graph notes of itself, as JSON", () =>
  withFolder(async (folder) => {
    const graph = await frozen(), names = Array.from({ length: 10 }, (_, i) => `thing ${i}`);
    graph.node.push(...noteNodes(new Map([["model_name", "lenet"], ["labels", JSON.stringify(names)]])));
    await Deno.writeFile(`${folder}/frozen.pb`, encodeGraph(graph));
    await Deno.mkdir(`${folder}/photos/inside`, { recursive: true });
    await Deno.copyFile(`${photos}/daisy/daisy_000.jpg`, `${folder}/photos/inside/a b.jpg`);
    await Deno.writeTextFile(`${folder}/photos/broken.jpg`, "no picture");
    await Deno.writeTextFile(`${folder}/photos/notes.txt`, "no picture");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        new URL("../tools/predict.ts", import.meta.url).pathname,
        `--graph=${folder}/frozen.pb`,
        "--json",
        `${folder}/photos`,
        "-",
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(await Deno.readFile(`${photos}/daisy/daisy_000.jpg`));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const rows = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(code, 1, new TextDecoder().decode(stderr));
    assertEquals(rows.map(({ input }) => input), [
      `${folder}/photos/broken.jpg`,
      `${folder}/photos/inside/a b.jpg`,
      "standard input",
    ]);
    assertStringIncludes(rows[0].error, "Cannot decode the picture");
    assertEquals(rows[1].predictions, rows[2].predictions);
    assertEquals(rows[1].predictions.length, 5);
    const { index, label, probability } = rows[1].predictions[0];
    assertEquals(label, `thing ${index}`);
    assert(probability > 0.1 && probability < 1);
  }));

Deno.test("tools/predict.ts gets pictures by their addresses, and says what a server answers", () =>
  withFolder(async (folder) => {
    await writeCheckpoint(denoFiles, `${folder}/model.ckpt-1`, biased([0, 3]));
    const photo = await Deno.readFile(`${photos}/daisy/daisy_000.jpg`);
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      ({ url }) =>
        url.endsWith("/photo.jpg") ? new Response(photo) : new Response("nothing", { status: 404 }),
    );
    try {
      const address = `http://127.0.0.1:${server.addr.port}`;
      const { stdout, code } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          new URL("../tools/predict.ts", import.meta.url).pathname,
          "--json",
          `--checkpoint_path=${folder}/model.ckpt-1`,
          `${address}/photo.jpg`,
          `${address}/none.jpg`,
        ],
      }).output();
      const [there, gone] = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
      assertEquals(code, 1);
      assertEquals(there.predictions.map(({ index }: { index: number }) => index), [1, 0]);
      assertAlmostEquals(there.predictions[0].probability, 1 / (1 + Math.exp(-3)), 1e-6);
      assertEquals(there.predictions[0].label, null);
      assertEquals(gone.error, `Cannot download ${address}/none.jpg: the server answers 404 Not Found`);
    } finally {
      await server.shutdown();
    }
  }));

Deno.test("tools/predict.ts says what it needs to know of a graph, and refuses what does not go together", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/frozen.pb`, encodeGraph(await frozen()));
    const graph = `--graph=${folder}/frozen.pb`, photo = `${photos}/daisy/daisy_000.jpg`;
    const fails = async (code: number, reason: string, ...args: string[]) => {
      const result = await run("predict", args);
      assertEquals([result.code, result.lines], [code, [""]]);
      assertStringIncludes(result.err, reason);
    };
    const huge = graphOf(placeholder("x", [-1, 2 ** 40, 2 ** 40, 3]), node("y", "Relu", ["x"]));
    await Deno.writeFile(`${folder}/huge.pb`, encodeGraph(huge));
    const start = performance.now();
    await fails(2, "only squares of up to 8192", `--graph=${folder}/huge.pb`, photo);
    assert(performance.now() - start < 5000);
    await fails(2, "give --model_name, or --preprocessing_name and --eval_image_size", graph, photo);
    await fails(2, "Cannot use --graph with", graph, `--train_dir=${folder}`, photo);
    await fails(2, "Cannot run without PICTURE", graph);
    await fails(1, `Cannot find pictures in "${folder}"`, graph, folder);
    await fails(1, 'Cannot open a checkpoint in "', `--train_dir=${folder}`, photo);
  }));
