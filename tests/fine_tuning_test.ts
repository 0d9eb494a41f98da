/** Fine-tuning: what is taken from a checkpoint, and what training then changes. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Dataset } from "../datasets/dataset.ts";
import { getSampleSplit } from "../datasets/sample.ts";
import { checkLabels } from "../training/check_labels.ts";
import { planFineTuning } from "../training/fine_tuning.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { Trainer } from "../training/trainer.ts";
import { withGpu } from "./_gpu.ts";

Deno.test("planFineTuning() sorts variables by what becomes of them", () => {
  const entry = (name: string, ...shape: number[]) => ({ name, shape });
  const net = [
    entry("N/a", 3),
    entry("N/b", 3, 4),
    entry("N/Logits/w", 4, 5),
    entry("N/c", 2),
    entry("N/d", 2),
  ];
  const checkpoint = [
    entry("N/a", 3),
    entry("N/a/Momentum", 3),
    entry("N/a/ExponentialMovingAverage", 3),
    entry("N/b", 4, 3),
    entry("N/Logits/w", 4, 1001),
    entry("N/d", 2),
    entry("M/old", 7),
    entry("global_step"),
    entry("beta1_power"),
  ];
  assertEquals(planFineTuning(net, checkpoint, { excludeScopes: ["N/d"], headScopes: ["N/Logits"] }), {
    loaded: ["N/a"],
    excluded: ["N/d"],
    swapped: ["N/Logits/w"],
    missing: ["N/c"],
    misshapen: ["N/b [4,3] instead of [3,4]"],
    unused: ["M/old"],
  });
  assertEquals(planFineTuning(net, checkpoint, {}).misshapen.length, 2);
});

/** Five classes of coloured pictures. */
function fiveClasses(side: number): Dataset {
  const image = (index: number) =>
    Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * (index + 3)) % 251);
  const get = (index: number) =>
    Promise.resolve({ data: image(index), height: side, width: side, channels: 3, label: index % 5 });
  return {
    name: "five",
    splitName: "train",
    files: [],
    numSamples: 10,
    numClasses: 5,
    labelsToNames: new Map(),
    channels: 3,
    itemsToDescriptions: {},
    source: {
      size: 10,
      get,
      label: (index) => Promise.resolve(index % 5),
      describe: (index) => `picture ${index}`,
    },
  };
}

Deno.test("checkLabels() finds the first label that is no class, with and without an offset", async () => {
  const dataset = fiveClasses(4);
  await checkLabels(dataset, { numClasses: 5 });
  const { message } = await assertRejects(() => checkLabels(dataset, { numClasses: 4 }), RangeError);
  assert(
    message.includes("picture 4") && message.includes("label is 4") && message.includes("0 to 3"),
    message,
  );
  const offset = await assertRejects(
    () => checkLabels(dataset, { numClasses: 5, labelsOffset: 1 }),
    RangeError,
  );
  assert(offset.message.includes("picture 0") && offset.message.includes("1 to 5"), offset.message);
});

Deno.test("labels that are no class stop the training before they reach the device, with their record", () =>
  withGpu(async (gpu) => {
    const dataset = await getSampleSplit("train");
    const trainer = await Trainer.create(gpu, dataset, {
      modelName: "lenet",
      numClasses: 7,
      batchSize: 8,
      optimizer: configureOptimizer({ optimizer: "sgd" }),
      learningRate: () => 0.01,
    });
    try {
      const error = await Promise.resolve(trainer.train({ until: 3 }).next()).catch((e) => e);
      assert(error instanceof RangeError && /label is [789]/.test(error.message), String(error));
    } finally {
      trainer.destroy();
    }
  }));
