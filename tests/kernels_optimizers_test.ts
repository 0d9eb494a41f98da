/** Optimizer steps over the parameter arena against the update rules, one step at a time, with a frozen variable between. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { movingAverage, sgd } from "../kernels/optimizers.ts";
import { compile } from "../tape/compile.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Update } from "../tape/updates.ts";
import type { Program } from "../tape/program.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { configureOptimizer, type OptimizerFlags } from "../training/optimizers.ts";
import { withGpu } from "./_gpu.ts";
import { assertWithin } from "./_kernels.ts";
import { count, map, random, type Tensor, tensor, UNIT } from "./reference/tensor.ts";
import { rules } from "./reference/updates.ts";

const flags: OptimizerFlags[] = [
  { optimizer: "sgd" },
  { optimizer: "momentum", momentum: 0.9 },
  { optimizer: "momentum", momentum: 0 },
  { optimizer: "momentum", momentum: 0.9, use_nesterov: true },
  { optimizer: "rmsprop" },
  { optimizer: "rmsprop", rmsprop_momentum: 0, rmsprop_decay: 0.99, opt_epsilon: 1e-3 },
  { optimizer: "adam" },
  { optimizer: "adam", adam_beta1: 0.5, adam_beta2: 0.9, opt_epsilon: 1 },
  { optimizer: "adamw" },
  { optimizer: "adagrad" },
  { optimizer: "adagrad", adagrad_initial_accumulator_value: 0.5 },
  { optimizer: "adadelta" },
  { optimizer: "adadelta", adadelta_rho: 0.5, opt_epsilon: 1 },
  { optimizer: "ftrl" },
  { optimizer: "ftrl", ftrl_l1: 0.5, ftrl_l2: 0.25, ftrl_initial_accumulator_value: 0.5 },
  { optimizer: "ftrl", ftrl_learning_rate_power: -0.75, ftrl_l1: 0.125 },
];
const shapes = { "net/weights": [3, 3, 5, 7], "net/frozen": [65], "net/one": [1], "net/biases": [130] };
const trained = ["net/weights", "net/one", "net/biases"];
const rates = [0.1, 0.03, 0.0];
/** Of neighbours in the arena, where one block's must not reach the next. */
const decays = new Map([["net/weights", 0.25], ["net/frozen", 0.5], ["net/biases", 0.125]]);

/** Compiles updates of the variables above, whose gradients are fed, and frees all after use. */
async function withUpdates(
  gpu: Gpu,
  updatesOf: (tape: Tape, gradients: ReadonlyMap<string, Value>) => Update[],
  use: (program: Program, parameters: Parameters) => Promise<void>,
): Promise<void> {
  const tape = new Tape();
  for (const [name, shape] of Object.entries(shapes)) {
    tape.variable(name, shape, { initialize: () => Float32Array.from(random(name, shape).data) });
  }
  const gradients = new Map(trained.map((name) => {
    return [name, tape.feed(`gradient of ${name}`, tape.variables.get(name)!.shape)];
  }));
  const parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches: {}, updates: updatesOf(tape, gradients), parameters });
  parameters.initialize(1);
  await use(program, parameters);
  program.destroy();
  parameters.destroy();
}

/** Feeds random gradients and returns them. */
function feedGradients(program: Program, stream: string, scale = 1): Map<string, Tensor> {
  return new Map(trained.map((name) => {
    const gradient = random(`${stream} ${name}`, shapes[name as keyof typeof shapes], scale);
    program.feed(`gradient of ${name}`, Float32Array.from(gradient.data));
    return [name, gradient];
  }));
}

/** Values of all variables. */
async function valuesOf(parameters: Parameters, slot = ""): Promise<Map<string, Tensor>> {
  return new Map(
    await Promise.all(parameters.names.map(async (name) => {
      return [name, tensor(parameters.shape(name), await parameters.read(name, slot))] as const;
    })),
  );
}

