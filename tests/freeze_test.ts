/** Freezing and summaries of graphs, and the tools that do it. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { memoryFiles } from "../formats/files.ts";
import { attributeOf, tensorAttribute } from "../formats/graph_def/attributes.ts";
import { decodeGraph, encodeGraph, printGraph } from "../formats/graph_def/graph_def.ts";
import type { GraphDef } from "../formats/graph_def/graph_pb.ts";
import { MessageWriter } from "../formats/message_writer.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { freezeGraph } from "../graphs/graph_def/freeze.ts";
import { introsort } from "../graphs/graph_def/introsort.ts";
import { summarizeGraph } from "../graphs/graph_def/summarize.ts";
import { denoFiles } from "../host/files.ts";
import { run, withFolder } from "./_tools.ts";
import { floats, graphOf, ints, node, placeholder, variable } from "./_graphs.ts";

const values: [string, Tensor][] = [
  ["w", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["b", { dtype: "float32", shape: [3], data: Float32Array.of(-1, 0, 1) }],
  ["w/Momentum", { dtype: "float32", shape: [2, 3], data: new Float32Array(6) }],
];

async function checkpoint(tensors = values): Promise<CheckpointReader> {
  const files = memoryFiles();
  await writeCheckpoint(files, "model.ckpt-1", new Map(tensors));
  return await openCheckpoint(files, "model.ckpt-1");
}

/** x w + b, with what training leaves: initial values, assignments, a gradient step's node. */
function trained(): GraphDef {
  const graph = graphOf(
    placeholder("x", [-1, 2]),
    floats("w/initial", [2, 3], new Float32Array(6)),
    variable("w", [2, 3]),
    node("w/Assign", "Assign", ["w", "w/initial"]),
    node("w/read", "Identity", ["w"]),
    variable("b", [3]),
    node("b/read", "Identity", ["b"]),
    node("check", "NoOp", ["^x"]),
    node("y", "MatMul", ["x", "w/read", "^check"]),
    node("logits", "BiasAdd", ["y", "b/read"]),
    node("loss", "Mean", ["logits"]),
  );
  for (const n of graph.node) n.device = "/device:GPU:0";
  return graph;
}

const outline = ({ node }: GraphDef) => node.map(({ name, op }) => `${name} ${op}`);

Deno.test("freezeGraph() keeps what the output needs, in order, with variables as constants", async () => {
  const { graph, frozen } = await freezeGraph(trained(), await checkpoint(), { outputs: ["logits"] });
  assertEquals(outline(graph), [
    "x Placeholder",
    "w Const",
    "w/read Identity",
    "b Const",
    "b/read Identity",
    "check NoOp",
    "y MatMul",
    "logits BiasAdd",
  ]);
  assertEquals(frozen, 2);
  assertEquals(tensorAttribute(graph.node[1], "value"), values[0][1]);
  assertEquals(Object.keys(graph.node[1].attr).sort(), ["dtype", "value"]);
  assertEquals(new Set(graph.node.map(({ device }) => device)), new Set([""]));
  assertEquals(graph.versions?.producer, 1645);
});

Deno.test("freezeGraph() keeps devices, and variables that are not to be frozen, if asked to", async () => {
  const outputs = ["logits"], reader = await checkpoint();
  const kept = await freezeGraph(trained(), reader, { outputs, clearDevices: false, except: ["b"] });
  assertEquals(outline(kept.graph).filter((line) => /^[wb] /.test(line)), ["w Const", "b VariableV2"]);
  assertEquals(new Set(kept.graph.node.map(({ device }) => device)), new Set(["/device:GPU:0"]));
  const only = await freezeGraph(trained(), reader, { outputs, only: ["b"] });
  assertEquals(outline(only.graph).filter((line) => /^[wb] /.test(line)), ["w VariableV2", "b Const"]);
});

Deno.test("freezeGraph() takes resource variables and old ones, and shapes that are open", async () => {
  const type = { dtype: attributeOf.dtype("float32") };
  const graph = graphOf(
    node("w", "VarHandleOp", [], { ...type, shape: attributeOf.shape([2, 3]) }),
    node("w/Read", "ReadVariableOp", ["w"], type),
    node("b", "Variable", [], { ...type, shape: attributeOf.shape([-1]) }),
    node("y", "AddV2", ["w/Read", "b"]),
  );
  const { graph: frozen } = await freezeGraph(graph, await checkpoint(), { outputs: ["y"] });
  assertEquals(outline(frozen), ["w Const", "w/Read Identity", "b Const", "y AddV2"]);
  assertEquals(Object.keys(frozen.node[1].attr), ["T"]);
});

