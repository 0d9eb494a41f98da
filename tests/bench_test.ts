/** The parts of the bench that need no device and no peer. */
// @ts-types="../types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { flop, type NetCase, random, type Tensor } from "../bench/cases.ts";
import { converted, withChannelsFirst } from "../bench/converted.ts";
import { watchDeviceMemory } from "../bench/device_memory.ts";
import { fold, fuse } from "../bench/fold.ts";
import { interpret, stepsTo } from "../bench/interpret.ts";
import { channelsFirst, fromLayout, toLayout } from "../bench/layouts.ts";
import { netFlop, recordNet } from "../bench/nets.ts";
import { encodeModel } from "../bench/onnx.ts";
import { onnxModel } from "../bench/onnx_rules.ts";
import { entries, median, startTable, timesTable, withSection } from "../bench/report.ts";
import { framedWindow, pixelCounts } from "../bench/windows.ts";
import { relu, relu6 } from "../tape/ops/activations.ts";
import { batchNormInference } from "../tape/ops/batch_norm.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../tape/ops/depthwise_conv2d.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { add, biasAdd } from "../tape/ops/pointwise.ts";
import { Tape } from "../tape/tape.ts";
import { interpret as reference } from "./reference/interpret.ts";
import { tensor } from "./reference/tensor.ts";

const inference = (net: string, size: number): NetCase => ({ name: "", kind: "infer", net, size, batch: 1 });

Deno.test("median() takes the middle, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 20]), 3);
  assertEquals(median([4, 1, 20, 2]), 3);
});

const spent = { firstMs: 2000, deviceBytes: 3 * 2 ** 20, processBytes: 5 * 2 ** 20 };
const row = {
  ...{ name: "work", flop: 4e6, adapter: "" },
  timings: [
    { engine: "wgslim", rounds: [2, 9, 1], ...spent },
    { engine: "tfjs-webgpu", rounds: [5, 4, 6], ...spent, firstMs: 500 },
    { engine: "tfjs-wasm", rounds: [1, 1, 8], ...spent },
  ],
  failures: [{ engine: "jax-js", reason: "broken" }],
};

Deno.test("entries() gives one entry a peer, with how many times faster ours is", () => {
  const [first, second] = entries([row]);
  assertEquals(first, {
    ...{ name: "work", ours_ms: 2, peer: "tfjs-webgpu", peer_ms: 5, ratio: 2.5, is_webgpu: true },
    ...{ ours_first_ms: 2000, peer_first_ms: 500 },
    ...{ ours_device_bytes: 3 * 2 ** 20, peer_device_bytes: 3 * 2 ** 20 },
    ...{ ours_process_bytes: 5 * 2 ** 20, peer_process_bytes: 5 * 2 ** 20 },
  });
  assertEquals([second.ratio, second.is_webgpu], [0.5, false]);
});

function cellsOf(text: string): string[][] {
  const lines = text.split("\n");
  assertEquals(new Set(lines.map((line) => line.length)).size, 1, "the columns are aligned");
  return lines.slice(2).map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1));
}

const peaks = { gflops: 8, gigabytes: 1 };

Deno.test("timesTable() shows the ratio to the best peer with WebGPU, and who failed", () => {
  assertEquals(cellsOf(timesTable([row], ["tfjs-webgpu", "jax-js", "ort-webgpu", "tfjs-wasm"], peaks)), [[
    ...["work", "2.00", "1.00", "2.00", "25%", "2.50"], // 4e6 operations in 2 ms; tfjs-wasm does not count
    ...["5.00", "2.50", "failed", "", "", "", "1.00", "0.500"],
  ]]);
});

Deno.test("startTable() shows first iterations and memory", () => {
  assertEquals(cellsOf(startTable([row], ["wgslim", "tfjs-webgpu", "jax-js"])), [
    ["work", "2.00", "3", "5", "0.500", "3", "5", "failed", "", ""],
  ]);
});

