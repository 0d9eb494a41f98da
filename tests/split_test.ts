/** Tensors larger than a storage binding: the same numbers as with bindings that hold them. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { sgd } from "../kernels/optimizers.ts";
import { Layers } from "../layers/layers.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { relu } from "../tape/ops/activations.ts";
import { l2Loss } from "../tape/ops/losses.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { classificationLoss } from "../training/losses.ts";
import { withGpu } from "./_gpu.ts";
import { random } from "./reference/tensor.ts";

const BATCH = 70;

/** A net in which activations, kernels and fully connected weights are all larger than 64 KiB. */
function build(tape: Tape): Record<string, Value> {
  const images = tape.feed("images", [BATCH, 9, 9, 4]), labels = tape.feed("labels", [BATCH], "i32");
  const root = Layers.root(tape, 1).with({
    conv2d: { weightDecay: 0.01 },
    fullyConnected: { weightDecay: 0.01, biasesDecay: 0.02 },
  });
  let x = root.conv2d(images, 16, 3, { padding: "VALID", scope: "conv1" });
  x = root.lrn(x, { depthRadius: 2, bias: 1, alpha: 0.1, beta: 0.75, scope: "norm1" });
  x = root.maxPool2d(x, 3, { stride: 1, padding: "SAME", scope: "pool1" });
  x = root.dropout(x, { keepProb: 0.8, scope: "dropout1" });
  x = root.dropPath(x, { keepProb: 0.6, scope: "drop_path1" });
  x = root.conv2d(x, 24, 3, { stride: 2, scope: "conv2" });
  x = root.conv2d(x, 24, 3, { scope: "conv3" });
  x = root.avgPool2d(x, 2, { stride: 1, padding: "SAME", scope: "pool3" });
  const wide = root.conv2d(x, 64, 4, { padding: "VALID", scope: "fc4" });
  x = root.fullyConnected(root.flatten(wide), 448, { scope: "fc5" });
  x = root.fullyConnected(x, 64, { scope: "fc6" });
  const logits = root.fullyConnected(x, 11, { activation: null, scope: "logits" });
  const loss = classificationLoss([{ logits, labels }], root.regularizationLosses);
  const variables = [...tape.variables.values()];
  const found = gradients(loss.total, variables.map((v) => v.value)) as Value[];
  return {
    logits,
    wide,
    predictions: root.softmax(logits, { scope: "Predictions" }),
    loss: loss.total,
    ...Object.fromEntries(variables.map((v, i) => [v.name, found[i]])),
  };
}

/** Runs one step with bindings of at most `bytes`; gives the fetches, the updated variables and the number of launches. */
async function step(gpu: Gpu, bytes: number, record: (tape: Tape) => Record<string, Value>) {
  const { minUniformBufferOffsetAlignment, maxBufferSize, maxComputeWorkgroupsPerDimension } =
    gpu.device.limits;
  const limits = { minUniformBufferOffsetAlignment, maxBufferSize, maxComputeWorkgroupsPerDimension };
  Object.defineProperty(gpu, "limits", { value: { ...limits, maxStorageBufferBindingSize: bytes } });
  const tape = new Tape(), fetches = record(tape), parameters = new Parameters(gpu, tape.variables);
  const values = new Map(parameters.names.flatMap((name) => fetches[name] ? [[name, fetches[name]]] : []));
  const updates = [{ rule: sgd, options: {}, rate: tape.feed("rate", [1]), values }];
  const program = await compile(gpu, tape, { fetches, updates, parameters });
  parameters.initialize(4); // with 3, a unit of fc5 lies so near zero that rounding switches it on or off
  const { shape } = tape.feeds.get("images")!;
  program.feed("images", Float32Array.from(random("images", shape).data));
  if (program.takes("labels")) program.feed("labels", Int32Array.from({ length: BATCH }, (_, i) => i % 11));
  if (program.takes("step")) program.feed("step", new Uint32Array(1));
  program.feed("rate", Float32Array.of(0.1));
  program.run();
  const results = new Map<string, Float32Array>();
  for (const name of Object.keys(fetches)) results.set(name, await program.fetch(name));
  for (const name of parameters.names) results.set(`updated ${name}`, await parameters.read(name));
  program.destroy();
  parameters.destroy();
  assertEquals(gpu.liveLabels, []);
  return { results, launches: program.commands.length };
}

/** Batch normalization by the batch and by moving averages over 20,000 rows; a depthwise convolution between them. */
function buildNormalized(tape: Tape): Record<string, Value> {
  const root = Layers.root(tape).with({ batchNorm: { scale: true } });
  let x = root.batchNorm(tape.feed("images", [125, 16, 10, 4]), { activation: relu, scope: "bn1" });
  x = root.separableConv2d(x, null, 3, { scope: "depthwise2", normalizer: "batchNorm" });
  const y = root.batchNorm(x, { isTraining: false, scope: "frozen" });
  const trained = [...tape.variables.values()].filter((v) => v.trainable);
  const found = gradients(l2Loss(y, 1), trained.map((v) => v.value)) as Value[];
  const moved = root.movingAverages.map(({ variable, value }) => [variable, value]);
  return {
    y,
    ...Object.fromEntries(moved),
    ...Object.fromEntries(trained.map((v, i) => [v.name, found[i]])),
  };
}

const recordings = { "batches, kernels and updates": build, "batch normalization": buildNormalized };

for (const [what, record] of Object.entries(recordings)) {
  Deno.test(`compile() splits ${what} over bindings of 64 KiB without changing the numbers`, () =>
    withGpu(async (gpu) => {
      const whole = await step(gpu, gpu.limits.maxStorageBufferBindingSize, record);
      const parts = await step(gpu, 65_536, record);
      assert(parts.launches > 2 * whole.launches, `${parts.launches} launches instead of ${whole.launches}`);
      for (const [name, expected] of whole.results) {
        const actual = parts.results.get(name)!, scale = Math.max(...expected.map(Math.abs));
        assert(scale > 0 || name === "updated frozen/moving_mean", name);
        const error = actual.reduce((worst, v, i) => Math.max(worst, Math.abs(v - expected[i])), 0);
        assert(error <= 2e-6 * scale, `${name}: ${error} of ${scale}`);
      }
    }));
}

Deno.test("compile() names what cannot be split", () =>
  withGpu(async (gpu) => {
    for (const record of Object.values(recordings)) {
      const error = await assertRejects(() => step(gpu, 1024, record), RangeError);
      assert(/^Cannot bind .* in .*: its \d+ bytes cannot be cut to fit/.test(error.message), error.message);
      assertEquals(gpu.liveLabels, []);
    }
  }));
