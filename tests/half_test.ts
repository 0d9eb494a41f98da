/** Float16 storage and loss scaling. Where the device has no shader-f16 only the refusal is tested. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { getSampleSplit } from "../datasets/sample.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { withHalfStorage } from "../kernels/half.ts";
import { defineKernel, sizeOf } from "../kernels/kernel.ts";
import { sgd } from "../kernels/optimizers.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { uniforms } from "../random/philox.ts";
import { compile } from "../tape/compile.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { mean } from "../tape/ops/losses.ts";
import { relu } from "../tape/ops/activations.ts";
import { maxPool2d } from "../tape/ops/pool.ts";
import { Parameters } from "../tape/parameters.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Plan } from "../tape/plan.ts";
import type { Program } from "../tape/program.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { gradients } from "../tape/gradients.ts";
import { lossScaleOf } from "../training/loss_scale.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { Trainer } from "../training/trainer.ts";
import { withGpu } from "./_gpu.ts";

const hasHalf = (gpu: Gpu) => gpu.device.features.has("shader-f16");

const text = `struct Params { n: u32 }
alias V = vec4f;
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
fn main(i: u32) {
  let max = x[index[i]].x; // x[0]
  y[i + 1u] = max + y[u32(x[i].y)];
  y[i] *= 2.0;
}`;

Deno.test("withHalfStorage() converts around every access, also nested ones, and leaves everything else", () => {
  const { code, name } = withHalfStorage(defineKernel("k", text), [1, 3]);
  assertEquals(name, "k_f16_1_3");
  assert(code.startsWith("enable f16;"));
  for (
    const line of [
      "x: array<vec4h>;",
      "index: array<u32>;",
      "y: array<f16>;",
      "let max = V(x[index[i]]).x;",
      "y[i + 1u] = f16((max + f32(y[u32(V(x[i]).y)])));",
      "y[i] = f16(f32(y[i]) * (2.0));",
    ]
  ) assert(code.includes(line), `${line} in ${code}`);
  const kernel = defineKernel("k", text);
  assertEquals(withHalfStorage(kernel, []), kernel);
  assertEquals(withHalfStorage(kernel, [1]), withHalfStorage(kernel, [1]));
  assertThrows(() => withHalfStorage(kernel, [2]), TypeError, "index");
  assertThrows(() => withHalfStorage(kernel, [7]), RangeError, "7");
});

/** A net's tape with a loss, its gradients, and the plan of both. */
function planOf(precision: "f32" | "f16") {
  const tape = new Tape(), net = getNet("cifarnet"), images = tape.feed("images", [8, 32, 32, 3]);
  const built = buildNet(tape, net, images, { numClasses: 10, isTraining: true, weightDecay: 1e-3 });
  const trainable = [...tape.variables.values()].filter((v) => v.trainable);
  const found = gradients(mean(built.logits), trainable.map((v) => v.value)) as Value[];
  const rate = tape.feed("rate", [2]), values = new Map(trainable.map((v, i) => [v.name, found[i]]));
  const request = {
    fetches: { logits: built.logits },
    updates: [{ rule: sgd, options: {}, rate, values }],
    precision,
  };
  return { plan: new Plan(tape, request, new ParameterLayout(tape.variables), 2 ** 27), found, built };
}

Deno.test("with precision f16 images lie in half the bytes; variables, their gradients and fetches do not", () => {
  const { plan, found, built } = planOf("f16");
  for (const value of [...found, built.logits]) assertEquals(plan.bytesEach(value), 4, value.label);
  const conv1 = built.endPoints.get("conv1")!;
  assertEquals(plan.bytesEach(conv1), 2);
  assertEquals(planOf("f32").plan.bytesEach(planOf("f32").built.endPoints.get("conv1")!), 4);
  const kernels = plan.launches.map(({ launch }) => launch.kernel.name);
  assert(kernels.some((name) => name.includes("_f16_")) && kernels.includes("sgd"), kernels.join());
  assertLess(plan.bytes, planOf("f32").plan.bytes);
});

Deno.test("compile() refuses precision f16 where the device lacks it", () =>
  withGpu(async (gpu) => {
    const without = Object.create(gpu, { device: { value: { features: new Set() } } }) as Gpu;
    const tape = new Tape(),
      y = relu(tape.feed("x", [1, 2, 2, 4])),
      parameters = new Parameters(gpu, tape.variables);
    const compiling = compile(without, tape, { fetches: { y }, parameters, precision: "f16" });
    const { message } = await assertRejects(() => compiling, GpuError);
    assert(message.includes("shader-f16") && message.includes("f32"), message);
  }));

Deno.test("nets in f16 give the logits of f32 up to float16's rounding", () =>
  withGpu(async (gpu) => {
    if (!hasHalf(gpu)) return;
    for (const [name, side] of [["lenet", 28], ["resnet_v1_50", 64], ["inception_v3", 107]] as const) {
      const results: Float32Array[] = [];
      for (const precision of ["f32", "f16"] as const) {
        const tape = new Tape(),
          net = getNet(name),
          images = tape.feed("images", [2, side, side, net.channels]);
        const { logits } = buildNet(tape, net, images, { numClasses: 7, isTraining: false });
        const parameters = new Parameters(gpu, tape.variables), next = uniforms(1, 0);
        const program = await compile(gpu, tape, { fetches: { logits }, parameters, precision });
        parameters.initialize(1);
        program.feed(
          "images",
          Float32Array.from({ length: 2 * side * side * net.channels }, () => 2 * next() - 1),
        );
        program.run();
        results.push(await program.fetch("logits"));
        program.destroy();
        parameters.destroy();
      }
      const [full, half] = results, norm = Math.hypot(...full);
      const error = Math.hypot(...full.map((v, i) => v - half[i])) / norm;
      assert(error > 0 && error < 2e-3, `${name}: relative error ${error}`);
    }
  }));

