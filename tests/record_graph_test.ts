/** Frozen graphs on a tape: every operation's result, arithmetic on shapes, and what is refused. */
// @ts-types="../types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { attributeOf } from "../formats/graph_def/attributes.ts";
import type { NodeDef } from "../formats/graph_def/graph_pb.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { compile } from "../tape/compile.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";
import { constant, floats, graphOf, ints, node, pair, placeholder, windowed } from "./_graphs.ts";
import * as batch from "./reference/batch_norm.ts";
import * as dense from "./reference/dense.ts";
import * as losses from "./reference/losses.ts";
import * as resize from "./reference/resize.ts";
import { map, random, type Tensor, tensor } from "./reference/tensor.ts";
import * as window from "./reference/window.ts";

/** Feeds a graph's inputs and compares its outputs with what they must be; shapes too. */
async function check(
  gpu: Gpu,
  nodes: NodeDef[],
  feeds: Record<string, Tensor>,
  expected: Record<string, Tensor>,
): Promise<void> {
  const tape = new Tape(), outputs = Object.keys(expected);
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
  const values = recordGraph(tape, graphOf(...nodes), { feeds: shapes, outputs });
  const fetches = Object.fromEntries(outputs.map((name, i) => [name, values[i]]));
  const program = await compile(gpu, tape, { parameters: new Parameters(gpu, tape.variables), fetches });
  for (const [name, { data }] of Object.entries(feeds)) program.feed(name, Float32Array.from(data));
  program.run();
  for (const [i, name] of outputs.entries()) {
    assertEquals(values[i].shape, expected[name].shape, `shape of ${name}`);
    const actual = await program.fetch(name), most = Math.max(...expected[name].data.map(Math.abs), 1);
    expected[name].data.forEach((v, k) => assertAlmostEquals(actual[k], v, 3e-6 * most, `${name}[${k}]`));
  }
  program.destroy();
}

const image = random("image", [2, 5, 6, 4]), other = random("other", [2, 5, 6, 4]);
const vector = random("vector", [4]), rows = random("rows", [3, 8]);
const x = placeholder("x", [-1, 5, 6, 4]), y = placeholder("y", [-1, 5, 6, 4]);
const known = (name: string, { shape, data }: Tensor) => floats(name, [...shape], data);
const perChannel = (f: (v: number, c: number) => number) => map(image, (v, i) => f(v, vector.data[i % 4]));

Deno.test("recordGraph() computes sums, products and activations with operands of every kind", async () => {
  const binary = (name: string, op: string, a: string, b: string) => node(name, op, [a, b]);
  const gate = random("gate", [2, 1, 1, 4]);
  await withGpu((gpu) =>
    check(
      gpu,
      [
        x,
        y,
        placeholder("g", [-1, 1, 1, 4]),
        known("c", vector),
        floats("wide", [1, 1, 1, 4], vector.data),
        floats("three", [], [3]),
        known("whole", other),
        binary("sum", "AddV2", "x", "y"),
        binary("old sum", "Add", "x", "c"),
        binary("constant first", "AddV2", "wide", "x"),
        binary("plus three", "AddV2", "x", "three"),
        binary("with a constant image", "AddV2", "x", "whole"),
        binary("difference", "Sub", "x", "y"),
        binary("minus c", "Sub", "x", "c"),
        binary("c minus", "Sub", "c", "x"),
        binary("product", "Mul", "x", "y"),
        binary("times three", "Mul", "three", "x"),
        binary("times c", "Mul", "x", "c"),
        binary("gated", "Mul", "x", "g"),
        binary("gate first", "Mul", "g", "x"),
        binary("third", "RealDiv", "x", "three"),
        floats("zero", [], [0]),
        binary("rectified", "Maximum", "x", "zero"),
        node("three sums", "AddN", ["x", "y", "x"]),
        node("biased", "BiasAdd", ["x", "c"], { data_format: attributeOf.text("NHWC") }),
        node("relu", "Relu", ["x"]),
        node("relu6", "Relu6", ["times three"]),
        node("sigmoid", "Sigmoid", ["x"]),
        node("negative", "Neg", ["x"]),
      ],
      { x: image, y: other, g: gate },
      {
        sum: dense.add(image, other),
        "old sum": perChannel((v, c) => v + c),
        "constant first": perChannel((v, c) => v + c),
        "plus three": map(image, (v) => v + 3),
        "with a constant image": dense.add(image, other),
        difference: dense.add(image, other, -1),
        "minus c": perChannel((v, c) => v - c),
        "c minus": perChannel((v, c) => c - v),
        product: map(image, (v, i) => v * other.data[i]),
        "times three": map(image, (v) => 3 * v),
        "times c": perChannel((v, c) => v * c),
        gated: dense.gate(image, gate),
        "gate first": dense.gate(image, gate),
        third: map(image, (v) => v / 3),
        rectified: map(image, (v) => Math.max(v, 0)),
        "three sums": map(image, (v, i) => 2 * v + other.data[i]),
        biased: dense.biasAdd(image, vector),
        relu: dense.relu(image),
        relu6: dense.relu(map(image, (v) => 3 * v), 6),
        sigmoid: dense.sigmoid(image),
        negative: map(image, (v) => -v),
      },
    )
  );
});

