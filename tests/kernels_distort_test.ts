/** RandAugment, erasing and mixing on the device against their definitions. */
// @ts-types="../types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { DISTORTION_WORDS } from "../kernels/distort.ts";
import { packPicture, PICTURE_WORDS } from "../kernels/image.ts";
import { type Distortion, distortionRecord, distortions } from "../preprocessing/rand_augment.ts";
import { uniforms } from "../random/philox.ts";
import { distortImages, mixImages } from "../tape/ops/image.ts";
import { evaluate, type Feed, type KernelCase, sums, testCases } from "./_kernels.ts";
import { withGpu } from "./_gpu.ts";
import { distorted } from "./reference/distort.ts";
import { map, type Tensor, tensor } from "./reference/tensor.ts";

type Four = readonly [number, number, number, number];

/** Images of whole numbers from 20 to 200, no two of a kind. */
function noise([n, h, w, c]: Four): Tensor {
  const next = uniforms(h, w * 10 + c), x = tensor([n, h, w, c]);
  return map(x, () => 20 + Math.floor(181 * next()));
}

function image(x: Tensor, i: number): Tensor {
  const size = x.data.length / x.shape[0];
  return tensor(x.shape.slice(1), x.data.slice(i * size, (i + 1) * size));
}

function records(all: readonly (readonly Distortion[])[]): Feed {
  const data = new Uint32Array(all.length * all[0].length * DISTORTION_WORDS);
  all.flat().forEach((d, i) => data.set(distortionRecord(d), i * DISTORTION_WORDS));
  return { shape: [all.length, all[0].length, DISTORTION_WORDS], data };
}

function distortCase(name: string, x: Tensor, all: readonly (readonly Distortion[])[]): KernelCase {
  const value = tensor(x.shape), size = x.data.length / x.shape[0];
  all.forEach((ds, i) => value.data.set(ds.reduce(distorted, image(x, i)).data, i * size));
  return {
    name,
    feeds: { x, distortions: records(all) },
    record: ({ x, distortions }) => ({ y: distortImages(x, distortions) }),
    // places are float32 as well, and off by some units of the image's size
    expect: { y: sums(value, map(value, () => 255), 16 + 2 * (x.shape[1] + x.shape[2])) },
  };
}

const shapes: Four[] = [[2, 9, 12, 3], [2, 21, 20, 1], [2, 1, 1, 3], [2, 40, 33, 3]];

testCases(
  "distortImages() equals each operation's definition, of both signs and several strengths",
  Object.entries(distortions).flatMap(([name, make]) =>
    shapes.map((shape) => {
      const size = [shape[1], shape[2]] as const;
      return distortCase(`${name} of ${shape.slice(1).join("x")}`, noise(shape), [
        [make(0.9, 1, size)],
        [make(0.3, -1, size)],
      ]);
    })
  ),
);

testCases("distortImages() makes an image's operations one after another, each image's own", [
  distortCase("three of each", noise([3, 16, 16, 3]), [
    [
      distortions.color(0.5, 1, [16, 16]),
      distortions.identity(0, 1, [16, 16]),
      distortions.sharpness(0.9, 1, [16, 16]),
    ],
    [
      distortions.translateX(1, 1, [16, 16]),
      distortions.translateY(0.5, -1, [16, 16]),
      distortions.solarize(0.7, 1, [
        16,
        16,
      ]),
    ],
    [
      distortions.posterize(1, 1, [16, 16]),
      distortions.autoContrast(1, 1, [16, 16]),
      distortions.equalize(1, 1, [16, 16]),
    ],
  ]),
  distortCase("a constant image", map(tensor([2, 5, 5, 3]), () => 77), [
    [distortions.autoContrast(1, 1, [5, 5]), distortions.equalize(1, 1, [5, 5])],
    [distortions.contrast(1, 1, [5, 5]), distortions.sharpness(1, -1, [5, 5])],
  ]),
]);

