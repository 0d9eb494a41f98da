/** How a kernel's parameters are packed and grids spread: pure functions, against layouts computed by hand. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { defineKernel, MAX_WORKGROUPS, type ParamValues, sizeOf, spread } from "../kernels/kernel.ts";
import { slide, type WindowOptions } from "../kernels/window.ts";
import { axis } from "./reference/window.ts";

const kernel = (fields: string) => defineKernel("k", `struct Params { ${fields} }\nfn main() {}`);

/** Fields, values, and the words that WGSL's rules for uniform buffers (section 14.4.1) put them at. */
const layouts: [string, ParamValues, (number | undefined)[]][] = [
  ["a: u32", { a: 7 }, [7]],
  ["a: u32, b: i32", { a: 2 ** 32 - 1, b: -2 }, [0xffffffff, 0xfffffffe]],
  ["a: u32, b: vec2u, c: u32", { a: 1, b: [2, 3], c: 4 }, [1, undefined, 2, 3, 4, undefined]],
  ["a: vec3u, b: u32", { a: [1, 2, 3], b: 4 }, [1, 2, 3, 4]],
  ["a: u32, b: vec3u", { a: 1, b: [2, 3, 4] }, [1, undefined, undefined, undefined, 2, 3, 4, undefined]],
  [
    "a: vec3i, b: vec3i, c: i32,",
    { a: [-1, 2, 3], b: [4, 5, 6], c: 7 },
    [0xffffffff, 2, 3, undefined, 4, 5, 6, 7],
  ],
  ["a: vec4u, b: u32", { a: [1, 2, 3, 4], b: 5 }, [1, 2, 3, 4, 5, undefined, undefined, undefined]],
  ["a: f32, b: vec2f", { a: 1, b: [-2, 0.5] }, [0x3f800000, undefined, 0xc0000000, 0x3f000000]],
  ["a: vec4f, b: vec2i", { a: [0, 1, 0, 1], b: [-1, 1] }, [
    0,
    0x3f800000,
    0,
    0x3f800000,
    0xffffffff,
    1,
    undefined,
    undefined,
  ]],
  ["a: u32, // a: comment, b: f32\n  b: vec2u", { a: 1, b: [2, 3] }, [1, undefined, 2, 3]],
];

for (const [fields, values, words] of layouts) {
  Deno.test(`pack() lays out ${fields.replaceAll("\n", " ")}`, () => {
    const k = kernel(fields);
    assertEquals(k.paramsSize, 4 * words.length);
    assertEquals([...new Uint32Array(k.pack(values))], words.map((word) => word ?? 0));
  });
}

Deno.test("pack() and defineKernel() refuse what does not fit, by full text", () => {
  const k = kernel("a: u32, b: vec2u");
  const texts: [() => unknown, typeof Error, string][] = [
    [() => k.pack({ a: 1, b: [1, 2], c: 3 }), TypeError, "Cannot pack parameters of k: unknown field c"],
    [() => k.pack({ a: 1 }), TypeError, "Cannot pack parameters of k: b needs 2 number(s), got undefined"],
    [() => k.pack({ a: 1, b: 2 }), TypeError, "Cannot pack parameters of k: b needs 2 number(s), got 2"],
    [
      () => k.pack({ a: [1, 2], b: [1, 2] }),
      TypeError,
      "Cannot pack parameters of k: a needs 1 number(s), got 1,2",
    ],
    [
      () => k.pack({ a: NaN, b: [1, 2] }),
      TypeError,
      "Cannot pack parameters of k: a needs 1 number(s), got NaN",
    ],
    [() => kernel("a: mat2x2f"), SyntaxError, "Cannot define kernel k: Params.a has unknown type mat2x2f"],
    [() => defineKernel("k", "fn main() {}"), SyntaxError, "Cannot define kernel k: it has no struct Params"],
  ];
  for (const [call, type, text] of texts) assertEquals(assertThrows(call, type).message, text);
});

Deno.test("spread() covers every number of workgroups within the limits of a dimension", () => {
  assertEquals([0, 1, 65_535].map(spread), [[1, 1, 1], [1, 1, 1], [65_535, 1, 1]]);
  for (const count of [65_536, 65_537, 131_070, 131_071, 1e6 + 3, 1e9 + 7, MAX_WORKGROUPS ** 2]) {
    const [x, y, z] = spread(count);
    assert(x <= MAX_WORKGROUPS && y <= MAX_WORKGROUPS && z === 1, `${count}`);
    assert(x * y >= count && x * (y - 1) < count, `${count}: ${x} x ${y}`);
  }
});

Deno.test("sizeOf() multiplies dimensions, and a scalar has one element", () => {
  assertEquals([[], [3], [2, 3, 5]].map(sizeOf), [1, 3, 30]);
});

Deno.test("slide() gives TF's sizes and padding for every small window", () => {
  let windows = 0;
  for (const padding of ["SAME", "VALID"] as const) {
    for (let size = 1; size <= 9; size++) {
      for (let kernel = 1; kernel <= 5; kernel++) {
        for (let stride = 1; stride <= 4; stride++) {
          for (let rate = 1; rate <= 3; rate++) {
            const options: WindowOptions = { stride: [stride, 1], rate: [rate, 1], padding };
            const [out, pad] = axis(size, kernel, stride, rate, padding);
            if (out < 1) {
              assertThrows(() => slide([1, size, 4, 1], [kernel, 2], options), RangeError, "does not fit");
              continue;
            }
            const g = slide([1, size, 4, 1], [kernel, 2], options);
            assertEquals([g.out, g.pad], [[out, padding === "SAME" ? 4 : 3], [pad, 0]]);
            windows++;
          }
        }
      }
    }
  }
  assert(windows > 700);
});
