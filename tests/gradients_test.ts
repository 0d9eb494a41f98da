/** Gradients of whole small nets against central differences of the same tape run in float64. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Layers } from "../layers/layers.ts";
import { uniforms } from "../random/philox.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { hardSigmoid, hardSwish, relu6, sigmoid } from "../tape/ops/activations.ts";
import { concat, crop, pad } from "../tape/ops/arrange.ts";
import { gate } from "../tape/ops/pointwise.ts";
import { resizeBilinear } from "../tape/ops/resize.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { classificationLoss, weightedMean } from "../training/losses.ts";
import { withGpu } from "./_gpu.ts";
import { assertSameBits } from "./_kernels.ts";
import { interpret } from "./reference/interpret.ts";
import { map, random, type Tensor, tensor } from "./reference/tensor.ts";

/** Step of the differences: in float64 both its truncation and its rounding stay below 1e-9. */
const STEP = 1e-6;
/** Elements of each variable that are differentiated. */
const SAMPLES = 6;
/** Allowed error relative to the largest element of a gradient: float32 through six layers loses some 1e-6. */
const TOLERANCE = 1e-5;

type Builder = (s: Layers, images: Value) => Value;

/** LeNet with 4, 6 and 12 channels, dropout on. */
const small: Builder = (s, images) => {
  let x = s.maxPool2d(s.conv2d(images, 4, [5, 5], { scope: "conv1" }), [2, 2], { stride: 2, scope: "pool1" });
  x = s.maxPool2d(s.conv2d(x, 6, [3, 3], { scope: "conv2" }), [2, 2], { stride: 2, scope: "pool2" });
  x = s.fullyConnected(s.flatten(x), 12, { scope: "fc3" });
  x = s.dropout(x, { keepProb: 0.5, isTraining: true, scope: "dropout3" });
  return s.fullyConnected(x, 5, { activation: null, scope: "fc4" });
};

/** CifarNet with fewer channels, and normalization strong enough to matter. */
const normalized: Builder = (s, images) => {
  const lrn = { depthRadius: 2, bias: 1, alpha: 0.5, beta: 0.75 };
  let x = s.maxPool2d(s.conv2d(images, 5, [5, 5], { scope: "conv1" }), [3, 3], {
    stride: 2,
    padding: "SAME",
    scope: "pool1",
  });
  x = s.lrn(x, { ...lrn, scope: "norm1" });
  x = s.lrn(s.conv2d(x, 7, [3, 3], { scope: "conv2" }), { ...lrn, scope: "norm2" });
  x = s.maxPool2d(x, [2, 2], { stride: 2, scope: "pool2" });
  x = s.fullyConnected(s.flatten(x), 13, { scope: "fc3" });
  x = s.dropout(x, { keepProb: 0.7, isTraining: true, scope: "dropout3" });
  x = s.dropout(s.fullyConnected(x, 9, { scope: "fc4" }), {
    keepProb: 0.9,
    isTraining: true,
    scope: "dropout4",
  });
  return s.fullyConnected(x, 5, { activation: null, weightDecay: 0, scope: "logits" });
};

/** Strides, rates, VALID, average pooling, relu6 and a linear layer. */
const mixed: Builder = (s, images) => {
  let x = s.conv2d(images, 6, [3, 5], { stride: [1, 2], activation: relu6, scope: "conv1" });
  x = s.avgPool2d(x, [3, 2], { stride: [2, 1], padding: "SAME", scope: "pool1" });
  x = s.conv2d(x, 3, [3, 3], { rate: 2, padding: "VALID", activation: null, scope: "conv2" });
  x = s.conv2d(x, 4, [1, 1], { stride: 2, scope: "conv3" });
  return s.fullyConnected(s.flatten(x), 5, { activation: null, scope: "logits" });
};

/** Branches, a gate, a frame, resizing, drop path and the activations that are curves. */
const branched: Builder = (s, images) => {
  let x = s.conv2d(images, 4, [3, 3], { activation: hardSwish, scope: "conv1" });
  const left = s.conv2d(x, 3, [1, 1], { activation: sigmoid, scope: "left" });
  const right = s.dropPath(s.avgPool2d(x, [3, 3], { stride: 1, padding: "SAME", scope: "right" }), {
    keepProb: 0.5,
    cellRatio: 0.5,
    totalTrainingSteps: 34,
    scope: "drop_path",
  });
  x = concat([left, x, right]);
  const squeezed = s.globalPool(x, { scope: "squeeze" });
  x = gate(x, s.conv2d(squeezed, 11, [1, 1], { activation: hardSigmoid, scope: "excite" }));
  x = crop(pad(x, { top: 1, left: 2, right: 1 }), { bottom: 2, left: 1 });
  x = resizeBilinear(x, [5, 4], { alignCorners: true });
  return s.fullyConnected(s.flatten(x), 5, { activation: null, scope: "logits" });
};

