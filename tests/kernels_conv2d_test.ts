/** Convolutions over odd shapes against their definition: output, input gradient, weight gradient, fused epilogues. */
import { relu, relu6 } from "../tape/ops/activations.ts";
import { biasAdd } from "../tape/ops/pointwise.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { convolutionCase } from "./_convolutions.ts";
import { type KernelCase, sums, testCases } from "./_kernels.ts";
import * as dense from "./reference/dense.ts";
import { abs, random } from "./reference/tensor.ts";
import * as reference from "./reference/window.ts";

type Four = readonly [number, number, number, number];
type Geometry = reference.Windows & { readonly x: Four; readonly outputs: number };

const geometries: Record<string, Geometry> = {
  "everything is 1": { x: [1, 1, 1, 1], kernel: [1, 1], outputs: 1 },
  "1x1 window, primes": { x: [3, 5, 7, 11], kernel: [1, 1], outputs: 13 },
  "LeNet's first, odd batch": { x: [3, 28, 28, 1], kernel: [5, 5], outputs: 32 },
  "three channels": { x: [2, 9, 11, 3], kernel: [3, 3], outputs: 10 },
  "64 to 64 channels": { x: [2, 7, 5, 64], kernel: [3, 3], outputs: 64 },
  "13 to 10 channels": { x: [1, 6, 6, 13], kernel: [3, 3], outputs: 10 },
  "one more row above and column left, as in PyTorch": {
    x: [2, 8, 9, 4],
    kernel: [3, 3],
    outputs: 5,
    stride: [2, 2],
    padding: [[1, 1], [1, 1]],
  },
  "as much padding as there can be": {
    x: [1, 5, 6, 3],
    kernel: [3, 5],
    outputs: 8,
    padding: [[2, 2], [4, 4]],
  },
  "padding at one end, rate 2": {
    x: [1, 7, 6, 4],
    kernel: [3, 3],
    outputs: 4,
    rate: [2, 2],
    padding: [[3, 0], [0, 2]],
  },
  "ten outputs, VALID": { x: [2, 8, 9, 4], kernel: [3, 2], outputs: 10, padding: "VALID" },
  "one output": { x: [2, 6, 5, 3], kernel: [3, 3], outputs: 1 },
  "window as large as the image, VALID": { x: [3, 4, 5, 2], kernel: [4, 5], outputs: 7, padding: "VALID" },
  "window larger than the image, SAME": { x: [2, 2, 3, 3], kernel: [7, 5], outputs: 4 },
  "window twice the image, stride 3": { x: [1, 3, 3, 2], kernel: [6, 7], outputs: 3, stride: [3, 3] },
  "non-square window, stride [1, 2]": { x: [2, 7, 9, 3], kernel: [1, 7], outputs: 5, stride: [1, 2] },
  "non-square window, stride [3, 1]": { x: [2, 8, 5, 2], kernel: [7, 1], outputs: 6, stride: [3, 1] },
  "stride 2, even window on odd image": { x: [1, 9, 7, 3], kernel: [4, 4], outputs: 5, stride: [2, 2] },
  "stride 2, VALID, last row unseen": {
    x: [2, 8, 8, 3],
    kernel: [3, 3],
    outputs: 4,
    stride: [2, 2],
    padding: "VALID",
  },
  "stride larger than the window": { x: [2, 11, 10, 3], kernel: [2, 1], outputs: 3, stride: [4, 3] },
  "stride larger than the window, VALID": {
    x: [1, 11, 13, 2],
    kernel: [2, 2],
    outputs: 5,
    stride: [5, 4],
    padding: "VALID",
  },
  "stride larger than the image": { x: [2, 3, 2, 3], kernel: [3, 3], outputs: 2, stride: [7, 5] },
  "1x1 window, stride 2": { x: [2, 7, 6, 4], kernel: [1, 1], outputs: 8, stride: [2, 2] },
  "AlexNet's first, small": {
    x: [1, 31, 27, 3],
    kernel: [11, 11],
    outputs: 8,
    stride: [4, 4],
    padding: "VALID",
  },
  "rate 2": { x: [2, 9, 8, 3], kernel: [3, 3], outputs: 4, rate: [2, 2] },
  "rate [3, 1], VALID": { x: [1, 11, 6, 2], kernel: [3, 2], outputs: 3, rate: [3, 1], padding: "VALID" },
  "rate larger than the image, SAME": { x: [1, 3, 4, 2], kernel: [3, 3], outputs: 3, rate: [5, 6] },
  "stride 2, rate 2: odd positions meet no tap": {
    x: [2, 9, 8, 3],
    kernel: [3, 3],
    outputs: 4,
    stride: [2, 2],
    rate: [2, 2],
  },
  "stride 2, rate 3": { x: [1, 10, 11, 2], kernel: [3, 3], outputs: 3, stride: [2, 2], rate: [3, 3] },
  "stride 3, rate 2, VALID": {
    x: [1, 12, 13, 2],
    kernel: [3, 4],
    outputs: 3,
    stride: [3, 3],
    rate: [2, 2],
    padding: "VALID",
  },
  "stride [4, 6], rate [6, 4]": {
    x: [1, 15, 14, 2],
    kernel: [3, 3],
    outputs: 2,
    stride: [4, 6],
    rate: [6, 4],
  },
  "stride 2, rate 7, one pixel: no tap inside": {
    x: [6, 1, 1, 1],
    kernel: [2, 2],
    outputs: 1,
    stride: [2, 2],
    rate: [7, 7],
  },
  "long sum over channels": { x: [1, 3, 3, 257], kernel: [3, 3], outputs: 5 },
  "long sum over pixels": { x: [2, 33, 31, 2], kernel: [2, 2], outputs: 3 },
  "many places of odd channels, over ends of lines and images": {
    x: [3, 31, 37, 3],
    kernel: [5, 3],
    outputs: 2,
  },
  "many places, rows of whole vec4": { x: [2, 33, 35, 2], kernel: [2, 4], outputs: 3 },
  "many places, rate 2": { x: [2, 47, 29, 2], kernel: [3, 3], outputs: 3, rate: [2, 2] },
  "many tiles, no split": { x: [1, 40, 41, 5], kernel: [3, 3], outputs: 20 },
};

