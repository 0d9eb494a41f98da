/** What programs do once, and in how little memory: that it is done then and not in every run, and that nothing but the time tells. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { chooserOf } from "../kernels/choices.ts";
import { sgd } from "../kernels/optimizers.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { relu } from "../tape/ops/activations.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { history } from "../tape/ops/history.ts";
import { mean } from "../tape/ops/losses.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { add, reshape, scale } from "../tape/ops/pointwise.ts";
import type { Region } from "../tape/memory.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Parameters } from "../tape/parameters.ts";
import { Plan, type PlanRequest } from "../tape/plan.ts";
import { KEPT_SHARE } from "../tape/preparation.ts";
import type { Program } from "../tape/program.ts";
import { type Shape, Tape, type Value } from "../tape/tape.ts";
import { trainingRequest } from "../training/description.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { withGpu } from "./_gpu.ts";
import { assertSameBits } from "./_kernels.ts";
import { random } from "./reference/tensor.ts";

const array = (name: string, shape: Shape) => Float32Array.from(random(name, shape).data);
const initialize = (shape: Shape, seed: number, name: string) => array(`${name}${seed}`, shape);
const choose = chooserOf({ kind: "software", forced: ["winograd"] });

/** Shapes of the weights of a net: large ones, so that there is room to keep what becomes of the small ones. */
const weights: Record<string, Shape> = {
  conv1: [3, 3, 16, 16],
  conv2: [3, 3, 16, 20],
  conv3: [3, 3, 20, 8],
  dense: [16 * 16 * 8, 30],
  small: [30, 64],
  large: [64, 4096],
  factor: [30, 30],
};

/** A net with convolutions Winograd's way, weights to pad, and weights that are a product of weights. */
function record(tape: Tape, weightOf: (name: string) => Value): Record<string, Value> {
  let x = tape.feed("x", [2, 16, 16, 16]);
  for (const name of ["conv1", "conv2", "conv3"]) x = relu(conv2d(x, weightOf(name)));
  const dense = matmul(reshape(x, [2, 16 * 16 * 8]), weightOf("dense")), factor = weightOf("factor");
  const constant = tape.constant(array("constant", [30]), [1, 30]);
  const product = scale(matmul(matmul(factor, factor), weightOf("small")), 0.01);
  return {
    y: matmul(matmul(dense, product), weightOf("large")),
    dense,
    fixed: add(matmul(constant, factor), constant),
  };
}

function recordVariables(): { tape: Tape; fetches: Record<string, Value> } {
  const tape = new Tape();
  const weightOf = (name: string) => tape.variable(name, weights[name], { initialize });
  return { tape, fetches: record(tape, weightOf) };
}

const planOf = (tape: Tape, request: PlanRequest) =>
  new Plan(tape, { choose, ...request }, new ParameterLayout(tape.variables), 2 ** 27);
const kernelsOf = (launches: Plan["launches"]) => launches.map(({ launch }) => launch.kernel.name);

/** Runs on images of some seed and reads all fetches. */
async function results(program: Program, fetches: Record<string, Value>, seed: number) {
  program.feed("x", array(`x${seed}`, [2, 16, 16, 16]));
  program.run();
  const all = new Map<string, Float32Array>();
  for (const name of Object.keys(fetches)) all.set(name, await program.fetch(name));
  return all;
}

/** The same by a program of its own that gets the weights as feeds, and so prepares nothing. */
async function expected(gpu: Gpu, weightSeed: number, seed: number, options: Partial<PlanRequest> = {}) {
  const tape = new Tape(), fetches = record(tape, (name) => tape.feed(name, weights[name]));
  const parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { choose, ...options, fetches, parameters });
  assertEquals(kernelsOf(program.plan.preparation).filter((name) => name.startsWith("winograd")), []);
  for (const [name, shape] of Object.entries(weights)) {
    program.feed(name, array(`${name}${weightSeed}`, shape));
  }
  const all = await results(program, fetches, seed);
  program.destroy();
  parameters.destroy();
  return all;
}

function assertSame(actual: Map<string, Float32Array>, expected: Map<string, Float32Array>, what: string) {
  assertEquals([...actual.keys()], [...expected.keys()]);
  for (const [name, result] of actual) assertSameBits(result, expected.get(name)!, `${name}, ${what}`);
}

/** Dispatches and copies to textures that a run takes. */
function commandsOf(program: Program): { dispatches: number; copies: number } {
  const passes = GPUComputePassEncoder.prototype, encoders = GPUCommandEncoder.prototype;
  const { dispatchWorkgroups } = passes,
    { copyBufferToTexture } = encoders,
    counts = { dispatches: 0, copies: 0 };
  passes.dispatchWorkgroups = function (...workgroups) {
    counts.dispatches++;
    dispatchWorkgroups.apply(this, workgroups);
  };
  encoders.copyBufferToTexture = function (...copy) {
    counts.copies++;
    copyBufferToTexture.apply(this, copy);
  };
  try {
    program.run();
    return counts;
  } finally {
    passes.dispatchWorkgroups = dispatchWorkgroups;
    encoders.copyBufferToTexture = copyBufferToTexture;
  }
}

