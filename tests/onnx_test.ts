/** ONNX without Python: nets and operations there and back, training of an imported net. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { create, type MessageInitShape } from "npm:@bufbuild/protobuf@2.17.0";
import { exportOnnx } from "../export/onnx/export.ts";
import { bytesOfTensor, numberAt } from "../formats/checkpoint/tensor.ts";
import { memoryFiles } from "../formats/files.ts";
import { TensorProto_DataType as Type, TensorProtoSchema } from "../formats/onnx/onnx_pb.ts";
import { decodeOnnx } from "../formats/onnx/read.ts";
import { onnxTensor } from "../formats/onnx/tensor.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { recordOnnx } from "../graphs/onnx/record.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { getNet } from "../nets/nets_factory.ts";
import { batchNorm } from "../tape/ops/batch_norm.ts";
import { concat, crop, pad, slice, transpose } from "../tape/ops/arrange.ts";
import { multiply } from "../tape/ops/multiply.ts";
import { avgPool2d, maxPool2d } from "../tape/ops/pool.ts";
import { add, biasAdd, reshape, scale } from "../tape/ops/pointwise.ts";
import { resizeBilinear } from "../tape/ops/resize.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { TrainingStep } from "../training/step.ts";
import { assertClose, recordNet, runOnce, valuesOf } from "./_exported_nets.ts";
import { randomValues } from "./goldens/_formula.ts";
import { withGpu } from "./_gpu.ts";

/** Exports and imports again; the new tape's outputs. */
async function thereAndBack(
  tape: Tape,
  images: Value,
  outputs: Record<string, Value>,
  options: { foldBatchNorm?: boolean; hasOpenBatch?: boolean } = {},
) {
  const files = memoryFiles(), weights = (name: string) => valuesOf({ tape }, name);
  await writeOnnx(files, "net.onnx", exportOnnx({ name: "net", images, outputs, weights, ...options }));
  const back = new Tape(), model = decodeOnnx(await files.read("net.onnx"), "net.onnx");
  const recorded = recordOnnx(back, model, "net.onnx", { images: images.shape });
  return { tape: back, model, images: recorded.images, outputs: Object.fromEntries(recorded.outputs) };
}

for (
  const [name, foldBatchNorm] of [
    ["lenet", false],
    ["cifarnet", false],
    ["mobilenet_v3_small", false],
    ["mobilenet_v3_small", true],
    ["nasnet_cifar", false],
    ["nasnet_cifar", true],
  ] as const
) {
  const how = foldBatchNorm ? ", batch normalization folded" : "";
  Deno.test(`an exported ${name} computes the same when it is imported${how}`, () =>
    withGpu(async (gpu) => {
      const { tape, images, outputs } = recordNet(getNet(name), 2);
      const back = await thereAndBack(tape, images, outputs, { foldBatchNorm });
      assertEquals(back.images.shape, images.shape);
      const input = randomValues("images", sizeOf(images.shape), 1);
      const expected = await runOnce(
        gpu,
        tape,
        outputs,
        { images: input },
        (name) => valuesOf({ tape }, name),
      );
      const actual = await runOnce(gpu, back.tape, back.outputs, { input });
      assertClose(actual.logits, expected.logits, 1e-5, "logits");
      assertClose(actual.probabilities, expected.probabilities, 1e-5, "probabilities");
    }));
}

/** Tensors as the library onnx writes them in the fields of their types, and their values. */
const typed: [init: MessageInitShape<typeof TensorProtoSchema>, dtype: string, values: number[]][] = [
  [{ dataType: Type.FLOAT, floatData: [1.5, -2] }, "float32", [1.5, -2]],
  [{ dataType: Type.DOUBLE, doubleData: [1e300, -2] }, "float64", [1e300, -2]],
  [{ dataType: Type.FLOAT16, int32Data: [0x3e00, 0xc000] }, "float16", [1.5, -2]],
  [{ dataType: Type.BFLOAT16, int32Data: [0x3fc0, 0xc000] }, "bfloat16", [1.5, -2]],
  [{ dataType: Type.INT8, int32Data: [1, -128] }, "int8", [1, -128]],
  [{ dataType: Type.INT64, int64Data: [2n ** 40n, -2n] }, "int64", [2 ** 40, -2]],
  [{ dataType: Type.UINT16, int32Data: [1, 65_535] }, "uint16", [1, 65_535]],
  [{ dataType: Type.UINT32, uint64Data: [1n, 2n ** 32n - 1n] }, "uint32", [1, 2 ** 32 - 1]],
  [{ dataType: Type.BOOL, int32Data: [1, 0] }, "bool", [1, 0]],
];

