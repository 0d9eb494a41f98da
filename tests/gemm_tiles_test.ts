/** How products are covered by tiles: whole, once, and by small tiles at edges that large ones would lie over by much. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { chooserOf } from "../kernels/choices.ts";
import type { Emitter } from "../kernels/emitter.ts";
import { cover, type Part } from "../kernels/gemm_tiles.ts";

const emitterOf = (subgroups: boolean, forced: string[] = []) =>
  ({ subgroups, choose: chooserOf({ kind: "software", forced }) }) as unknown as Emitter<unknown>;

const namesOf = (parts: readonly Part[]) =>
  parts.map(({ kernel }) => kernel.name.replace(/gemm_(\w+)_rows/, "$1"));

/** How many parts hold each row and vec4 column. */
function counts(parts: readonly Part[], m: number, n4: number): number[][] {
  const inside = (at: number, first: number, size: number) => at >= first && at < first + size;
  return Array.from(
    { length: m },
    (_, row) =>
      Array.from(
        { length: n4 },
        (_, column) =>
          parts.filter(({ first, size }) =>
            inside(row, first[0], size[0]) && inside(column, first[1], size[1])
          ).length,
      ),
  );
}

Deno.test("cover() holds each number of a product once, whatever its size and the tile", () => {
  for (const m of [1, 7, 56, 64, 65, 120, 121, 200]) {
    for (const n4 of [1, 2, 8, 9, 17, 27]) {
      for (const forced of [[], ["8x32"], ["7x32"], ["16x16"], ["8x8"]]) {
        const { parts } = cover(emitterOf(true, forced), "rows", true, [m, n4, 4096, 9]);
        assert(counts(parts, m, n4).flat().every((count) => count === 1), `${m} x ${n4} by ${forced}`);
        for (const { first, size, tilesN, kernel, laneColumns } of parts) {
          const width = tilesN * laneColumns * (Number(/x(\d+)_/.exec(kernel.name)![1]) / 4);
          assert(width === size[1] || first[1] + size[1] === n4, "only the last column ends a launch");
        }
      }
    }
  }
});

Deno.test("cover() lays small tiles along edges where that takes less time than large ones, and launches", () => {
  const by = (subgroups: boolean, ...sizes: [number, number, number, number]) =>
    namesOf(cover(emitterOf(subgroups), "rows", true, sizes).parts);
  assertEquals(by(true, 64, 16, 4096, 1), ["8x32"]);
  assertEquals(by(true, 64 * 200, 17, 4096, 1), ["8x32", "16x4"]);
  assertEquals(by(true, 65, 256, 4096, 1), ["8x32", "1x32"]);
  assertEquals(by(true, 64 * 200, 17, 1, 1), ["8x32"]);
  assertEquals(by(false, 64 * 200, 17, 4096, 1), ["16x16"]);
});

Deno.test("cover() leaves it to who chooses: not at edges, and not by the tile that is for these", () => {
  const asked: [string, readonly number[], readonly string[]][] = [];
  const emitter = {
    subgroups: true,
    choose: (operation: string, sizes: readonly number[], ways: readonly string[], byDefault: string) => {
      asked.push([operation, sizes, ways]);
      return byDefault;
    },
  } as unknown as Emitter<unknown>;
  assertEquals(cover(emitter, "rows", true, [129, 17, 4096, 1]).parts.length, 3);
  assertEquals(asked, [["gemm", [129, 68, 4096, 1], ["16x16", "8x8", "8x32", "7x32", "1x32", "shared"]]]);
});