/** Every part of an update rule is a sum of a few products; each step starts from the device's own numbers. */
function oneStep(
  before: Tensor[],
  data: Tensor,
  { optimizer, decay, rate }: { optimizer: string; decay: number; rate: number },
  o: Record<string, number>,
) {
  const coupled = optimizer === "adamw" ? 0 : decay, units = "power" in o && o.power !== -0.5 ? 32 : 8;
  const g = map(data, (v, i) => v + coupled * before[0].data[i]);
  const [w, ...slots] = before,
    after = before.map((t) => tensor(t.shape)),
    terms = after.map((t) => map(t, () => 0));
  w.data.forEach((v, i) => {
    const next = rules[optimizer]({ w: v, slots: slots.map((s) => s.data[i]) }, g.data[i], rate, o);
    [next.w, ...next.slots].forEach((u, s) => after[s].data[i] = u);
    next.terms?.forEach((u, s) => terms[s].data[i] = u);
  });
  const scale = (i: number, s: number) => {
    const gradient = Math.max(Math.abs(g.data[i]), g.data[i] ** 2);
    const state = Math.abs(before[s].data[i]) + Math.abs(after[s].data[i]) + terms[s].data[i];
    return state + (s > 0 ? gradient : 0);
  };
  return after.map((value, s) => ({ value, bound: map(value, (_, i) => units * UNIT * scale(i, s)) }));
}

for (const flag of flags) {
  const { optimizer, ...rest } = flag;
  Deno.test(`compile() updates parameters by ${optimizer} ${JSON.stringify(rest)}`, () =>
    withGpu(async (gpu) => {
      const { rule, options } = configureOptimizer(flag), slots = rule.slots.map((slot) => slot.name);
      const updates = (tape: Tape, values: ReadonlyMap<string, Value>): Update[] => [
        { rule, options, rate: tape.feed("rate", [2]), values, decays },
      ];
      await withUpdates(gpu, updates, async (program, parameters) => {
        assertEquals(parameters.slots, slots);
        for (const { name, initial } of rule.slots) {
          const values = await parameters.read("net/biases", name);
          assertEquals([...values], new Array(130).fill(Math.fround(initial)), `slot ${name} at first`);
        }
        const stateOf = () => Promise.all(["", ...slots].map((slot) => valuesOf(parameters, slot)));
        const float32 = Object.fromEntries(Object.entries(options).map(([k, v]) => [k, Math.fround(v)]));
        for (const [step, learningRate] of rates.entries()) {
          const before = await stateOf(), rate = Math.fround(1.5 * learningRate);
          program.feed("rate", Float32Array.of(rate, learningRate));
          const fed = feedGradients(program, `${step}`);
          program.run();
          const after = await stateOf();
          for (const name of trained) {
            const decay = decays.get(name) ?? 0, pull = Math.fround(learningRate) * decay;
            const request = { optimizer, decay, rate };
            const state = before.map((values) => values.get(name)!);
            const expected = oneStep(state, fed.get(name)!, request, { ...float32, pull });
            after.forEach((values, s) => {
              const actual = values.get(name)!;
              assertEquals(actual.data.length, count(parameters.shape(name)));
              const what = `step ${step}, ${name}, ${slots[s - 1] ?? ""}`;
              assertWithin(Float32Array.from(actual.data), expected[s], what);
            });
          }
          after.forEach((values, s) => assertEquals(values.get("net/frozen"), before[s].get("net/frozen")));
        }
      });
    }));
}