Deno.test("freezeGraph() says what is missing, does not fit, or was frozen before", async () => {
  const reader = await checkpoint(), outputs = ["logits"];
  await assertRejects(
    () => freezeGraph(trained(), reader, { outputs: ["nope"] }),
    RangeError,
    'Cannot find node "nope": the graph has none of that name; its outputs seem to be loss',
  );
  const [w, b] = values;
  const lacking = await checkpoint([w]);
  await assertRejects(
    () => freezeGraph(trained(), lacking, { outputs }),
    Error,
    'Cannot freeze the graph: "model.ckpt-1" lacks b; give',
  );
  const wrong = await checkpoint([[w[0], b[1]], b]);
  await assertRejects(
    () => freezeGraph(trained(), wrong, { outputs }),
    TypeError,
    "its shape is [3] there but [2, 3]",
  );
  const { graph } = await freezeGraph(trained(), reader, { outputs });
  await assertRejects(() => freezeGraph(graph, reader, { outputs }), RangeError, "was it frozen before?");
  const cut = trained();
  cut.node = cut.node.filter(({ name }) => name !== "w");
  await assertRejects(
    () => freezeGraph(cut, reader, { outputs }),
    RangeError,
    'Cannot use node "w/read" (Identity): its input "w" is not in the graph',
  );
});

Deno.test("tools/freeze.ts reads graphs of all forms and checkpoints of all formats", () =>
  withFolder(async (folder) => {
    const graph = trained(), meta = new MessageWriter().message(2, encodeGraph(graph)).finish();
    await Deno.writeFile(`${folder}/graph.pb`, encodeGraph(graph));
    await Deno.writeTextFile(`${folder}/graph.pbtxt`, printGraph(graph));
    await Deno.writeFile(`${folder}/model.ckpt-1.meta`, meta);
    await writeCheckpoint(denoFiles, `${folder}/model.ckpt-1`, new Map(values));
    await writeSafetensors(
      denoFiles,
      `${folder}/model.safetensors`,
      new Map(values.map(([name, tensor]) => [name, { ...tensor, read: () => Promise.resolve(tensor) }])),
    );
    const expected = encodeGraph(
      (await freezeGraph(graph, await checkpoint(), { outputs: ["logits"] })).graph,
    );
    const sources = [
      [`--input_graph=${folder}/graph.pb`, "--input_binary=true"],
      [`--input_graph=${folder}/graph.pbtxt`],
      [`--input_meta_graph=${folder}/model.ckpt-1.meta`],
    ];
    const checkpoints = [`${folder}/model.ckpt-1`, `${folder}/model.safetensors`, `${folder}/model.ckpt-1`];
    for (const [i, source] of sources.entries()) {
      const { code, stdout, stderr } = await run("freeze", [
        ...source,
        `--input_checkpoint=${checkpoints[i]}`,
        "--output_node_names=logits",
        `--output_graph=${folder}/out/frozen.pb`,
      ]);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, "Converted 2 variables to constants.\n8 ops in the final graph");
      assertEquals(await Deno.readFile(`${folder}/out/frozen.pb`), expected);
    }
    const text = await run("freeze", [
      sources[0][0],
      `--input_checkpoint=${folder}/model.ckpt-1`,
      "--output_node_names=logits,y",
      "--variable_names_denylist=b",
      `--output_graph=${folder}/frozen.pbtxt`,
    ]);
    assertEquals([text.code, text.stderr], [0, ""]);
    const frozen = decodeGraph(await Deno.readFile(`${folder}/frozen.pbtxt`), "frozen.pbtxt");
    assertEquals(frozen.node.find(({ name }) => name === "b")?.op, "VariableV2");
  }));

