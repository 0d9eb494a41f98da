/** All ways to compute the same give the same: products by every tile, convolutions plainly and by Winograd's. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertLess } from "@std/assert";
import { chooserOf, WAYS } from "../kernels/choices.ts";
import { gradients } from "../tape/gradients.ts";
import { batchNorm } from "../tape/ops/batch_norm.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../tape/ops/depthwise_conv2d.ts";
import { relu } from "../tape/ops/activations.ts";
import { mean } from "../tape/ops/losses.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { biasAdd } from "../tape/ops/pointwise.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Plan } from "../tape/plan.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { convolutionCase } from "./_convolutions.ts";
import { withGpu } from "./_gpu.ts";
import { evaluate, type KernelCase } from "./_kernels.ts";
import * as dense from "./reference/dense.ts";
import { random, type Tensor } from "./reference/tensor.ts";
import * as windows from "./reference/window.ts";

/** Relative L2 distance of a result from its definition. Tiles are off by some 1e-7, Winograd's way by up to 1e-6. */
const TOLERANCE = 2e-6;

type Case = Pick<KernelCase, "name" | "feeds" | "record"> & {
  readonly expect: Readonly<Record<string, { readonly value: Tensor }>>;
};

function productCase(name: string, [m, k, n]: readonly [number, number, number]): Case {
  const a = random("a", [m, k]), b = random("b", [k, n]), bias = random("bias", [n]);
  return {
    name: `${name}: ${m}x${k}x${n}`,
    feeds: { a, b, bias },
    record: ({ a, b, bias }) => ({ y: relu(biasAdd(matmul(a, b), bias)) }),
    expect: { y: { value: dense.relu(dense.biasAdd(dense.matmul(a, b), bias)) } },
  };
}

type Four = readonly [number, number, number, number];

function imageCase(name: string, x: Four, outputs: number, side = 3): Case {
  const geometry = { kernel: [side, side], padding: "SAME" } as const;
  return convolutionCase(name, conv2d, windows.conv2d, x, [x[3], outputs], geometry);
}

const cases: readonly Case[] = [
  productCase("primes", [17, 31, 29]),
  productCase("one row", [1, 37, 16]),
  productCase("one more than whole tiles", [65, 33, 65]),
  productCase("many tiles", [161, 40, 130]),
  productCase("a long sum, split", [5, 3072, 12]),
  productCase("a long sum for few large or more small tiles", [70, 2048, 70]),
  imageCase("odd image, three images", [3, 7, 9, 8], 12),
  imageCase("whole tiles", [2, 8, 8, 16], 16),
  imageCase("one pixel", [1, 1, 1, 4], 4),
  imageCase("several pieces of tiles", [3, 24, 24, 512], 4),
  imageCase("5x5 window", [2, 9, 7, 8], 8, 5),
];

function distance(actual: Float32Array, { data }: Tensor): number {
  let error = 0, size = 0;
  data.forEach((expected, i) => {
    error += (actual[i] - expected) ** 2;
    size += expected ** 2;
  });
  return Math.sqrt(error / size);
}

const convolutions = ["direct", "winograd"], reads = ["texture", "buffer"];
const tiles = WAYS.filter((way) => ![...convolutions, ...reads].includes(way));
/** Every tile with every way to convolve. */
const variants = tiles.flatMap((tile) => convolutions.map((convolution) => [tile, convolution]));

for (const variant of variants) {
  Deno.test(`products and convolutions equal their definition by ${variant.join(" and ")}`, (t) =>
    withGpu(async (gpu) => {
      for (const c of cases) {
        await t.step(c.name, async () => {
          const results = await evaluate(gpu, c);
          for (const [name, { value }] of Object.entries(c.expect)) {
            assertEquals(results[name].length, value.data.length);
            assertLess(distance(results[name], value), TOLERANCE, name);
          }
        });
      }
    }, { variant }));
}

