/** Preprocessing on the device against its definitions, and the record of a scalar over the steps. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { philox4x32, uniforms } from "../random/philox.ts";
import { compile } from "../tape/compile.ts";
import { history } from "../tape/ops/history.ts";
import { imageWindow, perImageStandardization, randomContrast } from "../tape/ops/image.ts";
import { scale } from "../tape/ops/pointwise.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";
import { type Bytes, type KernelCase, sums, testCases } from "./_kernels.ts";
import { count, map, type Tensor, tensor } from "./reference/tensor.ts";

type Four = readonly [number, number, number, number];

/** Byte images; each shape has its own. */
function bytes(shape: Four): Bytes {
  const next = uniforms(shape[1], shape[2] * 1000 + shape[3]);
  return { shape, data: Uint8Array.from({ length: count(shape) }, () => Math.floor(256 * next())) };
}

/** Numbers in [0, 1), multiples of 2^-24, for image n at a step: `what` is the operation's name in ASCII. */
function draws(what: string, seed: number, step: number, n: number): number[] {
  const tag = [...what].reduce((a, c) => a * 256 + c.charCodeAt(0), 0);
  return Array.from(philox4x32([n, step, 0, tag], [seed, 0]), (word) => (word >>> 8) / 2 ** 24);
}

/** y[n, i, j] = x[n, i + top, j + left], 0 outside; the corner of each image as `cornerOf` says. */
function cut(
  x: Bytes,
  [h, w]: readonly [number, number],
  cornerOf: (n: number) => [number, number, boolean],
): Tensor {
  const [n, height, width, channels] = x.shape;
  return map(tensor([n, h, w, channels]), (_, at) => {
    const c = at % channels, column = Math.floor(at / channels) % w, row = Math.floor(at / channels / w) % h;
    const image = Math.floor(at / channels / w / h), [top, left, mirrored] = cornerOf(image);
    const i = row + top, j = (mirrored ? w - 1 - column : column) + left;
    if (i < 0 || i >= height || j < 0 || j >= width) return 0;
    return x.data[((image * height + i) * width + j) * channels + c];
  });
}

const central: [string, Four, [number, number]][] = [
  ["the same size", [2, 5, 7, 3], [5, 7]],
  ["cropped, even and odd room", [2, 9, 10, 3], [5, 5]],
  ["padded, even and odd room", [3, 5, 6, 1], [9, 9]],
  ["cropped one way, padded the other", [1, 3, 11, 4], [8, 4]],
  ["one pixel of many", [2, 7, 7, 3], [1, 1]],
  ["28 to 32", [2, 28, 28, 1], [32, 32]],
];

testCases(
  "imageWindow crops or pads around the centre, as tf.image.resize_with_crop_or_pad",
  central.map(([name, shape, size]): KernelCase => {
    const x = bytes(shape), shift = -0.75;
    const corner = [0, 1].map((i) => {
      const room = shape[i + 1] - size[i]; // TF: floor(room / 2) cropped, or floor(-room / 2) padded, at the beginning
      return room >= 0 ? Math.floor(room / 2) : -Math.floor(-room / 2);
    });
    return {
      name: `${name}: [${shape}] to [${size}]`,
      feeds: { x, step: Uint32Array.of(3) },
      record: ({ x, step }) => ({ y: imageWindow(x, step, { size, scale: 1 / 128, shift }) }),
      expect: {
        y: { value: map(cut(x, size, () => [corner[0], corner[1], false]), (v) => v / 128 + shift) },
      },
    };
  }),
);

const distorted: [Four, [number, number], number, number][] = [
  [[8, 9, 11, 3], [9, 11], 4, 0],
  [[16, 7, 6, 1], [5, 3], 0, 7],
  [[5, 8, 8, 3], [8, 8], 0, 2 ** 32 - 1],
];

