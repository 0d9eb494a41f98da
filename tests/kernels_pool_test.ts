/** Pooling over odd shapes against its definition: max pooling to the bit, with ties, and average pooling. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { relu, relu6 } from "../tape/ops/activations.ts";
import { avgPool2d, maxPool2d } from "../tape/ops/pool.ts";
import { backward, type KernelCase, sums, testCases } from "./_kernels.ts";
import * as dense from "./reference/dense.ts";
import { abs, coarse, map, random, type Tensor, tensor } from "./reference/tensor.ts";
import * as reference from "./reference/window.ts";

type Geometry = reference.Windows & { readonly x: readonly [number, number, number, number] };

const geometries: Record<string, Geometry> = {
  "everything is 1": { x: [1, 1, 1, 1], kernel: [1, 1], padding: "VALID" },
  "LeNet's": { x: [2, 28, 28, 3], kernel: [2, 2], stride: [2, 2], padding: "VALID" },
  "odd image, last row unseen": { x: [2, 7, 9, 5], kernel: [2, 2], stride: [2, 2], padding: "VALID" },
  "overlapping, SAME": { x: [2, 7, 9, 3], kernel: [3, 3], stride: [2, 2] },
  "overlapping, VALID": { x: [1, 13, 11, 13], kernel: [3, 3], stride: [2, 2], padding: "VALID" },
  "stride 1, SAME": { x: [1, 5, 4, 10], kernel: [3, 3] },
  "stride 3, padding 1: positions above the first window wrap": {
    x: [1, 4, 5, 1],
    kernel: [3, 4],
    stride: [3, 3],
  },
  "stride 3, window 5": { x: [2, 7, 8, 2], kernel: [5, 5], stride: [3, 3] },
  "strides 5 and 7": { x: [1, 11, 9, 2], kernel: [8, 9], stride: [5, 7] },
  "stride larger than the window": { x: [2, 11, 10, 2], kernel: [2, 1], stride: [4, 3] },
  "stride larger than the window, VALID": {
    x: [1, 11, 10, 3],
    kernel: [1, 2],
    stride: [3, 5],
    padding: "VALID",
  },
  "window larger than the image, SAME": { x: [2, 2, 3, 3], kernel: [7, 5] },
  "window as large as the image": { x: [3, 6, 5, 16], kernel: [6, 5], stride: [6, 5], padding: "VALID" },
  "non-square, strides [1, 2]": { x: [1, 6, 9, 1], kernel: [1, 3], stride: [1, 2] },
  "padded alike, as in PyTorch": {
    x: [2, 8, 6, 3],
    kernel: [3, 3],
    stride: [2, 2],
    padding: [[1, 1], [1, 1]],
  },
  "padded at one end": { x: [1, 7, 5, 2], kernel: [3, 2], stride: [3, 2], padding: [[2, 0], [0, 1]] },
  "rate 2, SAME": { x: [1, 8, 7, 2], kernel: [3, 3], rate: [2, 2] },
  "rate [1, 3], VALID": { x: [2, 5, 9, 2], kernel: [2, 3], rate: [1, 3], padding: "VALID" },
  "stride 2, rate 3": { x: [1, 10, 9, 2], kernel: [3, 2], stride: [2, 2], rate: [3, 3] },
  "stride 3, rate 2, SAME": { x: [1, 10, 9, 2], kernel: [3, 4], stride: [3, 3], rate: [2, 2] },
  "no tap inside": { x: [2, 1, 1, 3], kernel: [2, 2], rate: [2, 2] },
};

function poolCase(name: string, kind: "max" | "average", valued: string, g: Geometry): KernelCase {
  const { x: shape, ...windows } = g, { kernel, stride = [1, 1], rate = [1, 1], padding = "SAME" } = windows;
  // negative values show padding that takes part; coarse ones have ties in most windows
  const values: Record<string, () => Tensor> = {
    negative: () => map(random("x", shape), (v) => -Math.abs(v)),
    ties: () => coarse("x", shape),
    constant: () => map(tensor(shape), () => -3),
    random: () => random("x", shape),
  };
  const x = values[valued](), dyShape = reference.outShape(shape, windows, shape[3]);
  const dy = kind === "max" ? coarse("dy", dyShape) : random("dy", dyShape);
  return {
    name: `${name}: ${valued}`,
    feeds: { x, dy },
    record: ({ x, dy }) => {
      const pool = kind === "max" ? maxPool2d : avgPool2d;
      const y = pool(x, kernel, { stride, rate, padding }), [dx] = backward(y, dy);
      return { y, dx: dx! };
    },
    expect: kind === "max"
      ? {
        y: { value: reference.maxPool2d(x, windows) },
        dx: { value: reference.maxPool2dGradient(x, dy, windows) },
      }
      : {
        y: sums(reference.avgPool2d(x, windows), reference.avgPool2d(abs(x), windows)),
        dx: sums(
          reference.avgPool2dGradient(shape, dy, windows),
          reference.avgPool2dGradient(shape, abs(dy), windows),
        ),
      },
  };
}

/** Each geometry with its own channels, and with four times as many: those in fours have kernels of their own. */
const widths = Object.entries(geometries).flatMap(([name, g]): [string, Geometry][] => {
  const [n, h, w, c] = g.x;
  return [[`${name}, ${c} channels`, g], [`${name}, ${4 * c} channels`, { ...g, x: [n, h, w, 4 * c] }]];
});

