/**
 * Says where the time of a training step goes: every launch alone, many times over.
 *
 * Usage: deno run --allow-ffi --allow-env --allow-read --allow-write bench/profile.ts --net=lenet --batch_size=32
 *
 * @module
 */
import { Executor } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/drivers.ts";
import type { Program } from "../tape/program.ts";
import { defineFlags, runTool } from "../tools/_flags.ts";
import { optimizer, type TrainCase } from "./cases.ts";
import { compileTraining } from "./ours.ts";
import { median } from "./report.ts";

const flags = defineFlags(
  "Lists the launches of a training step by their time.",
  {
    net: { type: "choice", choices: ["lenet", "cifarnet"], default: "lenet", help: "Net to train" },
    batch_size: { type: "int", default: 32, min: 1, help: "Images a step" },
    rounds: {
      type: "int",
      default: 3,
      min: 1,
      help: "Rounds over all launches; the list gives their medians",
    },
    top: { type: "int", default: 20, min: 1, help: "Launches to list" },
  },
);

/** Length of one measurement in milliseconds: reading the clock costs up to ten of them. */
const LENGTH_MS = 150;

/** Milliseconds a repetition of something submitted, less what waiting for nothing costs. */
async function measure(gpu: Gpu, submit: () => void): Promise<number> {
  const time = async (repetitions: number) => {
    const start = performance.now();
    for (let i = 0; i < repetitions; i++) submit();
    await gpu.idle();
    return performance.now() - start;
  };
  const empty = await time(0), once = Math.max(0.05, await time(1) - empty);
  const repetitions = Math.max(1, Math.min(500, Math.round(LENGTH_MS / once)));
  return Math.max(0, await time(repetitions) - empty) / repetitions;
}

interface Entry {
  readonly label: string;
  readonly ms: number;
  readonly work: number;
}

async function profile(gpu: Gpu, program: Program, rounds: number): Promise<Entry[]> {
  const times = program.commands.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [i, command] of program.commands.entries()) {
      const executor = new Executor(gpu, [command], { label: command.label });
      times[i].push(await measure(gpu, () => executor.run()));
    }
  }
  return program.commands.map((command, i) => ({
    label: command.label,
    ms: median(times[i]),
    work: "work" in command ? command.work : 0,
  }));
}

/** Prints the list and the whole step's time. */
export async function main(args: string[]): Promise<number> {
  const { net, batch_size: batch, rounds, top } = flags.parse(args);
  const gpu = await openGpu();
  try {
    const step = await compileTraining(gpu, {
      kind: "train",
      name: net,
      net: net as TrainCase["net"],
      batch,
    });
    step.run(0, optimizer.learningRate);
    const found = await profile(gpu, step.program, rounds);
    const whole = await measure(gpu, () => step.run(0, optimizer.learningRate));
    const sum = found.reduce((total, { ms }) => total + ms, 0);
    for (const { label, ms, work } of found.toSorted((a, b) => b.ms - a.ms).slice(0, top)) {
      const speed = `${(work / ms / 1e6).toFixed(1)} G/s`;
      console.log(
        `${ms.toFixed(2).padStart(8)} ms ${(100 * ms / sum).toFixed(1).padStart(5)}% ${
          speed.padStart(10)
        }  ${label}`,
      );
    }
    console.log(
      `${sum.toFixed(2).padStart(8)} ms in ${found.length} launches one by one; ${
        whole.toFixed(2)
      } ms as one step`,
    );
    step.destroy();
    return 0;
  } finally {
    gpu.close();
  }
}

if (import.meta.main) await runTool(main);