Deno.test("tools/freeze.ts fails with 2 for bad usage, 1 for bad files, and writes nothing then", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/graph.pb`, encodeGraph(trained()));
    await Deno.writeTextFile(`${folder}/bad.pb`, "\n\xff\xff");
    await writeCheckpoint(denoFiles, `${folder}/model.ckpt-1`, new Map(values));
    const fails = async (code: number, reason: string, ...args: string[]) => {
      const result = await run("freeze", [
        `--output_graph=${folder}/frozen.pb`,
        "--output_node_names=logits",
        ...args,
      ]);
      assertEquals([result.code, result.stdout], [code, ""]);
      assertStringIncludes(result.stderr, reason);
      assertEquals(await denoFiles.size(`${folder}/frozen.pb`), undefined);
    };
    const graph = `--input_graph=${folder}/graph.pb`, model = `--input_checkpoint=${folder}/model.ckpt-1`;
    await fails(2, "give either --input_graph or --input_meta_graph", model);
    await fails(2, "name a node", graph, model, "--output_node_names=");
    await fails(1, 'Cannot find node "nope"', graph, model, "--output_node_names=nope");
    await fails(1, 'Cannot open checkpoint "', graph, `--input_checkpoint=${folder}/none`);
    await fails(1, "bad.pb", `--input_graph=${folder}/bad.pb`, model);
  }));

Deno.test("introsort() leaves equals where libstdc++'s std::sort leaves them", () => {
  // What g++'s std::sort makes of pairs (key, place) by descending key.
  const expected = [
    [17, 2, 37, 22, 7, 32, 27, 12],
    [9, 24, 14, 29, 19, 34, 4, 39],
    [21, 1, 26, 31, 36, 16, 11, 6],
    [18, 23, 38, 13, 28, 3, 8, 33],
    [0, 20, 5, 35, 10, 30, 15, 25],
  ];
  const keys = Array.from({ length: 40 }, (_, i) => i * 7 % 5);
  const items = keys.map((key, place) => ({ key, place }));
  introsort(items, (a, b) => a.key > b.key);
  assertEquals(items.map(({ place }) => place), expected.flat());
});

Deno.test("summarizeGraph() counts control inputs, devices, types and functions, and warns of what it cannot read", () => {
  const graph = trained();
  graph.node.push(
    node("odd", "Const"),
    node("bits", "Placeholder", [], { dtype: attributeOf.dtype("bfloat16") }),
  );
  const { lines, warnings, isValid } = summarizeGraph(graph, "graph.pb");
  assertEquals(isValid, true);
  assertEquals(warnings, ["w", "b", "odd"].map((name) => `Decoding Tensor failed for node${name}`));
  assertEquals(lines.slice(0, 5), [
    "Found 2 possible inputs: (name=x, type=float(1), shape=[?,2]) (name=bits, type=bfloat16(14), shape=None) ",
    "Found 2 variables: (name=w, type=float(1), shape=[2,3]) (name=b, type=float(1), shape=[3]) ",
    "Found 1 possible outputs: (name=loss, op=Mean) ",
    "Found 6 (6) const parameters, 0 (0) variable parameters, and 2 control_edges",
    "11 nodes assigned to device '/device:GPU:0'Op types used: 2 Const, 2 Identity, 2 Placeholder, " +
    "2 VariableV2, 1 Assign, 1 BiasAdd, 1 MatMul, 1 Mean, 1 NoOp",
  ]);
});

Deno.test("tools/summarize_graph.ts prints the structure, and fails where inputs are missing", () =>
  withFolder(async (folder) => {
    const graph = graphOf(
      placeholder("x", [-1, 2]),
      floats("c", [2, 2], [0.1, 1e-7, 12345678, 4]),
      ints("i", [7], []),
      node("y", "MatMul", ["x", "c"]),
    );
    await Deno.writeFile(`${folder}/graph.pb`, encodeGraph(graph));
    const { code, stdout } = await run("summarize_graph", [
      `--in_graph=${folder}/graph.pb`,
      "--print_structure",
    ]);
    assertEquals(code, 0);
    assertEquals(stdout.trimEnd().split("\n").slice(-4), [
      "i (Const): [], value=Tensor<type: int32 shape: [] values: 7>",
      "c (Const): [], value=Tensor<type: float shape: [2,2] values: [0.1 1e-07][12345678...]...>",
      "x (Placeholder): []",
      "y (MatMul): [x, c]",
    ]);
    graph.node.push(node("z", "Relu", ["gone:1"]));
    await Deno.writeFile(`${folder}/graph.pb`, encodeGraph(graph));
    const broken = await run("summarize_graph", [`--in_graph=${folder}/graph.pb`]);
    assertEquals(broken.code, 1);
    assertStringIncludes(broken.stdout, "Invalid input gone:1 for node z\n");
    assertStringIncludes(broken.stderr, "inputs of its nodes are not in the graph");
  }));