Deno.test("recordGraph() computes convolutions, pools, products of matrices and normalizations", async () => {
  const weights = random("weights", [3, 3, 4, 5]), taps = random("taps", [3, 3, 4, 2]);
  const matrix = random("matrix", [8, 3]), [mean, gamma] = [random("mean", [4]), random("gamma", [4])];
  const variance = map(random("variance", [4]), (v) => v * v + 0.1);
  const at = (kernel: number, stride: number, padding: "SAME" | "VALID", rate = 1): window.Windows => ({
    kernel: [kernel, kernel],
    stride: [stride, stride],
    rate: [rate, rate],
    padding,
  });
  const normal = { epsilon: attributeOf.float(0.01), is_training: attributeOf.boolean(false) };
  await withGpu((gpu) =>
    check(
      gpu,
      [
        x,
        placeholder("r", [-1, 8]),
        known("w", weights),
        known("t", taps),
        known("m", matrix),
        known("transposed", tensor([3, 8], transposed(matrix))),
        ...[["mean", mean], ["variance", variance], ["gamma", gamma], ["beta", vector]].map(([name, value]) =>
          known(name as string, value as Tensor)
        ),
        node("conv", "Conv2D", ["x", "w"], windowed("SAME", 2)),
        node("dilated", "Conv2D", ["x", "w"], windowed("VALID", 1, { dilations: pair(2) })),
        node("explicit", "Conv2D", ["x", "w"], {
          ...windowed("EXPLICIT", 1),
          explicit_paddings: attributeOf.integers([0, 0, 1, 1, 1, 1, 0, 0]),
        }),
        node("depthwise", "DepthwiseConv2dNative", ["x", "t"], windowed("SAME", 1)),
        // Dilation as TensorFlow 1 wrote it: margins of 2 for rate 2, and a row to make the height even.
        ints("block", [2, 2]),
        ints("paddings", [2, 3, 2, 2], [2, 2]),
        ints("crops", [0, 1, 0, 0], [2, 2]),
        node("in blocks", "SpaceToBatchND", ["x", "block", "paddings"]),
        node("conv in blocks", "Conv2D", ["in blocks", "w"], windowed("VALID", 1)),
        node("atrous", "BatchToSpaceND", ["conv in blocks", "block", "crops"]),
        node("depthwise in blocks", "DepthwiseConv2dNative", ["in blocks", "t"], windowed("VALID", 1)),
        node("depthwise atrous", "BatchToSpaceND", ["depthwise in blocks", "block", "crops"]),
        node("max", "MaxPool", ["x"], windowed("SAME", 2, { ksize: pair(3) })),
        node("average", "AvgPool", ["x"], windowed("SAME", 1, { ksize: pair(3) })),
        node("matmul", "MatMul", ["r", "m"]),
        node("by transposed", "MatMul", ["r", "transposed"], { transpose_b: attributeOf.boolean(true) }),
        node("normal", "FusedBatchNormV3", ["x", "gamma", "beta", "mean", "variance"], normal),
        node("by batch", "FusedBatchNorm", ["x", "gamma", "beta", "none", "none"], {
          ...normal,
          is_training: attributeOf.boolean(true),
        }),
        floats("none", [0], []),
        node("softmax", "Softmax", ["r"]),
        node("lrn", "LRN", ["x"], {
          depth_radius: attributeOf.integer(2),
          bias: attributeOf.float(1),
          alpha: attributeOf.float(0.5),
          beta: attributeOf.float(0.75),
        }),
        ints("size", [7, 9]),
        node("larger", "ResizeBilinear", ["x", "size"], { align_corners: attributeOf.boolean(true) }),
      ],
      { x: image, r: rows },
      {
        conv: window.conv2d.forward(image, weights, at(3, 2, "SAME")),
        dilated: window.conv2d.forward(image, weights, at(3, 1, "VALID", 2)),
        explicit: window.conv2d.forward(image, weights, at(3, 1, "SAME")),
        depthwise: window.depthwiseConv2d.forward(image, taps, at(3, 1, "SAME")),
        atrous: window.conv2d.forward(image, weights, at(3, 1, "SAME", 2)),
        "depthwise atrous": window.depthwiseConv2d.forward(image, taps, at(3, 1, "SAME", 2)),
        max: window.maxPool2d(image, at(3, 2, "SAME")),
        average: window.avgPool2d(image, at(3, 1, "SAME")),
        matmul: dense.matmul(rows, matrix),
        "by transposed": dense.matmul(rows, matrix),
        normal: batch.batchNorm(image, mean, variance, { epsilon: Math.fround(0.01), gamma, beta: vector }),
        "by batch": byBatch(gamma),
        softmax: losses.softmax(rows),
        lrn: losses.lrn(image, { depthRadius: 2, bias: 1, alpha: 0.5, beta: 0.75 }),
        larger: resize.resizeBilinear(image, [7, 9], { alignCorners: true }),
      },
    )
  );
});