Deno.test("Plan prepares what depends on weights alone, and nothing that a feed or a state has a part in", () => {
  const { tape, fetches } = recordVariables(), { preparation, launches, fills } = planOf(tape, { fetches });
  const prepared = kernelsOf(preparation), weighs = (name: string) => name.startsWith("winograd_weights");
  assertEquals(prepared.filter(weighs), Array(3).fill("winograd_weights"));
  assertEquals(kernelsOf(launches).filter(weighs), []);
  assertEquals(launches.filter(({ label }) => label.includes("[30,30] -> [30,30]")), []);
  const scratch = fills.filter(({ value }) => value.label.endsWith("/scratch"));
  const product = fills.filter(({ value }) => value.node?.operation.name === "scale");
  assertEquals([scratch.length, product.length], [4, 1]); // of three convolutions, and padded rows

  const other = new Tape(), w = other.variable("w", [64], { initialize });
  const x = other.feed("x", [64]), step = other.feed("step", [1], "u32"), state = other.state("state", [64]);
  const values = {
    ofFeed: add(w, x),
    ofState: add(w, state),
    record: history(mean(w), step, 4),
    ofBoth: add(add(w, w), x),
    ofWeights: relu(w),
    large: add(other.variable("large", [4096], { initialize }), other.feed("y", [4096])), // so there is room for all that is small
  };
  const plan = planOf(other, { fetches: values });
  const operations = (launches: Plan["launches"]) => launches.map(({ origin }) => origin.operation);
  assertEquals(operations(plan.preparation), ["mean", "add", "relu"]);
  assertEquals(operations(plan.launches), ["add", "add", "history", "add", "add"]);
});

Deno.test("launches whose results would take more than their share stay in the run", () => {
  const tape = new Tape(),
    [w, v] = ["w", "v"].map((name) => tape.variable(name, [3, 3, 64, 64], { initialize }));
  const y = conv2d(conv2d(tape.feed("x", [1, 16, 16, 64]), w), v),
    { preparation, fills, launches } = planOf(tape, { fetches: { y } });
  assertEquals([preparation.length, fills.length], [0, 0]);
  assert(kernelsOf(launches).includes("winograd_weights"));
});

Deno.test("a Plan with updates prepares nothing", () => {
  const { tape, fetches } = recordVariables(), { large } = Object.fromEntries(tape.variables);
  const update = {
    rule: sgd,
    options: {},
    rate: tape.feed("rate", [1]),
    values: new Map([["large", relu(large.value)]]),
  };
  const { preparation, fills } = planOf(tape, { fetches, updates: [update] });
  assertEquals([preparation.length, fills.length], [0, 0]);
});

/** Tells whether runs write where a value lies. */
function overwriterOf(plan: Plan) {
  const written = plan.launches.flatMap(({ launch }) =>
    launch.writes.map((b) => plan.region(launch.buffers[b]))
  );
  const blockOf = ({ memory }: Region) => memory.kind === "block" ? memory.index : undefined;
  return (value: Value) => {
    const place = plan.region(value), block = blockOf(place), end = place.offset + place.size;
    assert(block !== undefined, `${value.label} lies in no block`);
    return written.some((w) => blockOf(w) === block && w.offset < end && place.offset < w.offset + w.size);
  };
}

Deno.test("results of a preparation lie where no run writes, and need no memory once they are in textures", () => {
  const { tape, fetches } = recordVariables(),
    plan = planOf(tape, { fetches }),
    isOverwritten = overwriterOf(plan);
  assertEquals(isOverwritten(fetches.fixed), false);
  const filled = plan.fills.filter(({ after }) => after >= 0);
  assert(filled.some(({ value }) => isOverwritten(value)), "their memory is used again");
});

Deno.test("a result of a preparation that a run reads outlasts it, and what leads to the result does not", () => {
  const tape = new Tape(), shape = [4096], x = tape.feed("x", shape);
  const [w, v] = ["w", "v"].map((name) => tape.variable(name, shape, { initialize }));
  const half = scale(w, 0.5), result = scale(half, 0.25);
  const early = add(x, result), y = add(scale(scale(early, 2), 3), v); // all of them of one size
  const plan = planOf(tape, { fetches: { y } }), isOverwritten = overwriterOf(plan);
  assertEquals([plan.preparation.length, plan.launches.length], [2, 4]);
  assertEquals([half, result].map(isOverwritten), [true, false]);
});

