/**
 * Memory planning: values that are never alive at the same time share a block.
 *
 * Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020): the largest value
 * first, each into the first block that is free during its whole life. A block is a buffer of its own rather than a range
 * of one, because WebGPU forbids a dispatch to read and write the same buffer, even at different ranges.
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

/** Block of each item, and bytes of each block. */
export interface MemoryPlan {
  readonly blockOf: readonly number[];
  readonly blocks: readonly number[];
}

/** Assigns every item to a block such that items of one block never live at the same time. */
export function planMemory(items: readonly Lifetime[]): MemoryPlan {
  const blockOf = new Array<number>(items.length), blocks: number[] = [], tenants: Lifetime[][] = [];
  const bySize = items.map((_, i) => i).sort((a, b) =>
    items[b].bytes - items[a].bytes || items[a].first - items[b].first
  );
  for (const i of bySize) {
    const item = items[i];
    let block = tenants.findIndex((list) => list.every((t) => t.last < item.first || item.last < t.first));
    if (block < 0) {
      block = blocks.length;
      blocks.push(item.bytes);
      tenants.push([]);
    }
    tenants[block].push(item);
    blockOf[i] = block;
  }
  return { blockOf, blocks };
}
