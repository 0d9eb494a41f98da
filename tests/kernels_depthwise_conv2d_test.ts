/** Depthwise convolutions over odd shapes against their definition: output, input gradient, weight gradient, fused epilogues. */
import { relu6 } from "../tape/ops/activations.ts";
import { depthwiseConv2d } from "../tape/ops/depthwise_conv2d.ts";
import { add, biasAdd } from "../tape/ops/pointwise.ts";
import { convolutionCase } from "./_convolutions.ts";
import { type KernelCase, sums, testCases } from "./_kernels.ts";
import * as dense from "./reference/dense.ts";
import { abs, random } from "./reference/tensor.ts";
import * as reference from "./reference/window.ts";

type Four = readonly [number, number, number, number];
type Geometry = reference.Windows & { readonly x: Four };

const geometries: Record<string, Geometry> = {
  "everything is 1": { x: [1, 1, 1, 1], kernel: [1, 1] },
  "1x1 window, primes": { x: [3, 5, 7, 11], kernel: [1, 1] },
  "3x3, SAME": { x: [2, 7, 9, 5], kernel: [3, 3] },
  "3x3, stride 2, padded alike": {
    x: [2, 8, 6, 8],
    kernel: [3, 3],
    stride: [2, 2],
    padding: [[1, 1], [1, 1]],
  },
  "5x5, padding at one end": { x: [1, 9, 8, 4], kernel: [5, 5], padding: [[4, 0], [0, 3]] },
  "3x3, VALID": { x: [2, 7, 9, 8], kernel: [3, 3], padding: "VALID" },
  "3x3, stride 2, SAME on an even image": { x: [2, 8, 10, 4], kernel: [3, 3], stride: [2, 2] },
  "3x3, stride 2, SAME on an odd image, fours": { x: [2, 9, 13, 8], kernel: [3, 3], stride: [2, 2] },
  "3x3, stride 2, other paddings": {
    x: [2, 5, 8, 4],
    kernel: [3, 3],
    stride: [2, 2],
    padding: [[2, 0], [1, 2]],
  },
  "3x3, stride 2, the most padding": {
    x: [1, 4, 3, 4],
    kernel: [3, 3],
    stride: [2, 2],
    padding: [[1, 2], [2, 2]],
  },
  "3x3, stride 2, one pixel": { x: [3, 1, 1, 4], kernel: [3, 3], stride: [2, 2] },
  "3x3, stride 2, VALID, last row and column unseen": {
    x: [2, 8, 6, 4],
    kernel: [3, 3],
    stride: [2, 2],
    padding: "VALID",
  },
  "3x3, stride 2, SAME on an odd image": { x: [1, 9, 7, 3], kernel: [3, 3], stride: [2, 2] },
  "5x5": { x: [1, 11, 6, 4], kernel: [5, 5] },
  "5x5, stride 2": { x: [1, 11, 13, 3], kernel: [5, 5], stride: [2, 2] },
  "7x7": { x: [2, 9, 17, 1], kernel: [7, 7] },
  "7x7, stride 2, three channels": { x: [2, 16, 15, 3], kernel: [7, 7], stride: [2, 2] },
  "stride 2, VALID, last row unseen": { x: [2, 8, 8, 3], kernel: [3, 3], stride: [2, 2], padding: "VALID" },
  "even window, SAME": { x: [2, 6, 5, 5], kernel: [4, 2] },
  "window larger than the image, SAME": { x: [2, 2, 3, 3], kernel: [7, 5] },
  "window twice the image, stride 3": { x: [1, 3, 3, 2], kernel: [6, 7], stride: [3, 3] },
  "window as large as the image, VALID": { x: [3, 4, 5, 8], kernel: [4, 5], padding: "VALID" },
  "non-square window, stride [1, 2]": { x: [2, 7, 9, 3], kernel: [1, 7], stride: [1, 2] },
  "non-square window, stride [3, 1]": { x: [2, 8, 5, 2], kernel: [7, 1], stride: [3, 1] },
  "stride larger than the window": { x: [2, 11, 10, 3], kernel: [2, 1], stride: [4, 3] },
  "stride larger than the image": { x: [2, 3, 2, 3], kernel: [3, 3], stride: [7, 5] },
  "rate 2, SAME": { x: [2, 9, 8, 4], kernel: [3, 3], rate: [2, 2] },
  "rate [3, 1], VALID": { x: [1, 11, 6, 2], kernel: [3, 2], rate: [3, 1], padding: "VALID" },
  "rate larger than the image, SAME": { x: [1, 3, 4, 2], kernel: [3, 3], rate: [5, 6] },
  "stride 2, rate 2: odd positions meet no tap": {
    x: [2, 9, 8, 3],
    kernel: [3, 3],
    stride: [2, 2],
    rate: [2, 2],
  },
  "stride [3, 2], rate [2, 3], VALID": {
    x: [1, 12, 13, 2],
    kernel: [3, 4],
    stride: [3, 2],
    rate: [2, 3],
    padding: "VALID",
  },
  "stride 2, rate 7, one pixel: no tap inside": {
    x: [6, 1, 1, 1],
    kernel: [2, 2],
    stride: [2, 2],
    rate: [7, 7],
  },
  "one column: chunks of many rows": { x: [3, 301, 1, 4], kernel: [3, 1] },
  "one row wider than a chunk": { x: [1, 1, 301, 3], kernel: [1, 3] },
  "long sums": { x: [5, 61, 59, 4], kernel: [2, 3] },
};

testCases(
  "depthwiseConv2d and its gradients equal their definition",
  Object.entries(geometries).flatMap(([name, { x, ...windows }]) =>
    [1, 2, 3, 8].map((multiplier) => {
      const title = `${name}, ${x[3]} channels, multiplier ${multiplier}`;
      return convolutionCase(
        title,
        depthwiseConv2d,
        reference.depthwiseConv2d,
        x,
        [x[3], multiplier],
        windows,
      );
    })
  ),
);

const epilogues: Record<string, Geometry & { residual?: boolean }> = {
  "3x3": { x: [2, 6, 5, 8], kernel: [3, 3] },
  "3x3, stride 2": { x: [2, 7, 5, 4], kernel: [3, 3], stride: [2, 2] },
  "5x5": { x: [1, 3, 4, 8], kernel: [5, 5] },
  "no rolling window": { x: [2, 6, 5, 3], kernel: [3, 3] },
  "3x3, a residual between them": { x: [2, 6, 5, 8], kernel: [3, 3], residual: true },
};

testCases(
  "depthwiseConv2d equals its definition with what follows: bias, residual, activation",
  Object.entries(epilogues).map(([name, { x: xShape, residual, ...windows }]): KernelCase => {
    const { kernel, ...options } = windows;
    const x = random("x", xShape), w = random("w", [...kernel, xShape[3], 1]), b = random("b", [xShape[3]]);
    const r = random("r", reference.outShape(xShape, windows, xShape[3]));
    const { forward } = reference.depthwiseConv2d;
    const total = (y: typeof x, b: typeof x, r: typeof x) => {
      const biased = dense.biasAdd(y, b);
      return residual ? dense.add(biased, r) : biased;
    };
    return {
      name,
      feeds: residual ? { x, w, b, r } : { x, w, b },
      record: ({ x, w, b, r }) => {
        const y = biasAdd(depthwiseConv2d(x, w, options), b);
        return { y: relu6(residual ? add(r, y) : y) };
      },
      expect: {
        y: sums(
          dense.relu(total(forward(x, w, windows), b, r), 6),
          total(forward(abs(x), abs(w), windows), abs(b), abs(r)),
        ),
      },
    };
  }),
);