/** Batch normalization by the batch, with and without gamma, by moving averages, and depthwise convolutions. */
const separated: Builder = (root, images) => {
  const s = root.with({
    conv2d: { normalizer: "batchNorm" },
    separableConv2d: { normalizer: "batchNorm", depthMultiplier: 2 },
    batchNorm: { epsilon: 0.01, scale: true },
  });
  let x = s.conv2d(images, 4, [3, 3], { stride: 2, scope: "conv1" });
  x = s.separableConv2d(x, 5, [3, 3], { activation: relu6, scope: "separable2" });
  x = s.batchNorm(x, { scale: false, activation: relu6, scope: "without_gamma" });
  x = s.separableConv2d(x, null, [3, 2], { rate: 2, depthMultiplier: 1, scope: "depthwise3" });
  x = s.batchNorm(x, { isTraining: false, scope: "frozen" });
  return s.fullyConnected(s.flatten(x), 5, { activation: null, scope: "logits" });
};

interface NetCase {
  readonly name: string;
  readonly build: Builder;
  readonly image: readonly [number, number, number];
  readonly clones?: number;
  readonly labelSmoothing?: number;
  readonly weightDecay?: number;
}

const nets: NetCase[] = [
  { name: "LeNet's chain", build: small, image: [12, 12, 1] },
  {
    name: "LeNet's chain, decayed and smoothed",
    build: small,
    image: [9, 11, 3],
    labelSmoothing: 0.1,
    weightDecay: 0.01,
  },
  {
    name: "LeNet's chain in two clones",
    build: small,
    image: [8, 8, 1],
    clones: 2,
    labelSmoothing: 0.2,
    weightDecay: 0.1,
  },
  { name: "CifarNet's chain", build: normalized, image: [11, 10, 3], weightDecay: 0.02 },
  { name: "CifarNet's chain in three clones", build: normalized, image: [8, 8, 3], clones: 3 },
  { name: "branches, gates and resizing", build: branched, image: [7, 8, 2] },
  {
    name: "batch normalization and depthwise convolutions",
    build: separated,
    image: [9, 8, 3],
    weightDecay: 0.02,
  },
  { name: "strides and rates", build: mixed, image: [10, 13, 2], labelSmoothing: 0.1 },
];

/** Records the net with its loss; `given` has random values for all feeds and variables. */
function record(c: NetCase) {
  const tape = new Tape(), { clones = 1, labelSmoothing = 0, weightDecay = 0 } = c, n = 3;
  const args = { conv2d: { weightDecay }, fullyConnected: { weightDecay } };
  const given = new Map<string, Tensor>([["step", tensor([1], [17])]]);
  let regularization: Layers["regularizationLosses"] = [];
  const built = Array.from({ length: clones }, (_, i) => {
    const root = Layers.root(tape, 5 + i).with(args);
    given.set(`images${i}`, random(`images${i}`, [n, ...c.image]));
    given.set(`labels${i}`, tensor([n], [i % 5, (i + 3) % 5, 4]));
    const logits = c.build(root.scope("Net"), tape.feed(`images${i}`, [n, ...c.image]));
    if (i === 0) regularization = root.regularizationLosses;
    return { logits, labels: tape.feed(`labels${i}`, [n], "i32") };
  });
  const { total } = classificationLoss(built, regularization, { labelSmoothing });
  for (const { name, shape } of tape.variables.values()) {
    const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const values = random(name, shape, shape.length > 1 ? 1.5 / Math.sqrt(fanIn) : 0.3);
    given.set(name, /(gamma|moving_variance)$/.test(name) ? map(values, (v) => Math.fround(1 + v)) : values);
  }
  return { tape, total, given };
}