testCases(
  "distortImages() maps values after the last operation",
  [true, false].map((gray): KernelCase => {
    const x = noise([1, 4, 5, 3]),
      d = distortions.brightness(1, 1, [4, 5]),
      bright = map(x, (v) => Math.min(255, v * 1.9));
    const value = tensor([1, 4, 5, gray ? 1 : 3]);
    for (let i = 0; i < 20; i++) {
      const [r, g, b] = bright.data.subarray(3 * i, 3 * i + 3);
      if (gray) value.data[i] = (0.2989 * r + 0.587 * g + 0.114 * b - 100) * 0.5;
      else [r, g, b].forEach((v, c) => value.data[3 * i + c] = (v - [100, 50, 25][c]) * 0.5);
    }
    return {
      name: gray ? "to grey" : "in colour",
      feeds: {
        x,
        distortions: records([[d, d.kind === "brightness" ? distortions.identity(0, 1, [4, 5]) : d]]),
      },
      record: ({ x, distortions }) => ({
        y: distortImages(x, distortions, { mean: [100, 50, 25], factor: 0.5, gray }),
      }),
      expect: { y: sums(value, map(value, () => 128), 8) },
    };
  }),
);

/** Records of pictures of which only the mixing counts. */
function mixRecords(all: readonly Parameters<typeof packPicture>[0][]): Feed {
  const data = new Uint32Array(all.length * PICTURE_WORDS);
  all.forEach((values, i) => data.set(packPicture(values), i * PICTURE_WORDS));
  return { shape: [all.length, PICTURE_WORDS], data };
}

testCases("mixImages() blends images, or pastes a box of the partner", [
  ((): KernelCase => {
    const x = noise([4, 6, 7, 3]), value = tensor(x.shape, x.data), size = 6 * 7 * 3;
    const of = (i: number, rest: number) => x.data[i * size + rest];
    for (let rest = 0; rest < size; rest++) {
      const row = Math.floor(rest / 21), column = Math.floor(rest / 3) % 7;
      value.data[rest] = 0.25 * of(0, rest) + 0.75 * of(2, rest);
      if (row >= 1 && row < 4 && column >= 4) value.data[size + rest] = of(3, rest);
      if (row < 6) value.data[3 * size + rest] = of(0, rest);
    }
    return {
      name: "a blend, a box, none, all",
      feeds: {
        x,
        pictures: mixRecords([
          { partner: 2, share: 0.25 },
          { partner: 3, pasted: [1, 4, 3, 3] },
          {},
          { partner: 0, pasted: [0, 0, 6, 7] },
        ]),
      },
      record: ({ x, pictures }) => ({ y: mixImages(x, pictures, { low: [0, 0, 0], high: [1, 1, 1] }) }),
      expect: { y: sums(value, map(value, () => 200), 4) },
    };
  })(),
]);

Deno.test("mixImages() fills erased boxes with noise of the range, also where they are mixed into others", () =>
  withGpu(async (gpu) => {
    const side = 64, x = noise([2, side, side, 3]), low = [-1, 0, 100], high = [1, 10, 200];
    const erased = [8, 16, 40, 30];
    const { y } = await evaluate(gpu, {
      feeds: { x, pictures: mixRecords([{ erased, noise: 5 }, { partner: 0, share: 0 }]) },
      record: ({ x, pictures }) => ({ y: mixImages(x, pictures, { low, high }) }),
    });
    const values: number[][] = [[], [], []];
    for (let i = 0; i < side * side * 3; i++) {
      const row = Math.floor(i / 3 / side), column = Math.floor(i / 3) % side;
      const isErased = row >= 8 && row < 48 && column >= 16 && column < 46;
      if (isErased) values[i % 3].push(y[i]);
      else assertEquals(y[i], x.data[i]);
      assertEquals(y[side * side * 3 + i], y[i], "the partner's noise is the same");
    }
    values.forEach((of, c) => {
      const n = of.length, mean = of.reduce((a, b) => a + b, 0) / n, range = high[c] - low[c];
      assertEquals(n, 40 * 30);
      assertAlmostEquals(mean, (low[c] + high[c]) / 2, 4 * range / Math.sqrt(12 * n));
      const deviation = Math.sqrt(of.reduce((a, v) => a + (v - mean) ** 2, 0) / n);
      assertAlmostEquals(deviation, range / Math.sqrt(12), 0.03 * range);
      assertEquals(new Set(of).size > n - 5, true, "no two alike");
    });
  }));