Deno.test("withSection() replaces an adapter's section, or adds one", () => {
  const page = withSection("# Results\n", "a (1)", "one");
  assertEquals(page, "# Results\n\n## a (1)\n\none\n");
  const both = withSection(page, "a", "two");
  assertEquals(both, "# Results\n\n## a (1)\n\none\n\n## a\n\ntwo\n");
  assertEquals(withSection(both, "a (1)", "new"), "# Results\n\n## a (1)\n\nnew\n\n## a\n\ntwo\n");
});

Deno.test("watchDeviceMemory() counts what is alive and the most since the last mark", () => {
  const destroy = () => undefined;
  const prototype = {
    createBuffer: (_: GPUBufferDescriptor) => ({ destroy }) as GPUBuffer,
    createTexture: ({ format, size: [width, height] }: { format: string; size: number[] }) =>
      ({ destroy, width, height, depthOrArrayLayers: 1, format }) as GPUTexture,
  } as Pick<GPUDevice, "createBuffer" | "createTexture">;
  const memory = watchDeviceMemory(prototype),
    make = (size: number) => prototype.createBuffer({ size, usage: 0 });
  const first = make(8), second = make(4);
  first.destroy();
  first.destroy();
  assertEquals([memory.live, memory.peak], [4, 12]);
  memory.mark();
  assertEquals(memory.peak, 4);
  make(2);
  second.destroy();
  assertEquals([memory.live, memory.peak], [2, 6]);
  const texture = (format: GPUTextureFormat) => prototype.createTexture({ format, size: [3, 2], usage: 0 });
  const textures = (["rgba32float", "rgba16float", "r32uint", "rgba8unorm"] as const).map(texture);
  assertEquals([memory.live, memory.peak], [2 + 6 * (16 + 8 + 4 + 4), 194]);
  textures.forEach((t) => t.destroy());
  assertEquals(memory.live, 2);
});

Deno.test("toLayout() transposes and fromLayout() undoes it", () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i);
  const channelsFirst = { order: [0, 2, 1] }, images = { shape: [2, 3, 4], data };
  const moved = toLayout(images, channelsFirst);
  assertEquals(moved.shape, [2, 4, 3]);
  assertEquals([...moved.data.slice(0, 6)], [0, 4, 8, 1, 5, 9]);
  assertEquals(fromLayout(moved, channelsFirst), data);
  const flattened = { view: [3, 2, 4], order: [1, 0, 2], shape: [6, 4] };
  const rows = toLayout({ shape: [6, 4], data }, flattened);
  assertEquals([...rows.data.slice(4, 8)], [8, 9, 10, 11]);
  assertEquals(fromLayout(rows, flattened), data);
});

Deno.test("channelsFirst() lays out images, weights, and the rows that follow flattened pixels", () => {
  const layoutsOf = (net: string, size: number) =>
    channelsFirst(stepsTo(recordNet(inference(net, size)).net.logits));
  const lenet = layoutsOf("lenet", 28), mobilenet = layoutsOf("mobilenet_v1_025", 32);
  assertEquals(lenet.get("images"), { order: [0, 3, 1, 2] });
  assertEquals(lenet.get("LeNet/conv2/weights"), { order: [3, 2, 0, 1] });
  const rows = { view: [7, 7, 64, 1024], order: [2, 0, 1, 3], shape: [3136, 1024] };
  assertEquals(lenet.get("LeNet/fc3/weights"), rows);
  assertEquals(lenet.get("LeNet/fc4/weights"), undefined);
  const depthwise = { view: [3, 3, 8, 1], order: [2, 3, 0, 1], shape: [8, 1, 3, 3] };
  assertEquals(mobilenet.get("MobilenetV1/Conv2d_1_depthwise/depthwise_weights"), depthwise);
});

Deno.test("framedWindow() and pixelCounts() know the frame of a window", () => {
  const x = new Tape().feed("x", [1, 4, 5, 1]);
  const window = framedWindow(x, { kernel: 3, stride: 2, padding: "SAME" });
  assertEquals(window.margins, { top: 0, bottom: 1, left: 1, right: 1 });
  assertEquals([...pixelCounts(window)], [6, 9, 6, 4, 6, 4]);
  assertEquals(window.isWhole, false);
  assertEquals(framedWindow(x, { kernel: [4, 5], padding: "VALID" }).isWhole, true);
});

