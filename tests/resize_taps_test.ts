/** Resizing by taps against TensorFlow's definitions in float64, and what is packed of a picture. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type AxisResize, resizeMethods, resizeTaps, roundHalfToEven } from "../preprocessing/resize_taps.ts";

const sizes = [[1, 1], [1, 7], [7, 1], [2, 3], [5, 5], [37, 28], [28, 37], [53, 100], [400, 224], [4000, 32]];

/** All outputs of an axis as rows of a matrix [to, from]. */
function matrix(axis: AxisResize): number[][] {
  const { perOutput, indices, weights } = resizeTaps(axis, Array.from({ length: axis.to }, (_, i) => i));
  return Array.from({ length: axis.to }, (_, i) => {
    const row = new Array<number>(axis.from).fill(0);
    for (let t = i * perOutput; t < (i + 1) * perOutput; t++) row[indices[t]] += weights[t];
    return row;
  });
}

Deno.test("resizeTaps() give each output weights that sum to 1, whatever the sizes", () => {
  for (const method of resizeMethods) {
    for (const [from, to] of sizes) {
      for (const row of matrix({ method, from, to })) {
        assertAlmostEquals(row.reduce((a, b) => a + b, 0), 1, 2e-5, `${method} ${from} to ${to}`);
      }
    }
  }
});

Deno.test("resizeTaps() leave an axis of the same length as it is", () => {
  for (const method of resizeMethods) {
    assertEquals(matrix({ method, from: 3, to: 3 }), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
  }
});

Deno.test("resizeTaps() place outputs as TF 1 does, without half-pixel centres", () => {
  assertEquals(matrix({ method: "bilinear", from: 2, to: 4 }), [[1, 0], [0.5, 0.5], [0, 1], [0, 1]]);
  assertEquals(matrix({ method: "nearest", from: 4, to: 3 }), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]);
  assertEquals(
    matrix({ method: "area", from: 3, to: 2 }).flat().map((v) => Math.fround(v)),
    [
      2 / 3,
      1 / 3,
      0,
      0,
      1 / 3,
      2 / 3,
    ].map(Math.fround),
  );
  assertEquals(matrix({ method: "bicubic", from: 4, to: 8 })[3], [-0.09375, 0.59375, 0.59375, -0.09375]);
  const aligned = { from: 3, to: 5, alignCorners: true } as const;
  assertEquals(matrix({ method: "bilinear", ...aligned })[1], [0.5, 0.5, 0]);
  assertEquals(matrix({ method: "nearest", ...aligned }).map((row) => row.indexOf(1)), [0, 1, 1, 2, 2]);
});

Deno.test("resizeTaps() mark outputs outside of the resized axis as zeros", () => {
  const { perOutput, indices, weights } = resizeTaps({ method: "bilinear", from: 4, to: 2 }, [-1, 0, 1, 2]);
  assertEquals([perOutput, indices.length], [2, 8]);
  assertEquals([...weights], [0, 0, 1, 0, 1, 0, 0, 0]);
  assert(indices.every((index) => index >= 0 && index < 4));
});

Deno.test("roundHalfToEven() rounds as C's rint", () => {
  assertEquals([0.5, 1.5, 2.5, -0.5, -1.5, 1.4999, 3].map((v) => roundHalfToEven(v) + 0), [
    0,
    2,
    2,
    0,
    -2,
    1,
    3,
  ]);
});
