/**
 * Where the time of a program goes.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { DeviceClock } from "../gpu/device_clock.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { median, timeCommand, timeRepeated } from "../gpu/stopwatch.ts";
import { type Cost, costsOf } from "./cost.ts";
import type { Origin } from "./origin.ts";
import type { Program } from "./program.ts";

/** By the device's clock, all launches in order; or by the host's, each launch alone and many times over. */
export type TimingMethod = "timestamps" | "repeats";

/** One launch of a program. */
export interface LaunchProfile extends Cost, Origin {
  readonly kernel: string;
  readonly ms: number;
}

/** A measured program. */
export interface Profile {
  readonly method: TimingMethod;
  readonly rounds: number;
  /** In order; times are medians over the rounds. */
  readonly launches: readonly LaunchProfile[];
  /** Median milliseconds of a run, by the host's clock. */
  readonly runMs: number;
}

/** How to measure. */
export interface ProfileOptions {
  /** @default {5} */
  readonly rounds?: number;
  /** @default timestamps where the device has them */
  readonly method?: TimingMethod;
  /** Told after each round. */
  readonly onRound?: (done: number) => void;
}

/** Shortest time that a whole program, and a launch alone, are repeated for in a round: reading the clock costs ten of them. */
const runMilliseconds = 200, launchMilliseconds = 100;

/** Measures a program on what was fed to it; runs change what training changes. */
export async function profileProgram(
  gpu: Gpu,
  program: Program,
  options: ProfileOptions = {},
): Promise<Profile> {
  const { rounds = 5, method = DeviceClock.isSupported(gpu) ? "timestamps" : "repeats", onRound } = options;
  const { commands, plan } = program;
  const clock = method === "timestamps" ? await DeviceClock.open(gpu) : undefined;
  const times: number[][] = [], runs: number[] = [];
  try {
    await program.ready;
    program.run(); // first runs compile
    for (let round = 0; round < rounds; round++) {
      const run = (repetitions: number) => {
        for (let i = 0; i < repetitions; i++) program.run();
      };
      runs.push(await timeRepeated(gpu, run, runMilliseconds));
      if (clock) times.push(await clock.time(commands));
      else {
        const alone: number[] = [];
        for (const command of commands) alone.push(await timeCommand(gpu, command, launchMilliseconds));
        times.push(alone);
      }
      onRound?.(round + 1);
    }
  } finally {
    clock?.destroy();
  }
  const costs = costsOf(plan);
  const launches = plan.launches.map(({ launch, origin }, i) => ({
    ...origin,
    kernel: launch.kernel.name,
    ms: median(times.map((round) => round[i])),
    ...costs[i],
  }));
  return { method, rounds, launches, runMs: median(runs) };
}
