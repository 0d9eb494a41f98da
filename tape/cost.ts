/**
 * What the launches of a plan cost: floating-point operations and bytes.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Launch, sizeOf } from "../kernels/kernel.ts";
import type { Origin } from "./origin.ts";
import type { Plan } from "./plan.ts";
import type { Value } from "./tape.ts";

/** What a launch must do, however its kernel does it. */
export interface Cost {
  /** Floating-point operations of products and convolutions, two a multiply-accumulate; 0 for all else. */
  readonly flops: number;
  /** Bytes of the buffers, each counted once: to read, to write, or both where they keep values from step to step. */
  readonly bytes: number;
}

/** Kernels whose work is counted in floating-point operations. */
const products = /^(gemm|depthwise)(?!_reduce)/;
/** Kernels that touch only a part of what they bind: their work is the bytes that they read. */
const copies = /^copy_columns/;

/** Costs of all launches, in order. */
export function costsOf(plan: Plan): Cost[] {
  const works = new Map<Origin, Map<Value, number>>();
  for (const { launch, origin } of plan.launches) {
    const ofOrigin = works.get(origin) ?? new Map<Value, number>();
    works.set(origin, ofOrigin);
    for (const value of written(launch)) {
      ofOrigin.set(value, (ofOrigin.get(value) ?? 0) + launch.work);
    }
  }
  return plan.launches.map(({ launch, origin }) => {
    const { kernel: { name }, work } = launch;
    if (copies.test(name)) return { flops: 0, bytes: 2 * work };
    const writes = written(launch);
    const bytes = [...new Set(launch.buffers)].map((value) => {
      const size = sizeOf(value.shape) * plan.bytesEach(value);
      if (!writes.has(value)) return size;
      // What several launches of an operation write, each writes a part of, such as every second pixel.
      const all = works.get(origin)!.get(value)!, share = all > 0 ? work / all : 1;
      return size * share * (lasts(plan, value) ? 2 : 1);
    });
    return { flops: products.test(name) ? work : 0, bytes: bytes.reduce((a, b) => a + b, 0) };
  });
}

function written({ buffers, writes }: Launch<Value>): Set<Value> {
  return new Set(writes.map((i) => buffers[i]));
}

/** Whether a value is there before the step, as variables, slots and states are: changing it means reading it, too. */
function lasts(plan: Plan, value: Value): boolean {
  const { kind } = plan.region(value).memory;
  return kind === "arena" || kind === "source";
}
