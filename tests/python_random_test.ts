/** Python's generator and shuffle, compared with what CPython 3.11 gave. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { PythonRandom } from "../random/python_random.ts";
import reference from "./fixtures/tfrecord/python_random_shuffle.json" with { type: "json" };

function shuffled(seed: number, length: number): number[] {
  const list = Array.from({ length }, (_, i) => i);
  new PythonRandom(seed).shuffle(list);
  return list;
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

for (const [seed, expected] of Object.entries(reference.cases)) {
  Deno.test(`PythonRandom draws and shuffles as Python does: seed ${seed}`, async () => {
    const first5 = Array(5).fill(0);
    const bits = new PythonRandom(Number(seed)), numbers = new PythonRandom(Number(seed));
    assertEquals(first5.map(() => bits.randomBits(32)), expected.getrandbits32_first5);
    assertEquals(first5.map(() => numbers.random()), expected.random_first5);
    for (const length of [1, 2, 5, 10, 37] as const) {
      assertEquals(shuffled(Number(seed), length), expected[`shuffle_range_${length}`]);
    }
    const long = shuffled(Number(seed), 3670);
    const [first20, last5, digest] = expected.shuffle_range_3670_first20_last5_sha256;
    assertEquals([long.slice(0, 20), long.slice(-5)], [first20, last5]);
    assertEquals(await sha256(long.join(",")), digest);
  });
}

Deno.test("PythonRandom takes a seed's absolute value and refuses what is no integer", () => {
  assertEquals(shuffled(-12345, 10), shuffled(12345, 10));
  assertThrows(() => new PythonRandom(0.5), RangeError, "Cannot seed with 0.5");
  assertThrows(() => new PythonRandom(2 ** 60), RangeError);
});
