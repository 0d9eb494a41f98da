/**
 * When the memory of each value of a program is needed, and which values may not share a buffer.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { PlannedLaunch } from "./memory.ts";
import type { Stages } from "./stages.ts";
import type { Value } from "./tape.ts";

type Launches = Pick<Stages, "preparation" | "intake" | "launches" | "outtake">;

/** Those of all stages, in order. */
function all({ preparation, intake, launches, outtake }: Launches): readonly PlannedLaunch[] {
  return [...preparation, ...intake, ...launches, ...outtake];
}

/** From the first launch that touches a value to the last, those of preparation and intake counted first; both included. */
export interface Life {
  readonly first: number;
  readonly last: number;
}

/**
 * Lives of all values that have memory of their own, by what `root` tells.
 *
 * A result of preparation or intake that runs read lives on to the end of the program, and so to its next run. One that they read from
 * a texture of its own needs its memory only until it has been copied there.
 *
 * @param kept values that are read after a run
 */
export function lifetimes(
  plan: Launches & Pick<Stages, "fills" | "intakeFills">,
  kept: Iterable<Value>,
  root: (value: Value) => Value,
): Map<Value, Life> {
  const lives = new Map<Value, Life>(), { fills, intakeFills } = plan;
  const fed = plan.preparation.length, begin = fed + plan.intake.length, end = all(plan).length;
  const touch = (value: Value, i: number) => {
    const key = root(value), { first, last } = lives.get(key) ?? { first: i, last: i };
    lives.set(key, { first: Math.min(first, i), last: Math.max(last, i) });
  };
  all(plan).forEach(({ launch, textures }, i) =>
    launch.buffers.forEach((value, b) => {
      if (!launch.unused?.includes(b) && !textures.get(b + 1)?.isKept) touch(value, i);
    })
  );
  for (const { value, after } of fills) touch(value, Math.max(0, after));
  for (const { value, after } of intakeFills) touch(value, fed + Math.max(0, after));
  for (const [value, { first, last }] of lives) {
    if (first >= begin || last < begin) continue;
    touch(value, end);
    if (first >= fed) touch(value, 0); // the preparation may come again without the intake
  }
  for (const value of kept) touch(value, end);
  return lives;
}

/** For each of the values, those of them that a launch writes while it reads the value, or reads while it writes it. */
export function rivalsOf(
  plan: Launches,
  values: readonly Value[],
  root: (value: Value) => Value,
): Set<number>[] {
  const indices = new Map(values.map((value, i) => [value, i])), rivals = values.map(() => new Set<number>());
  for (const { launch: { buffers, writes, unused }, textures } of all(plan)) {
    const bound = buffers.map((value, b) =>
      unused?.includes(b) || textures.has(b + 1) ? undefined : indices.get(root(value))
    );
    for (const written of writes.map((b) => bound[b])) {
      bound.forEach((read, b) => {
        if (written === undefined || read === undefined || writes.includes(b)) return;
        rivals[written].add(read);
        rivals[read].add(written);
      });
    }
  }
  return rivals;
}