testCases(
  "conv2d and its gradients equal their definition",
  Object.entries(geometries).map(([name, { x, outputs, ...windows }]) =>
    convolutionCase(name, conv2d, reference.conv2d, x, [x[3], outputs], windows)
  ),
);

const epilogues: Record<string, { x: Four; outputs: number; bias: boolean; most?: number }> = {
  "bias": { x: [2, 5, 5, 3], outputs: 6, bias: true },
  "bias and relu": { x: [2, 5, 5, 3], outputs: 7, bias: true, most: Infinity },
  "bias and relu6": { x: [1, 7, 6, 16], outputs: 8, bias: true, most: 6 },
  "relu alone": { x: [2, 5, 5, 3], outputs: 10, bias: false, most: Infinity },
  "relu6 alone": { x: [1, 5, 6, 32], outputs: 3, bias: false, most: 6 },
  "split sum, nothing": { x: [1, 2, 2, 64], outputs: 5, bias: false },
  "split sum, bias": { x: [1, 2, 2, 64], outputs: 5, bias: true },
  "split sum, bias and relu": { x: [1, 3, 2, 64], outputs: 9, bias: true, most: Infinity },
  "split sum, bias and relu6": { x: [1, 3, 2, 150], outputs: 9, bias: true, most: 6 },
  "split sum, relu6 alone": { x: [1, 3, 2, 150], outputs: 9, bias: false, most: 6 },
};

testCases(
  "conv2d takes bias and activation into its epilogue",
  Object.entries(epilogues).map(([name, { x: xShape, outputs, bias, most }]): KernelCase => {
    const windows = { kernel: [3, 3] } as const;
    const x = random("x", xShape), w = random("w", [3, 3, xShape[3], outputs]), b = random("b", [outputs]);
    const biased = (y: typeof x, b: typeof x) => bias ? dense.biasAdd(y, b) : y;
    const sum = biased(reference.conv2d.forward(x, w, windows), b);
    const magnitude = biased(reference.conv2d.forward(abs(x), abs(w), windows), abs(b));
    return {
      name,
      feeds: bias ? { x, w, b } : { x, w },
      record: ({ x, w, b }) => {
        let y = conv2d(x, w);
        if (bias) y = biasAdd(y, b);
        return { y: most === undefined ? y : most === 6 ? relu6(y) : relu(y) };
      },
      expect: { y: sums(most === undefined ? sum : dense.relu(sum, most), magnitude) },
    };
  }),
);
