/** The training loop: repeatable, resumable, with flat memory. */

// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { getSampleSplit } from "../datasets/sample.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { memoryFiles } from "../formats/files.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { checkpointTensors, restoreTraining } from "../training/checkpoints.ts";
import { Evaluator } from "../training/evaluator.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { NonFiniteError, Trainer, type TrainerOptions } from "../training/trainer.ts";
import { withGpu } from "./_gpu.ts";

const base = {
  modelName: "lenet",
  numClasses: 10,
  batchSize: 8,
  seed: 7,
  learningRate: () => 0.01,
  optimizer: configureOptimizer({ optimizer: "rmsprop" }),
};

/** Losses of the steps up to `until`, as bits. */
async function losses(trainer: Trainer, until: number): Promise<string[]> {
  const all: string[] = [];
  for await (const report of trainer.train({ until, reportEvery: 5 })) {
    all.push(...Array.from(new Uint32Array(report.losses.buffer), (bits) => bits.toString(16)));
  }
  return all;
}

async function withTrainer<T>(
  gpu: Gpu,
  dataset: Dataset,
  options: Partial<TrainerOptions>,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await Trainer.create(gpu, dataset, { ...base, ...options });
  try {
    return await use(trainer);
  } finally {
    trainer.destroy();
  }
}

Deno.test("Trainer gives the same losses bit for bit twice, others with another seed, and the same after resuming", async () => {
  const dataset = await getSampleSplit("train"), files = memoryFiles();
  await withGpu(async (gpu) => {
    const whole = await withTrainer(gpu, dataset, {}, (trainer) => losses(trainer, 20));
    assertEquals(whole.length, 20);
    assertEquals(await withTrainer(gpu, dataset, {}, (trainer) => losses(trainer, 20)), whole);
    assert(
      (await withTrainer(gpu, dataset, { seed: 8 }, (trainer) => losses(trainer, 5))).join() !==
        whole.slice(0, 5).join(),
    );

    const prefix = await withTrainer(gpu, dataset, {}, async (trainer) => {
      assertEquals(await losses(trainer, 10), whole.slice(0, 10));
      return await (await CheckpointManager.open(files, "run")).save(10, checkpointTensors(trainer));
    });
    await withTrainer(gpu, dataset, {}, async (trainer) => {
      const { missing } = await restoreTraining(await CheckpointReader.open(files, prefix), trainer);
      assertEquals([missing, trainer.step], [[], 10]);
      assertEquals(await losses(trainer, 20), whole.slice(10));
    });
  });
});

Deno.test("Trainer repeats CifarNet's distortions, and two clones give the loss of one", async () => {
  const dataset = await getSampleSplit("train");
  await withGpu(async (gpu) => {
    const options = { modelName: "cifarnet", batchSize: 4 };
    const once = await withTrainer(gpu, dataset, options, (trainer) => losses(trainer, 3));
    assertEquals(await withTrainer(gpu, dataset, options, (trainer) => losses(trainer, 3)), once);
    const [one, two] = [1, 2].map((numClones) =>
      withTrainer(gpu, dataset, { numClones, dropoutKeepProb: 1, imageSize: 12 }, async (trainer) => {
        const values: number[] = [];
        for await (const report of trainer.train({ until: 3 })) values.push(...report.losses);
        return values;
      })
    );
    const expected = await one;
    (await two).forEach((loss, i) =>
      assert(Math.abs(loss - expected[i]) < 1e-4 * expected[i], `${loss} for ${expected[i]}`)
    );
  });
});

Deno.test("Trainer keeps memory flat over 1,000 steps and frees it", async () => {
  const dataset = await getSampleSplit("train");
  await withGpu(async (gpu) => {
    await withTrainer(gpu, dataset, { batchSize: 1, imageSize: 8 }, async (trainer) => {
      const live: number[] = [];
      for await (const _ of trainer.train({ until: 1000, reportEvery: 100 })) live.push(gpu.memory.liveBytes);
      assertEquals(new Set(live).size, 1);
    });
  });
});

Deno.test("Trainer stops at the step whose loss is not finite and says so", async () => {
  const dataset = await getSampleSplit("train");
  await withGpu(async (gpu) => {
    await withTrainer(gpu, dataset, { learningRate: () => 1e30 }, async (trainer) => {
      const error = await assertRejects(() => losses(trainer, 10), NonFiniteError);
      assert(error.step >= 2 && error.step <= 4, error.message);
      assert(error.message.includes("lower the learning rate"));
    });
  });
});

Deno.test("Evaluator counts the last partial batch right and leaves shared parameters alone", async () => {
  const dataset = await getSampleSplit("test");
  await withGpu(async (gpu) => {
    await withTrainer(gpu, dataset, { imageSize: 12 }, async (trainer) => {
      const { parameters } = trainer.compiled, results = [];
      for (const batchSize of [300, 128]) { // 2,000 images: 200 and 80 in the last batch
        const evaluator = await Evaluator.compile(gpu, dataset, {
          modelName: "lenet",
          numClasses: 10,
          imageSize: 12,
          batchSize,
        }, parameters);
        results.push(await evaluator.run());
        evaluator.destroy();
      }
      assertEquals(results.map((metrics) => metrics.count), [2000, 2000]);
      assertEquals(results[0].predictions, results[1].predictions);
      assertEquals(results[0].perClass.reduce((sum, c) => sum + c.count, 0), 2000);
    });
  });
});
