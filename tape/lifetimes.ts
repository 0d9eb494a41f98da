/**
 * When the memory of each value of a program is needed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Plan } from "./plan.ts";
import type { Value } from "./tape.ts";

/** From the first launch that touches a value to the last, the preparation's counted first; both included. */
export interface Life {
  readonly first: number;
  readonly last: number;
}

/**
 * Lives of all values that have memory of their own, by what `root` tells.
 *
 * A result of the preparation that runs read lives on to the end of the program, and so to its next run. One that they read from
 * a texture of its own needs its memory only until it has been copied there.
 *
 * @param kept values that are read after a run
 */
export function lifetimes(
  plan: Pick<Plan, "tape" | "preparation" | "launches" | "fills">,
  kept: Iterable<Value>,
  root: (value: Value) => Value,
): Map<Value, Life> {
  const lives = new Map<Value, Life>(), begin = plan.preparation.length, end = begin + plan.launches.length;
  const touch = (value: Value, i: number) => {
    const key = root(value), { first, last } = lives.get(key) ?? { first: i, last: i };
    lives.set(key, { first: Math.min(first, i), last: Math.max(last, i) });
  };
  [...plan.preparation, ...plan.launches].forEach(({ launch, textures }, i) =>
    launch.buffers.forEach((value, b) => {
      if (!launch.unused?.includes(b) && !textures.get(b + 1)?.isKept) touch(value, i);
    })
  );
  for (const { value, after } of plan.fills) touch(value, Math.max(0, after));
  for (const [value, { first, last }] of lives) {
    if (first < begin && last >= begin) touch(value, end);
  }
  for (const value of kept) touch(value, end);
  for (const value of plan.tape.feeds.values()) touch(value, 0);
  return lives;
}