Deno.test("inference of ResNet-50 needs at most twice its weights and its two largest activations", () => {
  const net = getNet("resnet_v1_50"), tape = new Tape(), images = tape.feed("images", [1, 224, 224, 3]);
  const { logits } = buildNet(tape, net, images, { numClasses: 1000, isTraining: false });
  const layout = new ParameterLayout(tape.variables),
    plan = new Plan(tape, { fetches: { logits } }, layout, 2 ** 27);
  const weights = 4 * layout.elements, activation = 4 * 112 * 112 * 64;
  assertLessOrEqual(weights + plan.bytes, 2 * weights + 2 * activation);
  const kernels = kernelsOf(plan.preparation);
  assertEquals(
    [...new Set(kernels)],
    ["rearrange_4", "winograd_weights"],
    "those of the first layer are spread",
  );
  assertEquals(kernelsOf(plan.launches).includes("winograd_weights"), false);
  assert(
    plan.fills.some(({ value }) => value.source?.kind === "variable"),
    "some weights are kept as they are",
  );
});

Deno.test("training of ResNet-50 needs at most 0.6 of the variables and all tensors on its tape", () => {
  const net = getNet("resnet_v1_50"), tape = new Tape(), images = tape.feed("images", [8, 128, 128, 3]);
  const built = buildNet(tape, net, images, { numClasses: 1000, isTraining: true });
  const optimizer = configureOptimizer({ optimizer: "momentum" });
  const request = trainingRequest({ tape, built }, optimizer), layout = new ParameterLayout(tape.variables);
  const tensors = tape.nodes.flatMap(({ outputs }) => outputs.map(({ shape }) => sizeOf(shape)));
  const all = 4 * (layout.elements + tensors.reduce((a, b) => a + b));
  const arenas = 4 * layout.elements * (1 + optimizer.rule.slots.length);
  assertLessOrEqual(arenas + new Plan(tape, request, layout, 2 ** 27).bytes, 0.6 * all);
});

Deno.test("a Plan grows by no more than its share of the weights", () => {
  for (const name of ["lenet", "cifarnet", "vgg_a", "mobilenet_v1_025", "inception_v1"]) {
    const net = getNet(name), side = net.defaultImageSize, tape = new Tape();
    const images = tape.feed("images", [1, side, side, net.channels]), { numClasses } = net;
    const { logits } = buildNet(tape, net, images, { numClasses, isTraining: false });
    const layout = new ParameterLayout(tape.variables), request = { fetches: { logits }, choose };
    const update = { rule: sgd, options: {}, rate: tape.feed("rate", [1]), values: new Map<string, Value>() };
    const bytes = (plan: PlanRequest) => new Plan(tape, plan, layout, 2 ** 27).bytes,
      weights = 4 * layout.elements;
    const plain = bytes({ ...request, updates: [update] });
    assertLessOrEqual(bytes(request), plain + KEPT_SHARE * weights, name);
  }
});

const limits = { "bindings of any size": 2 ** 27, "bindings of 256 KiB": 2 ** 18 };
for (const [what, maxStorageBufferBindingSize] of Object.entries(limits)) {
  Deno.test(`a prepared Program gives the same bits as one that prepares nothing, in every run, with ${what}`, () =>
    withGpu(async (gpu) => {
      const { minUniformBufferOffsetAlignment, maxBufferSize, maxComputeWorkgroupsPerDimension } = gpu.limits;
      const limits = { minUniformBufferOffsetAlignment, maxBufferSize, maxComputeWorkgroupsPerDimension };
      Object.defineProperty(gpu, "limits", { value: { ...limits, maxStorageBufferBindingSize } });
      const { tape, fetches } = recordVariables(), parameters = new Parameters(gpu, tape.variables);
      const program = await compile(gpu, tape, { choose, fetches, parameters });
      parameters.initialize(0);
      for (const seed of [1, 2, 1]) {
        assertSame(await results(program, fetches, seed), await expected(gpu, 0, seed), `images ${seed}`);
      }
      program.destroy();
      parameters.destroy();
    }));
}

Deno.test("a prepared Program in f16 gives the bits of one that prepares nothing", () =>
  withGpu(async (gpu) => {
    if (!gpu.device.features.has("shader-f16")) return;
    const { tape, fetches } = recordVariables(), parameters = new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, { choose, fetches, parameters, precision: "f16" });
    parameters.initialize(0);
    assert(
      program.preparation.length > 0 &&
        program.plan.launches.some(({ launch }) => launch.kernel.name.includes("f16")),
    );
    for (const seed of [1, 2]) {
      const plain = await expected(gpu, 0, seed, { precision: "f16" });
      assertSame(await results(program, fetches, seed), plain, `images ${seed}`);
    }
    program.destroy();
    parameters.destroy();
  }));