for (const c of nets) {
  Deno.test(`gradients() of ${c.name} equal central differences`, () =>
    withGpu(async (gpu) => {
      const { tape, total, given } = record(c);
      const names = [...tape.variables.values()].filter((v) => v.trainable).map((v) => v.name);
      const found = gradients(total, names.map((name) => tape.variables.get(name)!.value));
      const fetches = { total, ...Object.fromEntries(names.map((name, i) => [name, found[i]!])) };
      const parameters = new Parameters(gpu, tape.variables);
      const program = await compile(gpu, tape, { fetches, parameters });
      for (const [name, { dtype }] of tape.feeds) {
        const Type = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array }[dtype];
        program.feed(name, Type.from(given.get(name)!.data));
      }
      for (const name of parameters.names) parameters.write(name, Float32Array.from(given.get(name)!.data));
      program.run();
      const loss = interpret(tape, total, given).data[0], [actual] = await program.fetch("total");
      assert(Math.abs(actual - loss) <= 4e-6 * loss, `loss ${actual} instead of ${loss}`);
      const next = uniforms(3, 0);
      for (const name of names) {
        const gradient = await program.fetch(name), { data } = given.get(name)!;
        const largest = gradient.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
        assert(largest > 1e-4, `the gradient of ${name} is all but zero`);
        for (let sample = 0; sample < SAMPLES; sample++) {
          const i = Math.floor(data.length * next()), before = data[i];
          const [up, down] = [STEP, -STEP].map((step) => {
            data[i] = before + step;
            return interpret(tape, total, given).data[0];
          });
          data[i] = before;
          const expected = (up - down) / (2 * STEP), error = Math.abs(gradient[i] - expected);
          assert(
            error <= TOLERANCE * largest,
            `gradient of ${name}[${i}]: ${gradient[i]} instead of ${expected}`,
          );
        }
      }
      program.destroy();
      parameters.destroy();
    }));
}

Deno.test("classificationLoss() averages the clones' means and adds regularization once, undivided", () => {
  for (const c of [nets[1], nets[2], { ...nets[4], weightDecay: 0.3 }]) {
    const { tape, total, given } = record(c), { clones = 1, labelSmoothing = 0, weightDecay = 0 } = c;
    const of = (name: string) =>
      tape.nodes.filter((node) => node.operation.name === name).map((node) => node.outputs[0]);
    const examples = of("softmaxCrossEntropy").map((value) => interpret(tape, value, given).data);
    assertEquals(examples.map((losses) => losses.length), new Array(clones).fill(3));
    let expected = examples.flatMap((losses) => [...losses]).reduce((a, b) => a + b, 0) / (3 * clones);
    for (const { name } of tape.variables.values()) {
      if (!name.endsWith("/weights") || name === "Net/logits/weights") continue;
      expected += weightDecay / 2 * given.get(name)!.data.reduce((a, v) => a + v * v, 0);
    }
    const actual = interpret(tape, total, given).data[0];
    assert(
      Math.abs(actual - expected) < 1e-12,
      `${c.name}, smoothed by ${labelSmoothing}: ${actual}, ${expected}`,
    );
  }
});

Deno.test("weightedMean() divides by the number of weights that are not 0", () => {
  const tape = new Tape(),
    losses = tape.feed("losses", [4]),
    given = new Map([["losses", tensor([4], [3, 5, 7, 4])]]);
  const of = (weights: number[]) => interpret(tape, weightedMean(losses, weights), given).data[0];
  assertEquals([of([1, 0, 0, 0.5]), of([1, 1, 1, 1]), of([0, 0, 0, 0])], [2.5, 4.75, 0]);
});

Deno.test("gradients() of some variables are the same bits as among those of all", () =>
  withGpu(async (gpu) => {
    const run = async (chosen: (name: string) => boolean) => {
      const { tape, total, given } = record(nets[1]), names = [...tape.variables.keys()].filter(chosen);
      const found = gradients(total, names.map((name) => tape.variables.get(name)!.value));
      const parameters = new Parameters(gpu, tape.variables);
      const program = await compile(gpu, tape, {
        fetches: Object.fromEntries(names.map((name, i) => [name, found[i]!])),
        parameters,
      });
      program.feed("images0", Float32Array.from(given.get("images0")!.data));
      program.feed("labels0", Int32Array.from(given.get("labels0")!.data));
      program.feed("step", Uint32Array.of(17));
      for (const name of tape.variables.keys()) {
        parameters.write(name, Float32Array.from(given.get(name)!.data));
      }
      program.run();
      const results = new Map<string, Float32Array>();
      for (const name of names) results.set(name, await program.fetch(name));
      const launches = program.commands.length;
      program.destroy();
      parameters.destroy();
      return { results, launches };
    };
    const all = await run(() => true), head = await run((name) => name.startsWith("Net/fc4"));
    assertEquals([...head.results.keys()], ["Net/fc4/weights", "Net/fc4/biases"]);
    for (const [name, result] of head.results) assertSameBits(result, all.results.get(name)!, name);
    assert(
      head.launches < all.launches / 2,
      `${head.launches} of ${all.launches} launches for the head alone`,
    );
  }));