Deno.test("onnxTensor() reads every type, in the field that it has and as raw bytes", () => {
  for (const [init, dtype, values] of typed) {
    const tensor = onnxTensor(create(TensorProtoSchema, { ...init, dims: [2n] })), at = numberAt(tensor);
    assertEquals([tensor.dtype, tensor.shape, at(0), at(1)], [dtype, [2], ...values]);
    const raw = { dims: [1n, 2n], dataType: init.dataType, rawData: bytesOfTensor(tensor) };
    assertEquals(onnxTensor(create(TensorProtoSchema, raw)), { ...tensor, shape: [1, 2] });
  }
});

/** What nets of the registry do not use, or not in this form. */
const recordings: Record<string, (x: Value) => Value> = {
  "sizes that no factor makes exactly": (x) => resizeBilinear(resizeBilinear(x, [7, 10]), [10, 13]),
  "resizing with aligned corners": (x) => resizeBilinear(x, [9, 5], { alignCorners: true }),
  "resizing with half pixels": (x) => resizeBilinear(x, [13, 4], { halfPixelCenters: true }),
  "margins and what they leave": (x) => crop(pad(x, { top: 2, left: 1, right: 3 }), { bottom: 4, right: 2 }),
  "pooling with margins of its own": (x) => {
    const padding = [[1, 1], [0, 2]] as const, options = { stride: 2, padding };
    return add(maxPool2d(x, 3, options), avgPool2d(x, 3, options), { factor: -0.5 });
  },
  "an image as rows, and rows as an image": (x) => {
    const [n, h, w, c] = x.shape, rows = reshape(x, [n, h * w * c]);
    return reshape(scale(rows, 3), [n, w, h, c]);
  },
  "slices, products and images turned round": (x) => {
    const turned = transpose(concat([x, slice(x, 1, 2)]), [0, 2, 1, 3]); // 3 and 2 channels, which are width and height
    return multiply(turned, transpose(transpose(turned, [0, 3, 2, 1]), [0, 3, 2, 1]));
  },
  "a bias that no product takes in": (x) => biasAdd(x, x.tape.constant(Float32Array.of(1, -2, 3), [3])),
};

for (const [name, record] of Object.entries(recordings)) {
  Deno.test(`exportOnnx() and recordOnnx(): ${name}`, () =>
    withGpu(async (gpu) => {
      const tape = new Tape(), images = tape.feed("images", [2, 6, 7, 3]), y = record(images);
      const back = await thereAndBack(tape, images, { y });
      const input = randomValues("images", sizeOf(images.shape), 1);
      const [n, h, w, c] = y.shape, { y: expected } = await runOnce(gpu, tape, { y }, { images: input });
      const { y: actual } = await runOnce(gpu, back.tape, back.outputs, { input });
      assertEquals(back.outputs.y.shape, [n, c, h, w]);
      const last = expected.map((_, i) => {
        const place = Math.floor(i / c) % (h * w), image = Math.floor(i / (c * h * w));
        return actual[(image * c + i % c) * h * w + place];
      });
      assertClose(last, expected, 1e-6, name);
    }));
}

