/** The way of pictures into a classifier: parts instead of wholes, views, mixed labels, any size. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import type { Dataset, LabelledImage } from "../datasets/dataset.ts";
import { cropPicture } from "../formats/pixels.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { preprocessingFamilies } from "../preprocessing/preprocessing_factory.ts";
import { cropOrPad, neededPart, resizeCrop } from "../preprocessing/sampling.ts";
import { seenFrom, tenViews, type View } from "../preprocessing/views.ts";
import { uniforms } from "../random/philox.ts";
import { Evaluator } from "../training/evaluator.ts";
import { ImageFeeder } from "../training/feeding.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { Predictor } from "../training/predictor.ts";
import { Trainer, type TrainerOptions } from "../training/trainer.ts";
import { withGpu } from "./_gpu.ts";

/** Sizes that turn up in folders of photos, and some that should not. */
const sizes = [[40, 60], [61, 33], [1, 1], [2, 90], [200, 150], [37, 37], [300, 5], [33, 64]];

/** Pictures of noise of odd sizes, or of one; with `parts` the source decodes only what it is asked for. */
function oddSizes({ parts = false, flipped = false, side = 0 } = {}): Dataset {
  const picture = (index: number): LabelledImage => {
    const [height, width] = side > 0 ? [side, side] : sizes[index % sizes.length],
      next = uniforms(index, 1),
      channels = 3;
    const values = Uint8Array.from({ length: height * width * channels }, () => Math.floor(256 * next()));
    const data = flipped
      ? values.map((_, i) => {
        const row = Math.floor(i / 3 / width), column = Math.floor(i / 3) % width;
        return values[(row * width + width - 1 - column) * 3 + i % 3];
      })
      : values;
    return { data, height, width, channels, label: index % 4 };
  };
  return {
    name: "odd sizes",
    splitName: "test",
    files: [],
    numSamples: 16,
    numClasses: 4,
    labelsToNames: new Map(),
    channels: 3,
    itemsToDescriptions: {},
    source: {
      size: 16,
      get: (index, choosePart) => {
        const whole = picture(index);
        if (!parts || !choosePart) return Promise.resolve(whole);
        const part = choosePart({ ...whole, boxes: undefined });
        return Promise.resolve({ ...whole, data: cropPicture(whole, part).data, part });
      },
      describe: (index) => `picture ${index}`,
    },
  };
}

const net = { modelName: "cifarnet", numClasses: 4, batchSize: 8, imageSize: 32 };

async function losses(gpu: Gpu, dataset: Dataset, options: Partial<TrainerOptions>): Promise<number[]> {
  const trainer = await Trainer.create(gpu, dataset, {
    ...net,
    optimizer: configureOptimizer({ optimizer: "sgd" }),
    learningRate: () => 0.01,
    ...options,
  });
  try {
    for await (const report of trainer.train({ until: 2, reportEvery: 2 })) return [...report.losses];
    return [];
  } finally {
    trainer.destroy();
  }
}

for (const preprocessingName of preprocessingFamilies) {
  Deno.test(`Trainer takes pictures of any size, decoded in part or as a whole: ${preprocessingName}`, () =>
    withGpu(async (gpu) => {
      const imageSize = preprocessingName === "vgg" ? 64 : 32, options = { preprocessingName, imageSize };
      const whole = await losses(gpu, oddSizes(), options);
      assertEquals(whole.length, 2);
      assert(whole.every(Number.isFinite), `${whole}`);
      assertEquals(await losses(gpu, oddSizes({ parts: true }), options), whole);
    }));
}

Deno.test("Trainer augments: each way changes the losses, the same ones each time, whatever is decoded", () =>
  withGpu(async (gpu) => {
    const plain = await losses(gpu, oddSizes(), {}), seen = [plain.join()];
    for (
      const augmentation of [
        { randAugment: { magnitude: 9, count: 2 } },
        { mixup: 0.2 },
        { cutmix: 1 },
        { mixup: 0.2, cutmix: 1, randomErasing: 0.25, randAugment: { magnitude: 5, count: 3 } },
        { randomErasing: 1 },
      ]
    ) {
      const first = await losses(gpu, oddSizes(), { augmentation });
      assert(first.every(Number.isFinite), JSON.stringify(augmentation));
      assertEquals(await losses(gpu, oddSizes({ parts: true }), { augmentation }), first);
      seen.push(first.join());
    }
    assertEquals(new Set(seen).size, seen.length);
    assertEquals(await losses(gpu, oddSizes(), { augmentation: { mixup: 0 } }), plain);
  }));

