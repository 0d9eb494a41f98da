/** Optimizer steps over the parameter arena against the update rules, one step at a time, with a frozen variable between. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { compile } from "../tape/compile.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape } from "../tape/tape.ts";
import { configureOptimizer, type OptimizerFlags } from "../training/optimizers.ts";
import { withGpu } from "./_gpu.ts";
import { assertWithin } from "./_kernels.ts";
import { count, map, random, type Tensor, tensor, UNIT } from "./reference/tensor.ts";
import { rules } from "./reference/updates.ts";

const flags: OptimizerFlags[] = [
  { optimizer: "sgd" },
  { optimizer: "momentum", momentum: 0.9 },
  { optimizer: "momentum", momentum: 0 },
  { optimizer: "rmsprop" },
  { optimizer: "rmsprop", rmsprop_momentum: 0, rmsprop_decay: 0.99, opt_epsilon: 1e-3 },
  { optimizer: "adam" },
  { optimizer: "adam", adam_beta1: 0.5, adam_beta2: 0.9, opt_epsilon: 1 },
];
const shapes = { "net/weights": [3, 3, 5, 7], "net/frozen": [65], "net/one": [1], "net/biases": [130] };
const trained = ["net/weights", "net/one", "net/biases"];
const rates = [0.1, 0.03, 0.0];
/** Of neighbours in the arena, where one block's must not reach the next. */
const decays = new Map([["net/weights", 0.25], ["net/frozen", 0.5], ["net/biases", 0.125]]);

/** Every part of an update rule is a sum of a few products; each step starts from the device's own numbers. */
function oneStep(
  before: Tensor[],
  data: Tensor,
  decay: number,
  rate: number,
  optimizer: string,
  o: Record<string, number>,
) {
  const g = map(data, (v, i) => v + decay * before[0].data[i]);
  const [w, ...slots] = before, after = before.map((t) => tensor(t.shape));
  w.data.forEach((v, i) => {
    const next = rules[optimizer]({ w: v, slots: slots.map((s) => s.data[i]) }, g.data[i], rate, o);
    [next.w, ...next.slots].forEach((u, s) => after[s].data[i] = u);
  });
  const scale = (i: number, s: number) => {
    const gradient = Math.max(Math.abs(g.data[i]), g.data[i] ** 2);
    return Math.abs(before[s].data[i]) + Math.abs(after[s].data[i]) + (s > 0 ? gradient : 0);
  };
  return after.map((value, s) => ({ value, bound: map(value, (_, i) => 8 * UNIT * scale(i, s)) }));
}

for (const flag of flags) {
  const { optimizer: name, ...rest } = flag;
  Deno.test(`compile() updates parameters by ${name} ${JSON.stringify(rest)}`, () =>
    withGpu(async (gpu) => {
      const { rule, options } = configureOptimizer(flag), tape = new Tape();
      for (const [name, shape] of Object.entries(shapes)) {
        tape.variable(name, shape, { initialize: () => Float32Array.from(random(name, shape).data) });
      }
      const gradients = new Map(trained.map((name) => {
        return [name, tape.feed(`gradient of ${name}`, tape.variables.get(name)!.shape)];
      }));
      const parameters = new Parameters(gpu, tape.variables), rate = tape.feed("rate", [2]);
      const program = await compile(gpu, tape, {
        fetches: {},
        updates: [{ rule, options, rate, values: gradients, decays }],
        parameters,
      });
      parameters.initialize(1);
      const slots = rule.slots.map((slot) => slot.name);
      assertEquals(parameters.slots, slots);
      const state = async (name: string) => {
        const arrays = await Promise.all(["", ...slots].map((slot) => parameters.read(name, slot)));
        return arrays.map((data) => tensor(parameters.shape(name), data));
      };
      for (const { name, initial } of rule.slots) {
        const values = await parameters.read("net/biases", name);
        assertEquals([...values], new Array(130).fill(initial), `slot ${name} at first`);
      }
      const float32 = Object.fromEntries(Object.entries(options).map(([k, v]) => [k, Math.fround(v)]));
      for (const [step, r] of rates.entries()) {
        const before = new Map(
          await Promise.all(parameters.names.map(async (n) => [n, await state(n)] as const)),
        );
        program.feed("rate", Float32Array.of(r, r));
        const fed = new Map(trained.map((name) => [name, random(`${step} ${name}`, parameters.shape(name))]));
        for (const [name, g] of fed) program.feed(`gradient of ${name}`, Float32Array.from(g.data));
        program.run();
        for (const name of trained) {
          const expected = oneStep(
            before.get(name)!,
            fed.get(name)!,
            decays.get(name) ?? 0,
            Math.fround(r),
            flag.optimizer,
            float32,
          );
          for (const [s, actual] of (await state(name)).entries()) {
            assertEquals(actual.data.length, count(parameters.shape(name)));
            assertWithin(
              Float32Array.from(actual.data),
              expected[s],
              `step ${step}, ${name}, ${slots[s - 1] ?? ""}`,
            );
          }
        }
        assertEquals(await state("net/frozen"), before.get("net/frozen"));
      }
      program.destroy();
      parameters.destroy();
    }));
}