testCases(
  "maxPool2d and its gradient equal their definition to the bit",
  widths.flatMap(([name, g]) =>
    ["negative", "ties", "constant"].map((valued) => poolCase(name, "max", valued, g))
  ),
);

/** An activation before the pooling: the pooling's gradient becomes that for the activation's input. */
function throughCase(name: string, g: Geometry, most: 6 | undefined): KernelCase {
  const { x: shape, ...windows } = g, { kernel, stride = [1, 1], rate = [1, 1], padding = "SAME" } = windows;
  const x = map(coarse("x", shape), (v) => 4 * v),
    dy = coarse("dy", reference.outShape(shape, windows, shape[3]));
  const activated = dense.relu(x, most);
  return {
    name: `${name}: ${most ? "relu6" : "relu"}`,
    feeds: { x, dy },
    record: ({ x, dy }) => {
      const activated = most ? relu6(x) : relu(x);
      const [dp] = backward(maxPool2d(activated, kernel, { stride, rate, padding }), dy);
      const [dx] = backward(activated, dp!);
      assertEquals(dx!.node!.operation.name, "maxPool2dGradient");
      return { dx: dx! };
    },
    expect: {
      dx: { value: dense.reluGradient(x, reference.maxPool2dGradient(activated, dy, windows), most) },
    },
  };
}

testCases(
  "the gradient of maxPool2d passes through relu and relu6 to the bit",
  widths.flatMap(([name, g]) => [throughCase(name, g, undefined), throughCase(name, g, 6)]),
);

testCases(
  "avgPool2d and its gradient equal their definition",
  widths.map(([name, g]) => poolCase(name, "average", "random", g)),
);

/** So many rows that an invocation takes several blocks of cells of each. */
const manyRows: Record<string, Geometry> = {
  "tiles": { x: [64, 6, 22, 64], kernel: [2, 2], stride: [2, 2], padding: "VALID" },
  "overlapping": { x: [64, 7, 23, 64], kernel: [3, 3], stride: [2, 2] },
  "stride 1": { x: [64, 5, 23, 64], kernel: [3, 3] },
  "single channels": { x: [128, 5, 23, 11], kernel: [3, 3] },
  "no tap inside some windows": { x: [4096, 1, 6, 4], kernel: [1, 2], stride: [1, 1], rate: [1, 7] },
};

testCases(
  "pooling of many rows equals its definition",
  Object.entries(manyRows).flatMap(([name, g]) => [
    poolCase(`max, ${name}`, "max", "ties", g),
    poolCase(`average, ${name}`, "average", "random", g),
  ]),
);

const large: Geometry = { x: [1, 1450, 1450, 2], kernel: [1, 1], padding: "VALID" };

testCases("pooling runs in more than 65,535 workgroups", [
  poolCase("4,205,000 outputs", "max", "random", large),
]);