Deno.test("Trainer makes grey images of one channel", () =>
  withGpu(async (gpu) => {
    const gray = await losses(gpu, oddSizes(), { useGrayscale: true });
    assert(gray.every(Number.isFinite));
    assertNotEquals(gray, await losses(gpu, oddSizes(), {}));
  }));

/** Preprocessing under which a picture from behind is the image from behind, if its size is the image's. */
const symmetric = { ...net, preprocessingName: "lenet" };

/** Predictions of cifarnet with its initial variables. */
async function predictions(
  gpu: Gpu,
  dataset: Dataset,
  views?: readonly View[],
  options: typeof symmetric = symmetric,
): Promise<number[]> {
  const evaluator = await Evaluator.compile(gpu, dataset, { ...options, views });
  evaluator.parameters.initialize(3);
  const metrics = await evaluator.run();
  evaluator.destroy({ parameters: true });
  return metrics.predictions;
}

Deno.test("Evaluator averages the probabilities of its views, and reads no more than they need", () =>
  withGpu(async (gpu) => {
    const back: View = { place: [0, 0], flip: true }, both = [{ ...back, flip: false }, back], side = 32;
    const [square, mirrored] = [oddSizes({ side }), oddSizes({ side, flipped: true })];
    assertEquals(await predictions(gpu, square, [back]), await predictions(gpu, mirrored));
    const predictor = await Predictor.ofNet(gpu, { ...symmetric, channels: 3 });
    predictor.parameters.initialize(3);
    const expected: number[] = [];
    for (let first = 0; first < 16; first += 8) {
      const of = async (dataset: Dataset) => {
        const pictures = Array.from({ length: 8 }, (_, i) => dataset.source.get(first + i));
        return await predictor.predict(await Promise.all(pictures));
      };
      const [plain, flipped] = [await of(square), await of(mirrored)];
      plain.forEach((row, i) => {
        const sums = [...row].map((p, c) => p + flipped[i][c]);
        expected.push(sums.indexOf(Math.max(...sums)));
      });
    }
    predictor.destroy();
    assertEquals(await predictions(gpu, square, both), expected);
    const inception = { ...net, preprocessingName: "inception" };
    assertEquals(
      await predictions(gpu, oddSizes({ parts: true }), tenViews, inception),
      await predictions(gpu, oddSizes(), tenViews, inception),
    );
  }));

Deno.test("seenFrom() moves the crop within the picture, or else the window within the crop", () => {
  const picture = { height: 100, width: 80 }, at = (place: View["place"]) => ({ place, flip: false });
  const inner = resizeCrop([6, 5, 88, 70], [32, 32], "bilinear");
  assertEquals(seenFrom(inner, picture, at([0, 0])), inner);
  assertEquals(seenFrom(inner, picture, at([-1, 1])).crop, [0, 10, 88, 70]);
  assertEquals(seenFrom(inner, picture, at([1, -1])).crop, [12, 0, 88, 70]);
  assertEquals(seenFrom(inner, picture, { place: [0, 0], flip: true }).flip, true);
  const window = cropOrPad(picture, [90, 90]); // room above, none at the sides
  assertEquals(seenFrom(window, picture, at([-1, -1])).corner, [0, -5]);
  assertEquals(seenFrom(window, picture, at([1, 1])).corner, [10, -5]);
  assertEquals(tenViews.length, 10);
  assertEquals(new Set(tenViews.map((view) => JSON.stringify(view))).size, 10);
});

Deno.test("neededPart() is what the taps meet", () => {
  const sampling = resizeCrop([10, 20, 30, 40], [6, 8], "bilinear");
  assertEquals(neededPart([sampling]), { y: 10, x: 20, height: 26, width: 36 });
  const other = resizeCrop([0, 50, 5, 30], [5, 30], "nearest");
  assertEquals(neededPart([sampling, other]), { y: 0, x: 20, height: 36, width: 60 });
  const feeder = new ImageFeeder({ ...net, preprocessingName: "inception", channels: 3, isTraining: true });
  let area = 0;
  for (let place = 0; place < 100; place++) {
    const { width, height } = feeder.part({ height: 400, width: 500, channels: 3 }, 7, place);
    area += width * height / (400 * 500) / 100;
  }
  assertLess(area, 0.5, "a random crop has some 39% of a picture on average");
});