testCases(
  "imageWindow crops at random and mirrors every second image, as Philox says",
  distorted.flatMap(([shape, size, pad, seed]) =>
    [0, 12_345].map((step): KernelCase => {
      const x = bytes(shape);
      const range = [0, 1].map((i) => shape[i + 1] + 2 * pad - size[i] + 1);
      return {
        name: `[${shape}] padded by ${pad} to [${size}], step ${step}`,
        feeds: { x, step: Uint32Array.of(step) },
        record: ({ x, step }) => ({ y: imageWindow(x, step, { size, pad, random: true, seed }) }),
        expect: {
          y: {
            value: cut(x, size, (n) => {
              const u = draws("Wind", seed, step, n),
                offset = (i: 0 | 1) => Math.floor(u[i] * range[i]) - pad;
              return [offset(0), offset(1), u[2] < 0.5];
            }),
          },
        },
      };
    })
  ),
);

/** Values of an image, and of one of its channels. */
function moments(x: Tensor, among: (i: number) => boolean): [mean: number, variance: number] {
  const values = x.data.filter((_, i) => among(i)), mean = values.reduce((a, v) => a + v, 0) / values.length;
  return [mean, values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length];
}

/** Of constant images too: their deviation is bounded below. */
const images: Record<string, Bytes> = {
  "three channels": bytes([3, 7, 5, 3]),
  "one channel": bytes([2, 28, 28, 1]),
  "one pixel": bytes([2, 1, 1, 3]),
  "constant": { shape: [2, 4, 4, 3], data: new Uint8Array(96).fill(7) },
};

testCases(
  "perImageStandardization equals its definition",
  Object.entries(images).map(([name, x]): KernelCase => {
    const size = x.data.length / x.shape[0], values = tensor(x.shape, x.data);
    const of = (i: number) => moments(values, (j) => Math.floor(j / size) === Math.floor(i / size));
    const deviation = (i: number) => Math.max(Math.sqrt(of(i)[1]), 1 / Math.sqrt(size));
    const value = map(values, (v, i) => (v - of(i)[0]) / deviation(i));
    return {
      name,
      feeds: { x, step: Uint32Array.of(0) },
      record: ({ x, step }) => {
        const [, height, width] = x.shape;
        return { y: perImageStandardization(imageWindow(x, step, { size: [height, width] })) };
      },
      // the variance is a sum of positive terms, one after another: its square root is off by some sqrt(size) / 2 units
      expect: {
        y: sums(value, map(values, (v, i) => (v + of(i)[0]) / deviation(i)), 8 + Math.sqrt(size) / 2),
      },
    };
  }),
);

testCases(
  "randomContrast equals its definition, with the factor that Philox gives each image",
  Object.entries(images).map(([name, x]): KernelCase => {
    const [lower, upper, seed, step] = [0.25, 1.75, 9, 4], values = tensor(x.shape, x.data);
    const channels = x.shape[3], size = x.data.length / x.shape[0];
    const mean = (i: number) =>
      moments(
        values,
        (j) => Math.floor(j / size) === Math.floor(i / size) && j % channels === i % channels,
      )[0];
    const factor = (i: number) =>
      lower + (upper - lower) * draws("Cont", seed, step, Math.floor(i / size))[0];
    return {
      name,
      feeds: { x, step: Uint32Array.of(step) },
      record: ({ x, step }) => {
        const [, height, width] = x.shape, y = imageWindow(x, step, { size: [height, width] });
        return { y: randomContrast(y, step, { lower, upper, seed }) };
      },
      expect: {
        y: sums(
          map(values, (v, i) => (v - mean(i)) * factor(i) + mean(i)),
          map(values, (v, i) => (v + mean(i)) * factor(i) + mean(i)),
        ),
      },
    };
  }),
);

Deno.test("history() keeps the value of step s at s modulo its size, over runs", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), x = tape.feed("x", []), step = tape.feed("step", [1], "u32");
    const parameters = new Parameters(gpu, tape.variables);
    const fetches = { ring: history(scale(x, 2), step, 3) };
    const program = await compile(gpu, tape, { fetches, parameters });
    const seen: number[][] = [];
    for (const s of [0, 1, 2, 3, 4, 2 ** 32 - 1]) {
      program.feed("x", Float32Array.of(s === 2 ** 32 - 1 ? -1 : s + 1));
      program.feed("step", Uint32Array.of(s));
      program.run();
      seen.push([...await program.fetch("ring")]);
    }
    assertEquals(seen, [[2, 0, 0], [2, 4, 0], [2, 4, 6], [8, 4, 6], [8, 10, 6], [-2, 10, 6]]);
    program.destroy();
    parameters.destroy();
  }));