function transposed({ shape: [n, m], data }: Tensor): number[] {
  return Array.from({ length: n * m }, (_, i) => data[i % n * m + Math.floor(i / n)]);
}

function byBatch(gamma: Tensor): Tensor {
  const { mean, variance } = batch.moments(image);
  return batch.batchNorm(image, mean, variance, { epsilon: Math.fround(0.01), gamma, beta: vector });
}

Deno.test("recordGraph() follows shapes that the graph computes, and moves values", async () => {
  const list = (name: string, values: number[]) => ints(name, values);
  await withGpu((gpu) =>
    check(
      gpu,
      [
        x,
        // Flattening, as TensorFlow 1.12 wrote it.
        node("shape", "Shape", ["x"]),
        list("0", [0]),
        list("1", [1]),
        node("n", "StridedSlice", ["shape", "0", "1", "1"], { shrink_axis_mask: attributeOf.integer(1) }),
        ints("rest", [-1], []),
        node("flat shape", "Pack", ["n", "rest"]),
        node("flat", "Reshape", ["x", "flat shape"]),
        // The same as older versions wrote it.
        node("tail", "Slice", ["shape", "1", "3"]),
        list("3", [3]),
        node("size", "Prod", ["tail", "0"], { keep_dims: attributeOf.boolean(true) }),
        node("head", "Slice", ["shape", "0", "1"]),
        ints("axis", [0], []),
        node("old shape", "ConcatV2", ["head", "size", "axis"]),
        node("old flat", "Reshape", ["x", "old shape"]),
        list("margins", [0, 0, 1, 2, 3, 0, 0, 0]),
        node("paddings", "Reshape", ["margins", "4x2"]),
        list("4x2", [4, 2]),
        node("padded", "Pad", ["x", "paddings"]),
        list("from", [0, 1, 1, 0]),
        list("to", [0, 0, 0, 0]),
        list("by", [1, 1, 1, 1]),
        node("cropped", "StridedSlice", ["x", "from", "to", "by"], {
          begin_mask: attributeOf.integer(9),
          end_mask: attributeOf.integer(15),
        }),
        list("hw", [1, 2]),
        node("mean", "Mean", ["x", "hw"], { keep_dims: attributeOf.boolean(true) }),
        node("squeezed", "Squeeze", ["mean"], { squeeze_dims: attributeOf.integers([1, 2]) }),
        list("-1,-2", [-3, -2]),
        node("mean of rows", "Mean", ["x", "-1,-2"]),
        ints("last", [3], []),
        node("joined", "ConcatV2", ["x", "x", "last"]),
        node("expanded", "ExpandDims", ["squeezed", "axis"]),
        node("same", "Identity", ["^shape", "x"].toReversed()),
      ],
      { x: image },
      {
        flat: { ...image, shape: [2, 120] },
        "old flat": { ...image, shape: [2, 120] },
        padded: padded(),
        cropped: cropped(),
        squeezed: means(),
        "mean of rows": means(),
        joined: joined(),
        expanded: { ...means(), shape: [1, 2, 4] },
        same: image,
      },
    )
  );
});

