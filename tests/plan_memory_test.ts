// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { uniforms } from "../random/philox.ts";
import { type Lifetime, planMemory } from "../tape/plan_memory.ts";

/** Lifetimes as a net has them: most short, some from forward to backward, sizes over five orders of magnitude. */
function randomLifetimes(seed: number): Lifetime[] {
  const next = uniforms(seed, 1), steps = 2 + Math.floor(60 * next());
  return Array.from({ length: Math.floor(80 * next()) }, () => {
    const first = Math.floor(steps * next()), length = Math.floor((next() < 0.8 ? 4 : steps) * next());
    return { bytes: 256 * Math.ceil(10 ** (5 * next())), first, last: Math.min(steps - 1, first + length) };
  });
}

const overlap = (a: Lifetime, b: Lifetime) => a.first <= b.last && b.first <= a.last;

Deno.test("planMemory() never puts two values that live at once into one block", () => {
  for (let seed = 0; seed < 500; seed++) {
    const items = randomLifetimes(seed), { blockOf, blocks } = planMemory(items);
    assertEquals(blockOf.length, items.length);
    items.forEach((a, i) => {
      assert(a.bytes <= blocks[blockOf[i]], `seed ${seed}: block ${blockOf[i]} is too small for item ${i}`);
      items.slice(0, i).forEach((b, j) => {
        assert(
          blockOf[i] !== blockOf[j] || !overlap(a, b),
          `seed ${seed}: items ${i} and ${j} share a block`,
        );
      });
    });
  }
});

Deno.test("planMemory() needs no more than the sum, nor less than what lives at once", () => {
  let planned = 0, sum = 0;
  for (let seed = 0; seed < 500; seed++) {
    const items = randomLifetimes(seed), total = planMemory(items).blocks.reduce((a, b) => a + b, 0);
    const each = items.reduce((a, item) => a + item.bytes, 0);
    const atOnce = Math.max(
      0,
      ...items.map(({ first: t }) =>
        items.filter((b) => b.first <= t && t <= b.last).reduce((a, b) => a + b.bytes, 0)
      ),
    );
    assert(atOnce <= total && total <= each, `seed ${seed}: ${atOnce}, ${total}, ${each}`);
    [planned, sum] = [planned + total, sum + each];
  }
  assert(planned < 0.6 * sum, `${planned} of ${sum} bytes: memory is hardly shared`);
});

Deno.test("planMemory() gives a chain two blocks, and one that starts where another ends its own", () => {
  const chain = [0, 1, 2, 3, 4].map((i) => ({ bytes: 512, first: i, last: i + 1 }));
  assertEquals(planMemory(chain), { blockOf: [0, 1, 0, 1, 0], blocks: [512, 512] });
  const sizes = [{ bytes: 256, first: 0, last: 0 }, { bytes: 1024, first: 1, last: 1 }];
  assertEquals(planMemory(sizes), { blockOf: [0, 0], blocks: [1024] });
  assertEquals(planMemory([]), { blockOf: [], blocks: [] });
});