Deno.test("compile() clips gradients by their norm over all variables, and leaves out steps that are not finite", () =>
  withGpu(async (gpu) => {
    const clipNorm = 2, rate = 0.5;
    const updates = (tape: Tape, values: ReadonlyMap<string, Value>): Update[] => {
      const watch = { step: tape.feed("step", [1], "u32"), firstBad: tape.state("first bad step", [1]) };
      const treatment = { watch, clipNorm };
      return [{ rule: sgd, options: {}, rate: tape.feed("rate", [2]), values, decays, treatment }];
    };
    await withUpdates(gpu, updates, async (program, parameters) => {
      program.feed("rate", Float32Array.of(rate, rate));
      program.feed("step", Uint32Array.of(0));
      const bad: Record<string, number> = { "not a number": NaN, infinity: -Infinity };
      const scales: Record<string, number> = {
        "above the bound": 1,
        "below it": 0.01,
        "far above it": 1e6,
        zero: 0,
      };
      for (const [what, scale] of Object.entries({ ...scales, ...bad })) {
        const before = await valuesOf(parameters);
        const fed = feedGradients(program, what, what in bad ? 1 : scale);
        if (what in bad) program.feed("gradient of net/one", Float32Array.of(scale));
        program.run();
        const after = await valuesOf(parameters);
        const squares = [...fed.values()].map(({ data }) => data.reduce((a, v) => a + v * v, 0));
        const norm = Math.sqrt(squares.reduce((a, b) => a + b)),
          factor = norm > clipNorm ? clipNorm / norm : 1;
        for (const [name, { shape, data }] of before) {
          const gradient = fed.get(name)?.data, decay = decays.get(name) ?? 0;
          const change = (v: number, i: number) =>
            gradient && !(what in bad) ? rate * (factor * gradient[i] + decay * v) : 0;
          const value = tensor(shape, data.map((v, i) => v - change(v, i)));
          const bound = map(value, (v, i) => gradient ? 16 * UNIT * (Math.abs(v) + Math.abs(data[i])) : 0);
          assertWithin(Float32Array.from(after.get(name)!.data), { value, bound }, `${what}, ${name}`);
        }
      }
    });
  }));

Deno.test("compile() looks at every gradient of a long arena", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), size = 4 * (64 * 1024 + 3) - 3; // past a stretch of each workgroup
    tape.variable("w", [size], { initialize: (shape) => new Float32Array(count(shape)) });
    const gradient = tape.feed("gradient", [size]), rate = tape.feed("rate", [2]);
    const watch = { step: tape.feed("step", [1], "u32"), firstBad: tape.state("first bad step", [1]) };
    const values = new Map([["w", gradient]]), treatment = { watch, clipNorm: 1 };
    const updates = [{ rule: sgd, options: {}, rate, values, treatment }];
    const parameters = new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, { fetches: {}, updates, parameters });
    parameters.initialize(1);
    program.feed("rate", Float32Array.of(1, 1));
    for (const [step, place] of [0, 4095, 4096, 131071, 131072, size - 1].entries()) {
      program.feed("step", Uint32Array.of(step));
      const fed = new Float32Array(size), before = await parameters.read("w");
      for (const value of [NaN, -4]) {
        fed[place] = value;
        program.feed("gradient", fed);
        program.run();
        before[place] += value === -4 ? 1 : 0; // a gradient of norm 4 is clipped to 1
        assertEquals(await parameters.read("w") as unknown, before, `${value} at ${place}`);
      }
    }
    program.destroy();
    parameters.destroy();
  }));

Deno.test("compile() lets shadows follow all variables after their update", () =>
  withGpu(async (gpu) => {
    const updates = (tape: Tape, gradients: ReadonlyMap<string, Value>): Update[] => {
      const all = new Map([...tape.variables].map(([name, v]) => [name, v.value]));
      const shadows = { name: "Shadow", initial: 0 }, rate = tape.feed("shadowRate", [1]);
      return [
        { rule: sgd, options: {}, rate: tape.feed("rate", [2]), values: gradients },
        { rule: movingAverage, options: {}, rate, values: all, shadows },
      ];
    };
    await withUpdates(gpu, updates, async (program, parameters) => {
      parameters.copy("", "Shadow");
      assertEquals(await valuesOf(parameters, "Shadow"), await valuesOf(parameters));
      program.feed("rate", Float32Array.of(0.5, 0.5));
      for (const [step, rate] of [0.9, 0.25, 0].entries()) {
        const before = await valuesOf(parameters, "Shadow");
        program.feed("shadowRate", Float32Array.of(rate));
        feedGradients(program, `${step}`);
        program.run();
        const followed = await valuesOf(parameters), after = await valuesOf(parameters, "Shadow");
        for (const [name, shadow] of before) {
          const to = followed.get(name)!.data,
            move = (v: number, i: number) => Math.fround(rate) * (to[i] - v);
          const value = map(shadow, (v, i) => v + move(v, i));
          const bound = map(shadow, (v, i) => 4 * UNIT * (Math.abs(v) + Math.abs(to[i])));
          assertWithin(Float32Array.from(after.get(name)!.data), { value, bound }, `step ${step}, ${name}`);
        }
      }
    });
  }));