Deno.test("interpret() tells the last use of an operand and frees what is not used again", () => {
  const tape = new Tape(), x = tape.feed("x", [2]), y = relu(x), z = relu6(add(y, y)), freed: string[] = [];
  const rules = {
    relu: ([x]: readonly string[]) => `relu(${x})`,
    relu6: ([x]: readonly string[]) => `relu6(${x})`,
    add: ([a, b]: readonly string[]) => `(${a} + ${b})`,
  };
  const library = {
    rules,
    source: ({ label }: { label: string }) => label,
    use: (operand: string, isLast: boolean) => isLast ? `${operand}!` : operand,
    free: (result: string) => freed.push(result),
  };
  add(z, z); // is not asked for
  assertEquals(interpret(stepsTo(z), library), "relu6((relu(x!) + relu(x!)!)!)");
  assertEquals(freed, ["relu(x!)", "(relu(x!) + relu(x!)!)"]);
  assertThrows(() => interpret(stepsTo(z), { ...library, rules: {} }), Error, "there is no rule for relu");
});

Deno.test("fuse() makes bias and activation parts of the dense operation that they alone follow", () => {
  const tape = new Tape(), x = tape.feed("x", [1, 4, 4, 2]), w = tape.feed("w", [1, 1, 2, 2]);
  const b = tape.feed("b", [2]), shared = biasAdd(conv2d(x, w), b), y = relu(conv2d(shared, w));
  const steps = fuse(stepsTo(add(relu6(shared), y)));
  assertEquals(steps.map((s) => [s.name, s.inputs.length, s.activation]), [
    ["conv2d", 3, undefined], // its sum with the bias is used twice
    ["conv2d", 2, "relu"],
    ["relu6", 1, undefined],
    ["add", 2, undefined],
  ]);
  const [only] = fuse(stepsTo(relu6(matmul(tape.feed("rows", [1, 2]), tape.feed("m", [2, 2])))));
  assertEquals([only.name, only.activation], ["matmul", "relu6"]);
});

Deno.test("fold() puts batch normalizations into weights and changes nothing", () => {
  const tape = new Tape(), values = new Map<string, Tensor>();
  const variable = (name: string, shape: number[], least = -1) => {
    const drawn = random(name, shape), data = drawn.data.map((v) => Math.max(v, least));
    values.set(name, { shape, data });
    return tape.variable(name, shape, { initialize: () => data });
  };
  const moments = (name: string, channels: number) => ({
    mean: variable(`${name}/mean`, [channels]),
    variance: variable(`${name}/variance`, [channels], 0.1),
  });
  const images = tape.feed("images", [2, 5, 5, 3]), options = { epsilon: 0.01 };
  let x = conv2d(images, variable("w", [3, 3, 3, 4]));
  x = relu(batchNormInference(x, { ...moments("first", 4), beta: variable("beta", [4]) }, options));
  x = depthwiseConv2d(x, variable("depthwise", [3, 3, 4, 2]), { stride: 2 });
  const branch = batchNormInference(x, { ...moments("second", 8), gamma: variable("gamma", [8]) }, options);
  const target = add(branch, batchNormInference(branch, moments("third", 8), options));
  const folded = fold({ target, variables: values });
  const names = stepsTo(folded.target).map(({ name }) => name);
  assertEquals(names, [
    ...["conv2d", "biasAdd", "relu", "depthwiseConv2d", "biasAdd"],
    ...["batchNormInference", "add"], // this one follows no convolution
  ]);
  const given = (variables: ReadonlyMap<string, Tensor>) =>
    new Map(
      [...variables, ["images", random("images", images.shape)] as const].map((
        [name, { shape, data }],
      ) => [name, tensor(shape, data)]),
    );
  const expected = reference(tape, target, given(values));
  const found = reference(folded.target.tape, folded.target, given(folded.variables));
  found.data.forEach((v, i) => assertAlmostEquals(v, expected.data[i], 1e-5));
});