function at(n: number, row: number, column: number, c: number): number {
  return image.data[((n * 5 + row) * 6 + column) * 4 + c] ?? 0;
}

/** Values of a shape [2, ...] by their places. */
function made(shape: number[], of: (place: number[]) => number): Tensor {
  return map(tensor(shape), (_, i) => {
    const place = shape.toReversed().map((size) => {
      const p = i % size;
      i = Math.floor(i / size);
      return p;
    });
    return of(place.toReversed());
  });
}

const padded = () =>
  made([2, 8, 9, 4], ([n, r, c, k]) => r >= 1 && r < 6 && c >= 3 ? at(n, r - 1, c - 3, k) : 0);
const cropped = () => made([2, 4, 5, 4], ([n, r, c, k]) => at(n, r + 1, c + 1, k));
const joined = () => made([2, 5, 6, 8], ([n, r, c, k]) => at(n, r, c, k % 4));

function means(): Tensor {
  return made([2, 4], ([n, k]) => {
    let sum = 0;
    for (let i = 0; i < 30; i++) sum += at(n, Math.floor(i / 6), i % 6, k);
    return sum / 30;
  });
}

Deno.test("recordGraph() does arithmetic on constants at once: batch normalization written out, half weights", async () => {
  const half = constant("half", {
    dtype: "float16",
    shape: [4],
    data: Uint16Array.of(0x3c00, 0x4000, 0xb800, 0x0000),
  });
  const variance = map(random("variance", [4]), (v) => v * v + 0.1);
  const scaleOf = (c: number) => vector.data[c] / Math.sqrt(variance.data[c] + 0.001);
  await withGpu((gpu) =>
    check(
      gpu,
      [
        x,
        known("gamma", vector),
        known("mean", random("mean", [4])),
        known("variance", variance),
        floats("epsilon", [], [0.001]),
        node("add", "AddV2", ["variance", "epsilon"]),
        node("Rsqrt", "Rsqrt", ["add"]),
        node("mul", "Mul", ["Rsqrt", "gamma"]),
        node("mul_1", "Mul", ["x", "mul"]),
        node("mul_2", "Mul", ["mean", "mul"]),
        node("sub", "Sub", ["gamma", "mul_2"]),
        node("add_1", "AddV2", ["mul_1", "sub"]),
        half,
        node("cast", "Cast", ["half"]),
        node("plus half", "AddV2", ["x", "cast"]),
      ],
      { x: image },
      {
        add_1: map(image, (v, i) =>
          (v - random("mean", [4]).data[i % 4]) * scaleOf(i % 4) + vector.data[i % 4]),
        "plus half": map(image, (v, i) =>
          v + [1, 2, -0.5, 0][i % 4]),
      },
    )
  );
});

Deno.test("recordGraph() can start and end at any node, and at other outputs than the first", () => {
  const graph = graphOf(
    x,
    node("a", "Relu", ["missing"]),
    node("b", "Relu", ["a:0"]),
    node("c", "Sigmoid", ["b"]),
  );
  const tape = new Tape();
  const [b] = recordGraph(tape, graph, { feeds: { a: [1, 2, 2, 1] }, outputs: ["b:0"] });
  assertEquals([b.shape, [...tape.feeds.keys()], tape.nodes.length], [[1, 2, 2, 1], ["a"], 1]);
  assertThrows(
    () => recordGraph(new Tape(), graph, { feeds: { a: [1, 2] }, outputs: ["b:1"] }),
    RangeError,
    'Cannot import node "b" (Relu): it has no output 1',
  );
});
