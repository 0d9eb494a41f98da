/** Pointwise operations, bias, gates and reductions over sizes that end inside a vector of four. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { l2Loss, mean, weightedSum } from "../tape/ops/losses.ts";
import { multiply } from "../tape/ops/multiply.ts";
import { add, biasAdd, gate, reshape, scale } from "../tape/ops/pointwise.ts";
import { Tape } from "../tape/tape.ts";
import { backward, type KernelCase, rounded, sums, testCases } from "./_kernels.ts";
import * as dense from "./reference/dense.ts";
import { abs, map, random, reshaped, tensor } from "./reference/tensor.ts";

const shapes = [[1], [3], [4], [5, 7], [2, 3, 5, 7], [1023], [1024], [1025], [31, 67]];

testCases(
  "add, multiply, scale and their gradients equal their definition",
  shapes.flatMap((shape): KernelCase[] => {
    const a = random("a", shape), b = random("b", shape), by = tensor([1], [-1.75]), dy = random("dy", shape);
    const factor = Math.fround(0.3);
    return [
      {
        name: `add [${shape}]`,
        feeds: { a, b },
        record: ({ a, b }) => ({ y: add(a, b) }),
        expect: { y: rounded(dense.add(a, b), 1) },
      },
      {
        name: `add with a factor [${shape}]`,
        feeds: { a, b, dy },
        record: ({ a, b, dy }) => {
          const y = add(a, b, { factor }), [, db] = backward(y, dy);
          return { y, db: db! };
        },
        expect: {
          y: sums(dense.add(a, b, factor), dense.add(abs(a), abs(b), factor), 2),
          db: rounded(map(dy, (v) => v * factor), 1),
        },
      },
      {
        name: `multiply [${shape}]`,
        feeds: { a, b, dy },
        record: ({ a, b, dy }) => {
          const y = multiply(a, b), [da, db] = backward(y, dy);
          return { y, da: da!, db: db! };
        },
        expect: {
          y: rounded(dense.multiply(a, b), 1),
          da: rounded(dense.multiply(dy, b), 1),
          db: rounded(dense.multiply(dy, a), 1),
        },
      },
      {
        name: `scale [${shape}]`,
        feeds: { a, dy },
        record: ({ a, dy }) => {
          const y = scale(a, factor), [da] = backward(y, dy);
          return { y, da: da! };
        },
        expect: { y: rounded(map(a, (v) => v * factor), 1), da: rounded(map(dy, (v) => v * factor), 1) },
      },
      {
        name: `scale by a value [${shape}]`,
        feeds: { a, by, dy },
        record: ({ a, by, dy }) => {
          const y = scale(a, factor, { by: reshape(by, []) }), [da] = backward(y, dy, [true, false]);
          return { y, da: da! };
        },
        expect: {
          y: rounded(map(a, (v) => v * -1.75 * factor), 2),
          da: rounded(map(dy, (v) => v * -1.75 * factor), 2),
        },
      },
    ];
  }),
);

const gated = [[1, 1, 1, 1], [2, 3, 5, 4], [3, 5, 4, 7], [2, 17, 19, 8], [1, 1, 9, 16], [3, 2, 2, 1024], [
  2,
  129,
  128,
  2,
]];

testCases(
  "gate and its gradients equal their definition",
  gated.map((shape): KernelCase => {
    const [n, , , channels] = shape, x = random("x", shape), by = random("by", [n, 1, 1, channels]);
    const dy = random("dy", shape);
    return {
      name: `[${shape}]`,
      feeds: { x, by, dy },
      record: ({ x, by, dy }) => {
        const y = gate(x, by), [dx, dby] = backward(y, dy);
        return { y, dx: dx!, dby: dby! };
      },
      expect: {
        y: rounded(dense.gate(x, by), 1),
        dx: rounded(dense.gate(dy, by), 1),
        dby: sums(dense.gateGradient(x, dy), dense.gateGradient(abs(x), abs(dy))),
      },
    };
  }),
);

Deno.test("gate() refuses a gate that is not [n, 1, 1, channels]", () => {
  for (const shape of [[2, 3], [2, 3, 3, 4], [1, 1, 1, 4], [2, 1, 1, 1]]) {
    const tape = new Tape(), x = tape.feed("x", [2, 3, 3, 4]), by = tape.feed("by", shape);
    const { message } = assertThrows(() => gate(x, by, { scope: "se" }), RangeError);
    assertEquals(
      message,
      `Cannot apply gate in se to [2,3,3,4], [${shape}]: the gate must be [n, 1, 1, channels]`,
    );
  }
});

const biased = [[1, 1], [2, 3], [5, 4], [3, 5, 7, 1], [3, 5, 7, 13], [2, 3, 3, 64], [129, 10], [16385, 3], [
  700,
  1,
]];

testCases(
  "biasAdd and its gradient equal their definition",
  biased.map((shape): KernelCase => {
    const x = random("x", shape), b = random("b", [shape[shape.length - 1]]), dy = random("dy", shape);
    return {
      name: `[${shape}]`,
      feeds: { x, b, dy },
      record: ({ x, b, dy }) => {
        const y = biasAdd(x, b), [, db] = backward(y, dy);
        return { y, db: db! };
      },
      expect: {
        y: rounded(dense.biasAdd(x, b), 1),
        db: sums(dense.biasGradient(dy), dense.biasGradient(abs(dy))),
      },
    };
  }),
);

testCases(
  "mean, weightedSum, l2Loss and their gradients equal their definition",
  [[1], [127], [128], [129], [5, 7, 11], [16384], [16385], [3, 70001]].flatMap((shape): KernelCase[] => {
    const x = random("x", shape), dy = tensor([1], [Math.fround(0.7)]), factor = Math.fround(4e-5);
    const weights = random("weights", shape);
    return [
      {
        name: `mean [${shape}]`,
        feeds: { x, dy },
        record: ({ x, dy }) => {
          const y = mean(x), [dx] = backward(y, reshape(dy, []));
          return { y, dx: dx! };
        },
        expect: {
          y: sums(dense.mean(x), dense.mean(abs(x))),
          dx: rounded(map(x, () => dy.data[0] / x.data.length), 3),
        },
      },
      {
        name: `weightedSum [${shape}]`,
        feeds: { x, weights, dy },
        record: ({ x, weights, dy }) => {
          const y = weightedSum(x, weights), [dx] = backward(y, reshape(dy, []), [true, false]);
          return { y, dx: dx! };
        },
        expect: {
          y: sums(dense.weightedSum(x, weights), dense.weightedSum(abs(x), abs(weights))),
          dx: rounded(map(weights, (v) => v * dy.data[0]), 1),
        },
      },
      {
        name: `l2Loss [${shape}]`,
        feeds: { x, dy },
        record: ({ x, dy }) => {
          const y = l2Loss(x, factor), [dx] = backward(y, reshape(dy, []));
          return { y, dx: dx! };
        },
        expect: {
          y: rounded(dense.l2Loss(x, factor), 8),
          dx: rounded(map(x, (v) => factor * dy.data[0] * v), 3),
        },
      },
    ];
  }),
);

testCases(
  "reshape gives the same values, forwards and backwards",
  [[[6], [2, 3]], [[1, 1, 5], [5]], [[2, 3, 4], [4, 6]]].map(([from, to]): KernelCase => {
    const x = random("x", from), dy = random("dy", to);
    return {
      name: `[${from}] to [${to}]`,
      feeds: { x, dy },
      record: ({ x, dy }) => {
        const y = reshape(x, to), [dx] = backward(y, dy);
        return { y, dx: dx! };
      },
      expect: { y: { value: reshaped(x, to) }, dx: { value: reshaped(dy, from) } },
    };
  }),
);
