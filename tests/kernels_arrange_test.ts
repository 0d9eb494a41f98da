/** Concatenation, slices, padding, cropping and transposition: they only move values, so every bit must be right. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { concat, crop, type Margins, pad, slice, transpose } from "../tape/ops/arrange.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { backward, type KernelCase, testCases } from "./_kernels.ts";
import * as reference from "./reference/arrange.ts";
import { random, tensor } from "./reference/tensor.ts";

/** Dimensions before the last, and the last one of each value. */
const joined: Record<string, [outer: number[], widths: number[]]> = {
  "one value": [[2, 3], [5]],
  "one column each": [[7], [1, 1, 1]],
  "an Inception module, in fours": [[2, 5, 5], [64, 128, 32, 32]],
  "an odd branch: no later place in fours": [[2, 3, 3], [8, 5, 4, 7]],
  "widths in fours, one row": [[1, 1, 1], [4, 8]],
  "widths that are not in fours, sum that is": [[3, 2], [6, 2]],
  "many values": [[2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  "one dimension": [[], [3, 5]],
  "five dimensions": [[2, 1, 2, 3], [4, 4]],
  "more than one workgroup, in fours": [[31, 9], [12, 4]],
  "more than one workgroup": [[31, 9], [3, 10]],
};

testCases(
  "concat() joins along the last dimension, its gradient cuts",
  Object.entries(joined).map(([name, [outer, widths]]): KernelCase => {
    const xs = widths.map((width, i) => random(`x${i}`, [...outer, width])), expected = reference.concat(xs);
    const feeds = Object.fromEntries(xs.map((x, i) => [`x${i}`, x])), dy = random("dy", expected.shape);
    const first = (i: number) => widths.slice(0, i).reduce((a, b) => a + b, 0);
    return {
      name,
      feeds: { ...feeds, dy },
      record: ({ dy, ...values }) => {
        const y = concat(Object.values(values));
        return { y, ...Object.fromEntries(backward(y, dy).map((dx, i) => [`dx${i}`, dx!])) };
      },
      expect: {
        y: { value: expected },
        ...Object.fromEntries(
          widths.map((width, i) => [`dx${i}`, { value: reference.slice(dy, first(i), width) }]),
        ),
      },
    };
  }),
);

testCases("concat() takes one value twice, and gives gradients only where they are wanted", [{
  name: "x, y, x",
  feeds: { x: random("x", [3, 2]), y: random("y", [3, 4]), dz: random("dz", [3, 8]) },
  record: ({ x, y, dz }) => {
    const z = concat([x, y, x]), [a, b, c] = backward(z, dz, [true, false, true]);
    assertEquals(b, undefined);
    return { z, a: a!, c: c! };
  },
  expect: {
    z: { value: reference.concat([random("x", [3, 2]), random("y", [3, 4]), random("x", [3, 2])]) },
    a: { value: reference.slice(random("dz", [3, 8]), 0, 2) },
    c: { value: reference.slice(random("dz", [3, 8]), 6, 2) },
  },
}]);

const cuts: [shape: number[], first: number, columns: number][] = [
  [[5], 1, 3],
  [[2, 8], 4, 4],
  [[3, 7], 0, 7],
  [[2, 3, 4, 12], 4, 8],
  [[2, 3, 4, 13], 5, 3],
  [[31, 9, 20], 19, 1],
];

testCases(
  "slice() takes columns, its gradient puts them between zeros",
  cuts.map(([shape, first, columns]): KernelCase => {
    const x = random("x", shape), expected = reference.slice(x, first, columns);
    const dy = random("dy", expected.shape), rest = shape[shape.length - 1] - first - columns;
    const zeros = (n: number) => n > 0 ? [tensor([...shape.slice(0, -1), n])] : [];
    return {
      name: `${columns} from ${first} on of [${shape}]`,
      feeds: { x, dy },
      record: ({ x, dy }) => {
        const y = slice(x, first, columns), [dx] = backward(y, dy), [back] = backward(dx!, x);
        return { y, dx: dx!, back: back! };
      },
      expect: {
        y: { value: expected },
        dx: { value: reference.concat([...zeros(first), dy, ...zeros(rest)]) },
        back: { value: expected },
      },
    };
  }),
);

const framed: [shape: [number, number, number, number], margins: Margins][] = [
  [[1, 1, 1, 1], { top: 1 }],
  [[2, 3, 4, 5], {}],
  [[2, 3, 4, 5], { top: 1, bottom: 2, left: 3, right: 4 }],
  [[2, 5, 3, 4], { bottom: 1, right: 1 }],
  [[1, 7, 2, 13], { left: 9 }],
  [[3, 9, 9, 8], { top: 2, bottom: 3, left: 2, right: 3 }],
];

testCases(
  "pad() and crop() are each other's gradient",
  framed.map(([shape, margins]): KernelCase => {
    const all = { top: 0, bottom: 0, left: 0, right: 0, ...margins };
    const x = random("x", shape), framed = random("framed", reference.pad(x, all).shape);
    return {
      name: `[${shape}] within [${framed.shape}]`,
      feeds: { x, framed },
      record: ({ x, framed }) => {
        const padded = pad(x, margins), [padGradient] = backward(padded, framed);
        const cropped = crop(framed, margins), [cropGradient] = backward(cropped, x);
        return { padded, padGradient: padGradient!, cropped, cropGradient: cropGradient! };
      },
      expect: {
        padded: { value: reference.pad(x, all) },
        padGradient: { value: reference.crop(framed, all) },
        cropped: { value: reference.crop(framed, all) },
        cropGradient: { value: reference.pad(x, all) },
      },
    };
  }),
);

const reordered: [shape: number[], order: number[]][] = [
  [[5], [0]],
  [[3, 4], [1, 0]],
  [[2, 3, 5], [1, 2, 0]],
  [[2, 7, 5, 3], [0, 3, 1, 2]],
  [[2, 7, 5, 3], [0, 2, 3, 1]],
  [[2, 3, 4, 8], [2, 0, 1, 3]],
  [[3, 4, 4, 4], [3, 2, 1, 0]],
  [[4, 1, 1, 9], [3, 1, 2, 0]],
];

testCases(
  "transpose() puts dimensions in order, its gradient puts them back",
  reordered.map(([shape, order]): KernelCase => {
    const x = random("x", shape), expected = reference.transpose(x, order);
    const dy = random("dy", expected.shape), back = order.map((_, d) => order.indexOf(d));
    return {
      name: `[${shape}] in the order [${order}]`,
      feeds: { x, dy },
      record: ({ x, dy }) => {
        const y = transpose(x, order), [dx] = backward(y, dy);
        return { y, dx: dx! };
      },
      expect: { y: { value: expected }, dx: { value: reference.transpose(dy, back) } },
    };
  }),
);

Deno.test("concat(), slice(), pad(), crop() and transpose() name what does not fit", () => {
  const tape = new Tape(), scope = "Mixed_5b";
  const of = (...shape: number[]): Value => tape.feed(`x ${shape}`, shape);
  const refused: [() => unknown, string][] = [
    [() => concat([], { scope }), "Cannot apply concat in Mixed_5b: there are no values"],
    [
      () => concat([of(2, 5, 5, 3), of(2, 5, 6, 3)], { scope }),
      "Cannot apply concat in Mixed_5b to [2,5,5,3], [2,5,6,3]: all dimensions but the last must be equal",
    ],
    [
      () => concat([of(2, 3), of(2, 3, 1)], { scope }),
      "Cannot apply concat in Mixed_5b to [2,3], [2,3,1]: all dimensions but the last must be equal",
    ],
    [
      () => concat([of(), of()], { scope }),
      "Cannot apply concat in Mixed_5b to [], []: scalars have no last dimension",
    ],
    [
      () => pad(of(2, 5), { scope, top: 1 }),
      "Cannot apply pad in Mixed_5b to [2,5]: the input needs 4 dimensions [n, height, width, channels]",
    ],
    [
      () => pad(of(2, 5, 5, 3), { scope, left: -1 }),
      "Cannot apply pad in Mixed_5b to [2,5,5,3]: left must be a whole number of at least 0, got -1",
    ],
    [
      () => crop(of(2, 5, 5, 3), { scope, bottom: 1.5 }),
      "Cannot apply crop in Mixed_5b to [2,5,5,3]: bottom must be a whole number of at least 0, got 1.5",
    ],
    [
      () => crop(of(2, 5, 5, 3), { scope, top: 3, bottom: 2 }),
      "Cannot apply crop in Mixed_5b to [2,5,5,3]: nothing would be left",
    ],
    [
      () => slice(of(2, 5, 3), 1, 3, { scope }),
      "Cannot apply slice in Mixed_5b to [2,5,3]: there are no 3 columns from 1 on among 3",
    ],
    [
      () => transpose(of(2, 5, 3), [0, 2, 2], { scope }),
      "Cannot apply transpose in Mixed_5b to [2,5,3]: [0,2,2] does not name each of the 3 dimensions once",
    ],
    [
      () => transpose(of(1, 2, 3, 4, 5), [0, 2, 1, 3, 4], { scope }),
      "Cannot apply transpose in Mixed_5b to [1,2,3,4,5]: the input has more than 4 dimensions",
    ],
  ];
  for (const [record, message] of refused) assertEquals(assertThrows(record, RangeError).message, message);
});