Deno.test("channels that do not come in fours give in f16 what they give in f32, and gradients, too", () =>
  withGpu(async (gpu) => {
    if (!hasHalf(gpu)) return;
    const results: Float32Array[][] = [];
    for (const precision of ["f32", "f16"] as const) {
      const tape = new Tape(), next = uniforms(1, 0), shape = [2, 9, 9, 5];
      const draw = (shape: readonly number[]) => new Float32Array(sizeOf(shape)).map(() => 2 * next() - 1);
      const w = [[3, 3, 5, 6], [1, 1, 6, 7]].map((shape, i) =>
        tape.variable(`w${i}`, shape, { initialize: draw })
      );
      const y = conv2d(maxPool2d(relu(conv2d(tape.feed("x", shape), w[0])), 3), w[1]);
      const [first, second] = gradients(mean(y), w), fetches = { y, first: first!, second: second! };
      const parameters = new Parameters(gpu, tape.variables);
      const program = await compile(gpu, tape, { fetches, parameters, precision });
      parameters.initialize(0);
      program.feed("x", draw(shape));
      program.run();
      results.push(await Promise.all(Object.keys(fetches).map((name) => program.fetch(name))));
      for (const each of [program, parameters]) each.destroy();
    }
    results[0].forEach((full, i) => {
      const error = Math.hypot(...full.map((v, j) => v - results[1][i][j])) / Math.hypot(...full);
      assert(error > 0 && error < 2e-3, `${i}: relative error ${error}`);
    });
  }));

/** Trains one weight: y = relu(x * w) at four pixels, the loss its mean; the gradient of each is a quarter of the scale. */
async function withScaledStep(
  gpu: Gpu,
  use: (
    run: (x: number) => Promise<{ w: number; scale: number; good: number }>,
    p: Parameters,
  ) => Promise<void>,
) {
  const tape = new Tape(), x = tape.feed("x", [1, 2, 2, 1]);
  const w = tape.variable("w", [1, 1, 1, 1], { initialize: () => Float32Array.of(1) });
  const lossScale = lossScaleOf(tape), y = relu(conv2d(x, w));
  const [dw] = gradients(mean(y), [w], lossScale.scale) as Value[];
  const rate = tape.feed("rate", [2]), parameters = new Parameters(gpu, tape.variables);
  const watch = { step: tape.feed("step", [1], "u32"), firstBad: tape.state("first bad step", [1]) };
  const updates = [{
    rule: sgd,
    options: {},
    rate,
    values: new Map([["w", dw]]),
    treatment: { watch, lossScale },
  }];
  const program: Program = await compile(gpu, tape, { fetches: {}, updates, parameters, precision: "f16" });
  parameters.initialize(0);
  program.feed("rate", Float32Array.of(0.5, 0.5));
  try {
    await use(async (x) => {
      program.feed("x", new Float32Array(4).fill(x));
      program.run();
      const read = async (name: string) => (await parameters.read(name))[0];
      return {
        w: await read("w"),
        scale: await read("loss_scale/current_loss_scale"),
        good: await read("loss_scale/good_steps"),
      };
    }, parameters);
  } finally {
    program.destroy();
    parameters.destroy();
  }
}

Deno.test("a step with a gradient that is not finite changes nothing but the loss's scale, which halves", () =>
  withGpu(async (gpu) => {
    if (!hasHalf(gpu)) return;
    await withScaledStep(gpu, async (run, parameters) => {
      assertEquals(await run(1), { w: 0.5, scale: 2 ** 15, good: 1 });
      parameters.write("loss_scale/current_loss_scale", Float32Array.of(2 ** 20)); // 2^20 / 4 is beyond float16
      assertEquals(await run(1), { w: 0.5, scale: 2 ** 19, good: 0 });
      assertEquals(await run(1), { w: 0.5, scale: 2 ** 18, good: 0 });
      assertEquals(await run(0.5), { w: 0.5, scale: 2 ** 17, good: 0 });
      assertEquals(await run(0.5), { w: 0.25, scale: 2 ** 17, good: 1 });
      parameters.write("loss_scale/good_steps", Float32Array.of(1999));
      assertEquals(await run(0.5), { w: 0, scale: 2 ** 18, good: 0 });
      parameters.write("loss_scale/good_steps", Float32Array.of(1999));
      parameters.write("loss_scale/current_loss_scale", Float32Array.of(2 ** 24));
      assertEquals((await run(0)).scale, 2 ** 24);
      assertEquals((await run(Infinity)).w, 0);
    });
  }));

Deno.test("training in f16 loses about as much as in f32, and repeats bit for bit", () =>
  withGpu(async (gpu) => {
    if (!hasHalf(gpu)) return;
    const dataset = await getSampleSplit("train");
    const losses = async (precision: "f32" | "f16") => {
      const optimizer = configureOptimizer({ optimizer: "adam" }), learningRate = () => 0.001;
      const options = { modelName: "lenet", numClasses: 10, batchSize: 16, seed: 1, optimizer, learningRate };
      const trainer = await Trainer.create(gpu, dataset, { ...options, precision });
      try {
        for await (const report of trainer.train({ until: 30, reportEvery: 30 })) return [...report.losses];
      } finally {
        trainer.destroy();
      }
      return [];
    };
    const full = await losses("f32"), half = await losses("f16");
    assertEquals(await losses("f16"), half);
    assert(half.some((loss, i) => loss !== full[i]));
    const last = (all: number[]) => all.slice(-10).reduce((a, b) => a + b) / 10;
    assertLess(Math.abs(last(half) - last(full)), 0.1 * last(full), `${last(half)} for ${last(full)}`);
  }));
