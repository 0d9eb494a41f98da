/**
 * Topic `optimizers`: steps of every optimizer from optimizers.json, moving averages of variables from moving_average.json,
 * losses from losses.json. Classes of TF's optimizers have no counterpart; metrics.json is the topic `metrics`.
 */
import type { Gpu } from "../../gpu/gpu.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { movingAverage } from "../../kernels/optimizers.ts";
import { compile } from "../../tape/compile.ts";
import { Parameters } from "../../tape/parameters.ts";
import { Tape } from "../../tape/tape.ts";
import { shadowRate, SHADOWS } from "../../training/moving_averages.ts";
import { configureOptimizer, type OptimizerFlags } from "../../training/optimizers.ts";
import { Comparison } from "./_comparison.ts";
import { onDevice } from "./_device.ts";
import { randomValues } from "./_formula.ts";
import { lossCases, type LossesFile } from "./_losses.ts";
import { type GoldenCase, readJson } from "./report.ts";

interface Tensor {
  shape: number[];
  values: number[];
}
interface OptimizerCase {
  optimizer: string;
  set: string;
  flags: Omit<OptimizerFlags, "optimizer"> & { learning_rate: number };
  /** Names of all that a checkpoint has, sorted. */
  variables_in_checkpoint: string[];
  /** All of it before any step, and after each. */
  after_step: Record<string, Tensor>[];
}
interface AverageCase {
  decay: number;
  /** Name of the average in a checkpoint. */
  shadow_name: string;
  /** What a net that takes averages in place of its variables reads. */
  variables_to_restore: string[];
  /** The state before any averaging, and after each. */
  records: { num_updates: number | null; var: number[]; shadow: number[] }[];
}

/** Scales of a variable's first values and of its gradients at a step. */
const SCALES: Record<string, { start: number; gradient: (step: number) => number }> = {
  "net/biases": { start: 0, gradient: (step) => step === 4 ? 0 : 0.01 },
  "net/weights": { start: 1, gradient: (step) => step % 3 === 0 ? 10 : 1 },
};
const NAMES = Object.keys(SCALES);

async function runSteps(gpu: Gpu, salt: string, c: OptimizerCase): Promise<Comparison> {
  const report = new Comparison(), relative = ["adadelta", "ftrl"].includes(c.optimizer) ? 1e-5 : 1e-6;
  const optimizer = configureOptimizer({ ...c.flags, optimizer: c.optimizer }), { rule, options } = optimizer;
  const values = (name: string, stream: string, scale: number) =>
    randomValues(`${salt}/optimizers/${stream}`, sizeOf(c.after_step[0][name].shape), scale);
  const tape = new Tape();
  for (const name of NAMES) {
    const initialize = () => values(name, name, SCALES[name].start);
    tape.variable(name, c.after_step[0][name].shape, { initialize });
  }
  const gradients = new Map([...tape.variables].map(([name, v]) => [name, tape.feed(name, v.shape)]));
  const parameters = new Parameters(gpu, tape.variables);
  const updates = [{ rule, options, rate: tape.feed("rate", [2]), values: gradients }];
  const program = await compile(gpu, tape, { fetches: {}, updates, parameters });
  try {
    parameters.initialize(0);
    const stored = NAMES.flatMap((variable) =>
      ["", ...parameters.slots].map((slot) => ({
        name: slot ? `${variable}/${slot}` : variable,
        read: () => parameters.read(variable, slot),
      }))
    );
    const { learning_rate: learningRate } = c.flags;
    for (const [t, expected] of c.after_step.entries()) {
      if (t > 0) {
        for (const name of NAMES) {
          program.feed(name, values(name, `grad/${name}/${t - 1}`, SCALES[name].gradient(t - 1)));
        }
        program.feed("rate", Float32Array.of(optimizer.rate(learningRate, t - 1), learningRate));
        program.run();
      }
      const scalars: Record<string, number> = { ...optimizer.scalars(t), global_step: t };
      const names = [...stored.map(({ name }) => name), ...Object.keys(scalars)].sort();
      report.names("checkpoint entry", names, c.variables_in_checkpoint);
      report.names(`entry after step ${t}`, names, Object.keys(expected).sort());
      for (const [name, value] of Object.entries(scalars)) {
        report.number(`${name} after step ${t}`, value, expected[name]?.values[0], { relative });
      }
      for (const { name, read } of stored) {
        const values = expected[name]?.values ?? [];
        report.list(`${name} after step ${t}`, await read(), values, { largest: relative });
      }
    }
  } finally {
    program.destroy();
    parameters.destroy();
  }
  return report;
}

/** The records give the variable as well: it is written, not trained. */
async function runAverages(gpu: Gpu, c: AverageCase): Promise<Comparison> {
  const report = new Comparison(), tape = new Tape(), [name] = c.shadow_name.split(`/${SHADOWS}`);
  report.names("variable to restore", ["global_step", `${name}/${SHADOWS}`], c.variables_to_restore);
  const value = tape.variable(name, [c.records[0].var.length], { initialize: () => new Float32Array() });
  const parameters = new Parameters(gpu, tape.variables),
    program = await compile(gpu, tape, {
      fetches: {},
      updates: [{
        rule: movingAverage,
        options: {},
        rate: tape.feed("shadowRate", [1]),
        values: new Map([[name, value]]),
        shadows: { name: SHADOWS, initial: 0 },
      }],
      parameters,
    });
  try {
    for (const [i, { num_updates, ...expected }] of c.records.entries()) {
      parameters.write(name, Float32Array.from(expected.var));
      if (num_updates === null) parameters.copy("", SHADOWS);
      else {
        program.feed("shadowRate", Float32Array.of(shadowRate(c.decay, num_updates)));
        program.run();
      }
      const shadow = await parameters.read(name, SHADOWS);
      report.list(`average of record ${i}`, shadow, expected.shadow, { largest: 1e-6 });
    }
  } finally {
    program.destroy();
    parameters.destroy();
  }
  return report;
}

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const optimizers: { salt: string; cases: OptimizerCase[] } = await readJson(`${directory}/optimizers.json`);
  for (const c of optimizers.cases) {
    yield onDevice(`${c.optimizer}, ${c.set}`, (gpu) => runSteps(gpu, optimizers.salt, c));
  }
  const averages: AverageCase[] = await readJson(`${directory}/moving_average.json`);
  for (const c of averages) yield onDevice(`moving average ${c.decay}`, (gpu) => runAverages(gpu, c));
  const losses: LossesFile = await readJson(`${directory}/losses.json`);
  for (const [name, run] of lossCases(losses)) yield onDevice(name, run);
}
