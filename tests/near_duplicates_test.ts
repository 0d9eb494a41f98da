/** Pictures that look alike, by a grid and by a comparison of all. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ALIKE, findAlike } from "../datasets/check/near_duplicates.ts";
import { unit } from "./goldens/_formula.ts";

Deno.test("findAlike() finds the same pairs as a comparison of all", () => {
  const size = 256, count = 400;
  const thumbnails = Array.from({ length: count }, (_, n) =>
    Uint8Array.from({ length: size }, (_, i) => {
      // Every third one repeats an earlier one with noise about the threshold; a few are plain.
      const base = n % 3 === 2 ? n - 2 : n, noise = n % 3 === 2 ? (unit(n, i) - 0.5) * (14 + n % 7) : 0;
      const contrast = base % 30 === 0 ? 4 : 120;
      return Math.round(
        100 + noise + contrast * (unit(base, i & 0xf3) - 0.5) + contrast / 6 * Math.sin(base + i / 40),
      );
    }));
  const distance = (a: Uint8Array, b: Uint8Array) =>
    Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / size);
  const spread = (a: Uint8Array) => {
    const mean = a.reduce((sum, value) => sum + value, 0) / size;
    return Math.sqrt(a.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
  };
  const isPlain = thumbnails.map((thumbnail) => spread(thumbnail) < 10);
  const expected = thumbnails.map((thumbnail, i) =>
    isPlain[i]
      ? -1
      : thumbnails.findIndex((other, j) => j < i && !isPlain[j] && distance(thumbnail, other) <= ALIKE)
  );
  const found = findAlike(thumbnails);
  assertEquals([...found], expected);
  assert(expected.some((first) => first >= 0) && isPlain.some(Boolean), "the test has pairs and plain ones");
});