Deno.test("onnxModel() names what every node takes, and encodeModel() writes it all", () => {
  const model = onnxModel(withChannelsFirst(converted(inference("resnet_v1_50", 64))));
  assertEquals(model.input, { name: "images", shape: [1, 3, 64, 64] });
  assertEquals(model.output.shape, [1, 1000]);
  const known = new Set(["images", ...model.constants.keys()]);
  for (const { inputs, output } of model.nodes) {
    assertEquals(inputs.filter((name) => !known.has(name)), []);
    known.add(output);
  }
  assertEquals(model.nodes.at(-1)!.output, model.output.name);
  const types = new Set(model.nodes.map(({ type }) => type));
  assertEquals([...types].sort(), ["Add", "Conv", "GlobalAveragePool", "MaxPool", "Pad", "Relu", "Reshape"]);
  const floats = [...model.constants.values()].reduce((sum, t) => sum + ("data" in t ? t.data.length : 0), 0);
  const length = encodeModel(model).length;
  assertEquals(length > 4 * floats && length < 4 * floats + 1e5, true);
});

Deno.test("encodeModel() writes the protobuf of ONNX", () => {
  const [input, output] = ["x", "y"].map((name) => ({ name, shape: [3] }));
  const node = {
    type: "Elu",
    inputs: ["x"],
    output: "y",
    attributes: { alpha: { float: 0.5 }, axis: 1, p: [2] },
  };
  const bytes = encodeModel({ nodes: [node], constants: new Map([["c", [7]]]), input, output });
  const hex = (text: string) => text.replaceAll(" ", "");
  assertEquals(
    [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    hex(
      "08 08 3a 6a" + // ir_version 8, graph
        "0a 36 0a 01 78 12 01 79 1a 01 79 22 03 45 6c 75" + // node: x, y, y, Elu
        "2a 0f 0a 05 61 6c 70 68 61 15 00 00 00 3f a0 01 01" + // alpha, FLOAT 0.5
        "2a 0b 0a 04 61 78 69 73 18 01 a0 01 02" + // axis, INT 1
        "2a 08 0a 01 70 40 02 a0 01 07" + // p, INTS 2
        "12 03 6e 65 74" + // name of the graph
        "2a 09 08 01 10 07 38 07 42 01 63" + // initializer c: [1], INT64, 7
        "5a 0f 0a 01 78 12 0a 0a 08 08 01 12 04 0a 02 08 03" + // input x: FLOAT [3]
        "62 0f 0a 01 79 12 0a 0a 08 08 01 12 04 0a 02 08 03" + // output y
        "42 04 0a 00 10 11", // opset 17 of the standard domain
    ),
  );
});

Deno.test("flop() counts two a multiplication and addition", () => {
  assertEquals(flop({ name: "", kind: "matmul", m: 2, k: 3, n: 5 }), 60);
  const conv = { name: "", batch: 1, size: 5, channels: 3, outputs: 4, kernel: 3, stride: 2 };
  assertEquals(flop({ ...conv, kind: "conv2d" }), 2 * 3 * 3 * 4 * 27);
  assertEquals(flop({ ...conv, kind: "conv2dGradients" }), 4 * 3 * 3 * 4 * 27);
  assertEquals(flop({ ...conv, kind: "depthwiseConv2d" }), 2 * 3 * 3 * 3 * 9);
});

Deno.test("netFlop() counts three times as many in training, less the gradient for the images", () => {
  const [conv1, conv2, fc3, fc4] = [784 * 25 * 32, 196 * 800 * 64, 3136 * 1024, 1024 * 10];
  const lenet = netFlop({ name: "", kind: "train", net: "lenet", size: 28, batch: 32 });
  assertEquals(lenet, 32 * (4 * conv1 + 6 * (conv2 + fc3 + fc4)));
  assertEquals(netFlop(inference("mobilenet_v1", 224)), 2 * 568_741_376);
});
