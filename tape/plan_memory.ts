/**
 * Memory planning: values that are never alive at the same time share memory.
 *
 * Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020): the largest value
 * first, each where the first block has room during its whole life. A block is a buffer, since WebGPU forbids a dispatch to
 * read and write the same one, even at different ranges: so values that a dispatch reads and writes lie in different blocks.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Something that needs `bytes` from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Where an item lies: from a byte of a block on. */
export interface MemoryPlace {
  readonly block: number;
  readonly offset: number;
}

/** Place of each item, and bytes of each block. */
export interface MemoryPlan {
  readonly places: readonly MemoryPlace[];
  readonly blocks: readonly number[];
}

/** Where something of `bytes` fits among what lies in a block of `size`, in order; undefined where it does not. */
function roomIn(size: number, tenants: readonly { bytes: number; offset: number }[], bytes: number) {
  let offset = 0;
  for (const tenant of tenants) {
    if (offset + bytes <= tenant.offset) return offset;
    offset = Math.max(offset, tenant.offset + tenant.bytes);
  }
  return offset + bytes <= size ? offset : undefined;
}

/**
 * Places every item such that those of one block never lie at the same bytes at the same time.
 *
 * @param rivals for each item, those that may not be in its block while it lives
 */
export function planMemory(items: readonly Lifetime[], rivals?: readonly ReadonlySet<number>[]): MemoryPlan {
  const places: MemoryPlace[] = [], blocks: number[] = [], tenants: number[][] = [];
  const bySize = items.map((_, i) => i).sort((a, b) =>
    items[b].bytes - items[a].bytes || items[a].first - items[b].first
  );
  for (const i of bySize) {
    const { bytes, first, last } = items[i];
    let offset: number | undefined;
    let block = tenants.findIndex((list, b) => {
      const alive = list.filter((t) => items[t].first <= last && first <= items[t].last);
      if (alive.some((t) => rivals?.[i].has(t))) return false;
      const inOrder = alive.map((t) => ({ bytes: items[t].bytes, offset: places[t].offset }))
        .sort((a, b) => a.offset - b.offset);
      offset = roomIn(blocks[b], inOrder, bytes);
      return offset !== undefined;
    });
    if (block < 0) {
      block = blocks.length;
      blocks.push(bytes);
      tenants.push([]);
    }
    tenants[block].push(i);
    places[i] = { block, offset: offset ?? 0 };
  }
  return { places, blocks };
}
