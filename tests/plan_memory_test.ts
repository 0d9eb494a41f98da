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

Deno.test("planMemory() never puts two values that live at once at the same place, nor rivals into one block", () => {
  let shared = 0;
  for (let seed = 0; seed < 500; seed++) {
    const items = randomLifetimes(seed),
      next = uniforms(seed, 2),
      rivals = items.map(() => new Set<number>());
    items.forEach((a, i) =>
      items.slice(0, i).forEach((b, j) => {
        if (!overlap(a, b) || next() < 0.7) return;
        rivals[i].add(j);
        rivals[j].add(i);
      })
    );
    const { places, blocks } = planMemory(items, rivals);
    assertEquals(places.length, items.length);
    items.forEach((a, i) => {
      const { block, offset } = places[i];
      assertEquals(offset % 256, 0, `seed ${seed}: item ${i} cannot be bound`);
      assert(offset + a.bytes <= blocks[block], `seed ${seed}: block ${block} is too small for item ${i}`);
      items.slice(0, i).forEach((b, j) => {
        if (block !== places[j].block || !overlap(a, b)) return;
        assert(!rivals[i].has(j), `seed ${seed}: rivals ${i} and ${j} are in one block`);
        const isApart = offset + a.bytes <= places[j].offset || places[j].offset + b.bytes <= offset;
        assert(isApart, `seed ${seed}: items ${i} and ${j} lie at the same place`);
        shared++;
      });
    });
  }
  assert(shared > 500, `only ${shared} pairs of values share a block while both live`);
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
  const at = (block: number, offset = 0) => ({ block, offset });
  assertEquals(planMemory(chain), { places: [at(0), at(1), at(0), at(1), at(0)], blocks: [512, 512] });
  const sizes = [{ bytes: 256, first: 0, last: 0 }, { bytes: 1024, first: 1, last: 1 }];
  assertEquals(planMemory(sizes), { places: [at(0), at(0)], blocks: [1024] });
  assertEquals(planMemory([]), { places: [], blocks: [] });
});

Deno.test("planMemory() puts small values beside each other where a large one was, unless they are rivals", () => {
  const items = [{ bytes: 1024, first: 0, last: 0 }, { bytes: 512, first: 1, last: 1 }, {
    bytes: 512,
    first: 1,
    last: 1,
  }];
  const at = (block: number, offset = 0) => ({ block, offset });
  assertEquals(planMemory(items), { places: [at(0), at(0), at(0, 512)], blocks: [1024] });
  const rivals = [new Set<number>(), new Set([2]), new Set([1])];
  assertEquals(planMemory(items, rivals), { places: [at(0), at(0), at(1)], blocks: [1024, 512] });
});