Deno.test("all tiles give the same bits, also where sums are split: nets in training magnify any difference", async () => {
  const products = cases.filter(({ name }) => /^\w[^:]*: \d+x\d+x\d+$/.test(name)),
    bits = new Map<string, Float32Array>();
  assertEquals(products.length, 6);
  for (const tile of tiles) {
    await withGpu(async (gpu) => {
      for (const c of products) {
        const { y } = await evaluate(gpu, c);
        assertEquals(y, bits.get(c.name) ?? y, `${c.name} by ${tile}`);
        bits.set(c.name, y);
      }
    }, { variant: [tile] });
  }
});

Deno.test("depthwise convolutions of textures and of buffers give the same bits, forward and as the gradient for the input", async () => {
  const shapes: [Four, number, "SAME" | "VALID" | [[number, number], [number, number]]][] = [
    [[1, 1, 1, 4], 3, "SAME"],
    [[2, 7, 9, 12], 3, "SAME"],
    [[3, 8, 5, 20], 3, "VALID"],
    [[1, 13, 6, 4], 3, [[0, 2], [2, 0]]],
    [[2, 11, 10, 8], 5, "SAME"],
    [[1, 6, 7, 36], 5, [[4, 1], [0, 3]]],
  ];
  const cases = shapes.map(([x, side, padding]) =>
    convolutionCase(`${x}`, depthwiseConv2d, windows.depthwiseConv2d, x, [x[3], 1], {
      kernel: [side, side],
      padding,
    })
  );
  const bits = new Map<string, Record<string, Float32Array>>();
  for (const way of reads) {
    await withGpu(async (gpu) => {
      for (const c of cases) {
        const results = await evaluate(gpu, c);
        assertEquals(Object.keys(results).length, 3);
        assertEquals(results, bits.get(c.name) ?? results, `${c.name} ${way}`);
        bits.set(c.name, results);
      }
    }, { variant: [way] });
  }
});

Deno.test("a forced way decides which kernels run, and Winograd's is for 3x3 windows", () => {
  for (const [tile, convolution] of variants) {
    for (const side of [3, 5]) {
      const tape = new Tape(), x = tape.feed("x", [1, 8, 8, 16]), w = tape.feed("w", [side, side, 16, 16]);
      const choose = chooserOf({ kind: "software", forced: [tile, convolution] });
      const request = { fetches: { y: conv2d(x, w) }, choose, subgroups: true };
      const { launches } = new Plan(tape, request, new ParameterLayout(tape.variables), 2 ** 27);
      const names = launches.map(({ launch }) => launch.kernel.name);
      assertEquals(names.filter((name) => name.startsWith("gemm")).slice(0, 1), [`gemm_${tile}_rows`]);
      const isFiltered = convolution === "winograd" && side === 3;
      assertEquals(names.some((name) => name.startsWith("winograd")), isFiltered);
    }
  }
  for (const forced of reads) {
    const tape = new Tape(), x = tape.feed("x", [1, 8, 8, 16]), w = tape.feed("w", [3, 3, 16, 1]);
    const choose = chooserOf({ kind: "software", forced: [forced] });
    const request = { fetches: { y: depthwiseConv2d(x, w) }, choose };
    const { launches } = new Plan(tape, request, new ParameterLayout(tape.variables), 2 ** 27);
    assertEquals(launches.map(({ launch }) => launch.kernel.name), [`depthwise_roll_3x3_s1_${forced}`]);
  }
});

Deno.test("sums are short forward in training, shortest where the batch normalizes, and long elsewhere", () => {
  const chunksOf = (normalizes: boolean, trains: boolean) => {
    const tape = new Tape(),
      x = tape.feed("x", [4, 64]),
      w = tape.feed("w", [64, 32]),
      product = matmul(x, w);
    const y = relu(normalizes ? batchNorm(product, {}, { epsilon: 1e-3 }).y : product);
    const fetches: Record<string, Value> = trains ? { dw: gradients(mean(y), [w])[0]! } : { y };
    const { launches } = new Plan(tape, { fetches }, new ParameterLayout(tape.variables), 2 ** 27);
    const products = launches.filter(({ launch }) => launch.kernel.name.startsWith("gemm_"));
    return products.flatMap(({ launch }) => launch.params.chunk ?? []);
  };
  assertEquals(chunksOf(false, false), [40]);
  assertEquals(chunksOf(false, true), [15, 40]);
  assertEquals(chunksOf(true, true), [5, 40]);
});
