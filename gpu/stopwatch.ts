/**
 * Times submissions by the host's clock.
 *
 * This module is browser compatible.
 * @module
 */
import { type Command, Executor } from "./executor.ts";
import type { Gpu } from "./gpu.ts";

/** Most repetitions of one measurement: what is shorter than a microsecond is not worth more. */
const mostRepetitions = 100_000;

/** Milliseconds from a submission until the device is idle. */
async function elapsed(gpu: Gpu, submit: () => void): Promise<number> {
  const start = performance.now();
  submit();
  await gpu.idle();
  return performance.now() - start;
}

/**
 * Milliseconds that one repetition takes, out of as many as last about `milliseconds`, less what an empty submission costs:
 * ten of them in Deno. What is submitted should have run before, since first runs compile.
 *
 * @param estimate what a repetition takes, about: so that fewer measurements lead to the right number of them
 */
export async function timeRepeated(
  gpu: Gpu,
  submit: (repetitions: number) => void,
  milliseconds: number,
  estimate = Infinity,
): Promise<number> {
  const { device } = gpu;
  await gpu.idle();
  for (let repetitions = Math.min(mostRepetitions, Math.ceil(1 + milliseconds / estimate));;) {
    const empty = await elapsed(gpu, () => device.queue.submit([device.createCommandEncoder().finish()]));
    const time = Math.max(0, await elapsed(gpu, () => submit(repetitions)) - empty);
    if (time >= milliseconds / 2 || repetitions === mostRepetitions) return time / repetitions;
    const growth = Math.min(16, Math.max(2, milliseconds / Math.max(time, 1)));
    repetitions = Math.min(mostRepetitions, Math.ceil(repetitions * growth));
  }
}

/** The same for a command, repeated within one submission. */
export function timeCommand(gpu: Gpu, command: Command, milliseconds: number): Promise<number> {
  const submit = (repetitions: number) => {
    new Executor(gpu, Array<Command>(repetitions).fill(command), { label: command.label }).run();
  };
  return timeRepeated(gpu, submit, milliseconds);
}

/** Least of three measurements of a command that has not run before. */
export async function bestTime(gpu: Gpu, command: Command): Promise<number> {
  new Executor(gpu, [command], { label: command.label }).run();
  let best = Infinity;
  for (let round = 0; round < 3; round++) best = Math.min(best, await timeCommand(gpu, command, 300));
  return best;
}

/** Middle value; the mean of both in an even list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