/** Losses of a few steps of training on one batch; statistics stay as they are. */
async function train(
  gpu: Gpu,
  tape: Tape,
  images: Value,
  logits: Value,
  values?: (name: string) => Float32Array,
) {
  const clone = {
    logits,
    labels: tape.feed("labels", [4], "i32"),
    regularizationLosses: [],
    movingAverages: [],
  };
  const optimizer = configureOptimizer({ optimizer: "momentum" }), losses: number[] = [];
  const step = await TrainingStep.compile(gpu, { tape, clones: [clone], optimizer });
  const { program, parameters } = step;
  if (values) { for (const name of parameters.names) parameters.write(name, values(name)); }
  else parameters.initialize(0);
  program.feed(images.label, randomValues("images", sizeOf(images.shape), 1));
  program.feed("labels", Int32Array.of(1, 2, 3, 4));
  for (let t = 0; t < 10; t++) {
    step.run(t, 0.02);
    losses.push((await program.fetch("loss"))[0]);
  }
  step.destroy();
  return { losses: Float32Array.from(losses), trained: step.trained.length };
}

Deno.test("an imported net is trained as the exported one", () =>
  withGpu(async (gpu) => {
    const { tape, images, outputs } = recordNet(getNet("mobilenet_v1_025"), 4);
    const back = await thereAndBack(tape, images, outputs);
    const theirs = await train(gpu, back.tape, back.images, back.outputs.logits);
    const ours = await train(gpu, tape, images, outputs.logits, (name) => valuesOf({ tape }, name));
    assertClose(theirs.losses, ours.losses, 1e-5, "losses");
    assertLess(theirs.losses.at(-1)!, theirs.losses[0]);
    assertEquals(theirs.trained, ours.trained);
  }));

Deno.test("exportOnnx() names interface, weights and nodes as people look for them", async () => {
  const { tape, images, outputs } = recordNet(getNet("lenet"), 1);
  const { model: { graph } } = await thereAndBack(tape, images, outputs);
  const dims = graph.input[0].type!.tensorType!.shape!.dim.map(({ value }) => value.value);
  assertEquals([graph.input[0].name, ...dims], ["input", "N", 1n, 28n, 28n]);
  assertEquals(graph.output.map(({ name }) => name), ["logits", "probabilities"]);
  assertEquals(graph.node.map(({ name, opType }) => `${name} ${opType}`), [
    "LeNet/conv1/Conv Conv",
    "LeNet/conv1/Relu Relu",
    "LeNet/pool1/MaxPool MaxPool",
    "LeNet/conv2/Conv Conv",
    "LeNet/conv2/Relu Relu",
    "LeNet/pool2/MaxPool MaxPool",
    "LeNet/Flatten/Flatten Flatten",
    "LeNet/fc3/Gemm Gemm",
    "LeNet/fc3/Relu Relu",
    "LeNet/fc4/Gemm Gemm",
    "probabilities/Softmax Softmax",
  ]);
  assertEquals(
    graph.initializer.map(({ name, dims }) => `${name} ${dims}`),
    [...tape.variables.keys()].map((name) =>
      `${name} ${graph.initializer.find((t) => t.name === name)!.dims}`
    ),
  );
  const fixed = await thereAndBack(tape, images, outputs, { hasOpenBatch: false });
  assertEquals(fixed.model.graph.input[0].type!.tensorType!.shape!.dim[0].value.value, 1n);
});

Deno.test("a value may be an output under two names, and images may be one", async () => {
  const tape = new Tape(), images = tape.feed("images", [1, 6, 7, 3]), y = scale(images, 2);
  const { outputs, model: { graph } } = await thereAndBack(tape, images, { y, again: y, images });
  assertEquals(Object.keys(outputs), ["y", "again", "images"]);
  assertEquals(graph.node.map(({ opType }) => opType), ["Mul", "Identity", "Identity"]);
});

Deno.test("exportOnnx() refuses a net in training, naming the operation", () => {
  const tape = new Tape(), images = tape.feed("images", [2, 6, 7, 3]);
  const { y } = batchNorm(images, {}, { epsilon: 1e-3, scope: "net/bn" });
  const request = { name: "net", images, outputs: { y }, weights: () => new Float32Array() };
  assertEquals(
    assertThrows(() => exportOnnx(request), TypeError).message,
    "Cannot export net/bn/batchNorm to ONNX: there is no counterpart of batchNorm; record the net alone, with isTraining false",
  );
});
