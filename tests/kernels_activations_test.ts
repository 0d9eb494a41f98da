/** Activation functions over sizes that end inside a vector of four, and at the places where their pieces meet. */
import { hardSigmoid, hardSwish, relu, relu6, sigmoid } from "../tape/ops/activations.ts";
import type { Value } from "../tape/tape.ts";
import { backward, type KernelCase, testCases } from "./_kernels.ts";
import * as dense from "./reference/dense.ts";
import { map, random, type Tensor, UNIT } from "./reference/tensor.ts";

const shapes = [[1], [3], [4], [5, 7], [2, 3, 5, 7], [1023], [1024], [1025], [31, 67]];

function activationCase(name: string, shape: number[], op: (x: Value) => Value, most: number): KernelCase {
  const edges = [0, -0, most === 6 ? 6 : 1, 6.5, -2e-38, 2e-38];
  const x = map(random("x", shape, 9), (v, i) => i < edges.length ? Math.fround(edges[i]) : v);
  const dy = random("dy", shape);
  return {
    name: `${name} [${shape}]`,
    feeds: { x, dy },
    record: ({ x, dy }) => {
      const y = op(x), [dx] = backward(y, dy);
      return { y, dx: dx! };
    },
    expect: { y: { value: dense.relu(x, most) }, dx: { value: dense.reluGradient(x, dy, most) } },
  };
}

testCases(
  "relu, relu6 and their gradients equal their definition to the bit",
  shapes.flatMap((shape) => [
    activationCase("relu", shape, (x) => relu(x), Infinity),
    activationCase("relu6", shape, (x) => relu6(x), 6),
  ]),
);

/** Up to 80 either side, and the places where pieces meet. */
function curveInputs(shape: readonly number[]): Tensor {
  const edges = [
    -3,
    3,
    0,
    -0,
    -3 + 2 ** -22,
    3 - 2 ** -21,
    -3 - 2 ** -22,
    3 + 2 ** -22,
    80,
    -80,
    -1.5,
    4e-38, // results below 1.2e-38 may be flushed to zero
  ];
  return map(random("x", shape, 8), (v, i) => edges[i] ?? v);
}

/** How each is computed, its slope, and the size of the terms that its slope is the sum of. */
const curves = {
  hardSwish: {
    op: hardSwish,
    reference: dense.hardSwish,
    slope: (x: number) => (Math.min(Math.max(x + 3, 0), 6) + (Math.abs(x) < 3 ? x : 0)) * Math.fround(1 / 6),
    terms: (x: number) => (Math.min(Math.max(x + 3, 0), 6) + (Math.abs(x) < 3 ? Math.abs(x) : 0)) / 6,
    units: () => 6,
  },
  hardSigmoid: {
    op: hardSigmoid,
    reference: dense.hardSigmoid,
    slope: (x: number) => Math.abs(x) < 3 ? Math.fround(0.16667) : 0,
    terms: (x: number) => Math.abs(x) < 3 ? 1 / 6 : 0,
    units: () => 6,
  },
  sigmoid: {
    op: sigmoid,
    reference: dense.sigmoid,
    slope: (x: number) => 1 / (2 + Math.exp(x) + Math.exp(-x)),
    terms: (x: number) => 1 / (1 + Math.exp(-x)), // y * (1 - y) keeps few digits where y is nearly 1
    units: (x: number) => 8 + 4 * Math.abs(x), // WGSL allows exp(x) 3 + 2 |x| units in the last place
  },
};

testCases(
  "sigmoid, hardSwish, hardSigmoid and their gradients equal their definition",
  shapes.flatMap((shape) =>
    Object.entries(curves).map(([name, { op, reference, slope, terms, units }]): KernelCase => {
      const x = curveInputs(shape), dy = random("dy", shape), value = reference(x);
      return {
        name: `${name} [${shape}]`,
        feeds: { x, dy },
        record: ({ x, dy }) => {
          const y = op(x), [dx] = backward(y, dy);
          return { y, dx: dx! };
        },
        expect: {
          y: { value, bound: map(value, (v, i) => UNIT * units(x.data[i]) * Math.abs(v)) },
          dx: {
            value: map(dy, (v, i) => v * slope(x.data[i])),
            bound: map(dy, (v, i) => UNIT * units(x.data[i]) * Math.abs(v) * terms(x.data[i])),
          },
        },
      };
    })
  ),
);