Deno.test("Program.run() prepares before the first run, and again only where a variable was written", () =>
  withGpu(async (gpu) => {
    const { tape, fetches } = recordVariables(), parameters = new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, { choose, fetches, parameters }), { plan } = program;
    const prepared = plan.preparation.length, once = plan.launches.length;
    parameters.initialize(0);
    const first = commandsOf(program), second = commandsOf(program);
    assertEquals([first.dispatches, second.dispatches], [prepared + once, once]);
    assert(first.copies >= second.copies + plan.fills.length, `${first.copies}, ${second.copies} copies`);
    const results0 = await results(program, fetches, 1);
    for (const [name, shape] of Object.entries(weights)) parameters.write(name, array(`${name}7`, shape));
    assertEquals(commandsOf(program).dispatches, prepared + once);
    assertEquals(commandsOf(program).dispatches, once);
    const results7 = await results(program, fetches, 1);
    assertSame(results7, await expected(gpu, 7, 1), "after new weights");
    assertNotEquals(results7.get("y"), results0.get("y"));
    parameters.arena("slot", 0);
    parameters.copy("slot", "");
    program.run();
    assertEquals(await program.fetch("dense"), new Float32Array(2 * 30), "weights that are 0");
    program.destroy();
    parameters.destroy();
  }));

Deno.test("a Program copies feeds that it reads as textures where one was fed, and not in every run", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), [a, b, c] = ["a", "b", "c"].map((name) => tape.feed(name, [64, 64]));
    const fetches = { y: add(matmul(matmul(a, b), a), c) }, parameters = new Parameters(gpu, tape.variables);
    const forced = chooserOf({ kind: "software", forced: ["8x8"] });
    const program = await compile(gpu, tape, { choose: forced, fetches, parameters });
    assertEquals(program.plan.intakeFills.map(({ value }) => value), [a, b]); // a once for both products
    const products: Float32Array[] = [];
    for (const seed of [1, 2]) {
      for (const name of ["a", "b"]) program.feed(name, array(`${name}${seed}`, [64, 64]));
      const first = commandsOf(program), second = commandsOf(program);
      program.feed("c", new Float32Array(64 * 64));
      const third = commandsOf(program), again = { dispatches: 2, copies: 1 };
      assertEquals([first, second, third], [{ dispatches: 2, copies: 3 }, again, again]);
      products.push(await program.fetch("y"));
    }
    const fresh = await compile(gpu, tape, { choose: forced, fetches, parameters });
    for (const name of ["a", "b"]) fresh.feed(name, array(`${name}2`, [64, 64]));
    fresh.run();
    assertSameBits(products[1], await fresh.fetch("y"), "fed twice");
    assertNotEquals(products[0], products[1]);
    for (const each of [program, fresh, parameters]) each.destroy();
  }));

Deno.test("a Program sees what another trains", () =>
  withGpu(async (gpu) => {
    const { tape, fetches } = recordVariables(), parameters = new Parameters(gpu, tape.variables);
    const evaluation = await compile(gpu, tape, { choose, fetches, parameters });
    const other = recordVariables(), variables = [...other.tape.variables.values()];
    const found = gradients(mean(other.fetches.dense), variables.map(({ value }) => value));
    const values = new Map(variables.flatMap(({ name }, i) => found[i] ? [[name, found[i]] as const] : []));
    const update = { rule: sgd, options: {}, rate: other.tape.feed("rate", [1]), values };
    const training = await compile(gpu, other.tape, { fetches: {}, updates: [update], parameters });
    parameters.initialize(0);
    training.feed("rate", Float32Array.of(0.1));
    training.feed("x", array("x0", [2, 16, 16, 16]));
    let before = await results(evaluation, fetches, 1);
    for (let step = 0; step < 2; step++) {
      training.run();
      const after = await results(evaluation, fetches, 1);
      assertNotEquals(after.get("dense"), before.get("dense"));
      const fresh = await compile(gpu, tape, { choose, fetches, parameters });
      assertSame(await results(fresh, fetches, 1), after, `step ${step}`);
      fresh.destroy();
      before = after;
    }
    evaluation.destroy();
    training.destroy();
    parameters.destroy();
  }));

Deno.test("Plan.bytes is what a prepared Program takes beside its parameters and those of its launches", () =>
  withGpu(async (gpu) => {
    const { tape, fetches } = recordVariables(), parameters = new Parameters(gpu, tape.variables);
    parameters.initialize(0);
    const held = gpu.memory.liveBytes, align = gpu.limits.minUniformBufferOffsetAlignment;
    const program = await compile(gpu, tape, { choose, fetches, parameters }), { plan } = program;
    const uniforms = [...plan.preparation, ...plan.launches].map(({ launch }) =>
      Math.ceil(launch.kernel.paramsSize / align) * align
    );
    assertEquals(gpu.memory.liveBytes - held, plan.bytes + uniforms.reduce((a, b) => a + b));
    program.destroy();
    parameters.destroy();
  }));
