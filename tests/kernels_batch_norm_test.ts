/** Batch normalization against its definition: outputs, moments, gradients, with and without beta and gamma. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { relu, relu6 } from "../tape/ops/activations.ts";
import { batchNorm, batchNormInference } from "../tape/ops/batch_norm.ts";
import { scale } from "../tape/ops/pointwise.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Plan } from "../tape/plan.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";
import { assertSameBits, backward, evaluate, type KernelCase, testCases } from "./_kernels.ts";
import * as reference from "./reference/batch_norm.ts";
import * as dense from "./reference/dense.ts";
import { map, random, type Tensor, UNIT } from "./reference/tensor.ts";

interface Shape {
  readonly x: readonly number[];
  /** Added to values in [-1, 1) times `deviation`. */
  readonly mean?: number;
  readonly deviation?: number;
}

const shapes: Record<string, Shape> = {
  "everything is 1": { x: [1, 1] },
  "one row": { x: [1, 1, 1, 5] },
  "two rows": { x: [2, 1, 1, 4] },
  "a row less than a chunk": { x: [127, 3] },
  "a chunk": { x: [128, 8] },
  "a row more than a chunk": { x: [3, 43, 5] },
  "images": { x: [2, 7, 9, 12] },
  "1,001 channels": { x: [9, 1001] },
  "50,000 rows: chunks of chunks": { x: [50_000, 3] },
  "50,000 rows of channels in fours": { x: [50_000, 4] },
  "nothing but one number": { x: [300, 4], mean: 3, deviation: 0 },
  "a mean of 1,000 and a deviation of 0.1": { x: [1000, 8], mean: 1000, deviation: 0.1 },
  "a mean of -50 and a deviation of 2 over many chunks": { x: [20_000, 2], mean: -50, deviation: 2 },
};

const EPSILON = 0.001;

/** The case, where `isTraining` by x's own moments, else by others. */
function batchNormCase(name: string, shape: Shape, has: string, isTraining: boolean): KernelCase {
  const { mean: center = 0.3, deviation = 1 } = shape, channels = shape.x.at(-1)!;
  const x = map(random("x", shape.x), (v) => Math.fround(center + deviation * v)), dy = random("dy", shape.x);
  const beta = has.includes("beta") ? random("beta", [channels]) : undefined;
  const gamma = has.includes("gamma") ? map(random("gamma", [channels]), (v) => 1 + v / 2) : undefined;
  const own = reference.moments(x);
  const given = {
    mean: map(random("mean", [channels]), (v) => Math.fround(center + v)),
    variance: map(random("variance", [channels]), (v) => Math.fround(1 + v / 2)),
  };
  const { mean, variance } = isTraining ? own : given, options = { beta, gamma, epsilon: EPSILON };
  const y = reference.batchNorm(x, mean, variance, options);
  const { dx, dbeta, dgamma } = reference.batchNormGradients(x, dy, mean, variance, options, isTraining);
  // What goes into x - mean is off by half a unit of each; the mean also by that of the deviations that it sums up.
  const reach = map(x, (v, i) => {
    const c = i % channels, off = isTraining ? Math.sqrt(own.variance.data[c]) : 0;
    return (Math.abs(v) + Math.abs(mean.data[c]) + off) * scaleOf(variance, i, channels);
  });
  const [zero, one] = [0, 1].map((v) => map(mean, () => v)), count = x.data.length / channels;
  const sums = reference.batchNormGradients(reach, map(dy, Math.abs), zero, one, { epsilon: 0 }, false);
  const bound = (units: number, of: Tensor, f: (i: number, c: number) => number) =>
    map(of, (_, i) => units * UNIT * f(i, i % channels));
  const gain = (c: number) => Math.abs(gamma?.data[c] ?? 1);
  const results = {
    y: { value: y, bound: bound(8, y, (i, c) => reach.data[i] * gain(c) + Math.abs(beta?.data[c] ?? 0)) },
    dx: {
      value: dx,
      bound: bound(16, dx, (i, c) => {
        const sum = isTraining ? (sums.dbeta.data[c] + reach.data[i] * sums.dgamma.data[c]) / count : 0;
        return gain(c) * scaleOf(variance, c, channels) * (Math.abs(dy.data[i]) + sum);
      }),
    },
    ...beta ? { dbeta: { value: dbeta, bound: bound(8, dbeta, (_, c) => sums.dbeta.data[c]) } } : {},
    ...gamma ? { dgamma: { value: dgamma, bound: bound(8, dgamma, (_, c) => sums.dgamma.data[c]) } } : {},
  };
  const feeds = { x, dy, ...beta ? { beta } : {}, ...gamma ? { gamma } : {}, ...isTraining ? {} : given };
  return {
    name: `${name}, ${has}`,
    feeds,
    record: ({ x, dy, beta, gamma, mean, variance }) => {
      const trained = isTraining ? batchNorm(x, { beta, gamma }, { epsilon: EPSILON }) : undefined;
      const y = trained?.y ?? batchNormInference(x, { mean, variance, beta, gamma }, { epsilon: EPSILON });
      const [dx, ...rest] = backward(y, dy).filter((v) => v !== undefined);
      return {
        y,
        dx,
        ...beta ? { dbeta: rest[0] } : {},
        ...gamma ? { dgamma: rest.at(-1)! } : {},
        ...trained ? { mean: trained.mean, variance: trained.variance } : {},
      };
    },
    expect: {
      ...results,
      ...isTraining
        ? {
          mean: { value: own.mean, bound: map(own.mean, (v) => 4 * UNIT * (Math.abs(v) + deviation)) },
          variance: {
            value: own.unbiased,
            bound: map(own.unbiased, (v, c) => {
              const rounding = UNIT * Math.abs(own.mean.data[c]); // of the mean of each chunk of 128 rows
              return 16 * UNIT * v + 2 * rounding * Math.sqrt(v / 128) + (4 * rounding) ** 2;
            }),
          },
        }
        : {},
    },
  };
}

function scaleOf(variance: Tensor, i: number, channels: number): number {
  return 1 / Math.sqrt(variance.data[i % channels] + EPSILON);
}

for (const isTraining of [true, false]) {
  testCases(
    `batchNorm ${isTraining ? "by the batch" : "by given moments"} and its gradients equal their definition`,
    Object.entries(shapes).flatMap(([name, shape]) =>
      ["beta and gamma", "beta", "gamma", "nothing else"].map((has) =>
        batchNormCase(name, shape, has, isTraining)
      )
    ),
  );
}

/** An activation that follows is fused: the same numbers, one launch less. */
const activations = { relu: [relu, Infinity], relu6: [relu6, 6] } as const;

testCases(
  "batchNorm takes an activation into its epilogue",
  Object.entries(activations).flatMap(([name, [activation, most]]) =>
    [8, 5].map((channels): KernelCase => {
      const x = random("x", [300, channels], 5), gamma = map(random("gamma", [channels]), (v) => 4 + v);
      const { mean, variance } = reference.moments(x);
      const y = reference.batchNorm(x, mean, variance, { gamma, epsilon: EPSILON });
      return {
        name: `${name}, ${channels} channels`,
        feeds: { x, gamma },
        record: ({ x, gamma }) => ({ y: activation(batchNorm(x, { gamma }, { epsilon: EPSILON }).y) }),
        expect: { y: { value: dense.relu(y, most), bound: map(y, () => 64 * UNIT * 8) } },
      };
    })
  ),
);

/** Rows of x, some of which are at the given mean, so that with a beta of 0 or 6 an activation gets exactly that. */
function aroundMean(rows: number, mean: Tensor): Tensor {
  const channels = mean.data.length;
  return map(random("x", [rows, channels], 2), (v, i) => i % 7 === 0 ? mean.data[i % channels] : v);
}

for (const [name, [activation]] of Object.entries(activations)) {
  Deno.test(`batchNorm's gradients take that of ${name} into their kernels, bit for bit`, (t) =>
    withGpu(async (gpu) => {
      for (const channels of [8, 5, 1]) {
        for (const isTraining of [true, false]) {
          const mean = map(random("mean", [channels]), Math.fround), x = aroundMean(700, mean);
          const feeds = {
            x,
            dy: random("dy", x.shape),
            beta: map(random("beta", [channels]), (v, i) => [0, 6, 3 * v][i % 3]),
            gamma: map(random("gamma", [channels]), (v) => 4 + v),
            mean,
            variance: map(mean, (_, i) => 1 + i / 4),
          };
          const record = ({ x, dy, beta, gamma, mean, variance }: Record<string, Value>) => {
            const variables = { beta, gamma }, options = { epsilon: EPSILON };
            const y = isTraining
              ? batchNorm(x, variables, options).y
              : batchNormInference(x, { mean, variance, ...variables }, options);
            return { y, passed: backward(activation(y), dy)[0]! };
          };
          const named = (found: (Value | undefined)[]) => {
            const [dx, dbeta, dgamma] = found.filter((v) => v !== undefined);
            return { dx, dbeta, dgamma };
          };
          const step = `${channels} channels, ${isTraining ? "training" : "given statistics"}`;
          await t.step(step, async () => {
            const launched: string[][] = [];
            const run = (use: (y: Value, passed: Value) => (Value | undefined)[]) =>
              evaluate(gpu, {
                feeds,
                record: (values) => {
                  const { y, passed } = record(values), fetches = named(use(y, passed));
                  const layout = new ParameterLayout(y.tape.variables);
                  const { launches } = new Plan(y.tape, { fetches }, layout, 2 ** 27);
                  launched.push(launches.map(({ launch }) => launch.kernel.name));
                  return fetches;
                },
              });
            const fused = await run(backward),
              separate = await run((y, passed) => backward(y, scale(passed, 1)));
            assertEquals(launched.map((names) => names.filter((name) => name === "pointwise").length), [
              0,
              2,
            ]);
            for (const [name, expected] of Object.entries(separate)) {
              assertSameBits(fused[name], expected, name);
            }
          });
        }
      }
    }));
}

Deno.test("batchNorm's gradients leave an activation's gradient alone that is of another value", () => {
  const tape = new Tape(), x = tape.feed("x", [6, 4]), dy = tape.feed("dy", [6, 4]);
  const [y, other] = [x, dy].map((v) => batchNorm(v, {}, { epsilon: EPSILON }).y);
  const passed = backward(relu(other), dy)[0]!, [dx] = backward(y, passed);
  assertEquals(dx!.node!.inputs[1], passed);
  assertEquals(backward(other, passed)[0]!.node!.inputs[1], dy);
});

Deno.test("batchNorm() refuses operands that do not fit, by full text", () => {
  const tape = new Tape(),
    x = tape.feed("x", [4, 6]),
    short = tape.feed("short", [5]),
    line = tape.feed("line", [6]);
  const fail = (record: () => unknown) => assertThrows(record, RangeError).message;
  assertEquals(
    fail(() => batchNorm(x, { beta: short }, { epsilon: 0.001, scope: "net/BatchNorm" })),
    "Cannot apply batchNorm in net/BatchNorm to [4,6], [5]: all operands but the first need one value for each of 6 channels",
  );
  assertEquals(
    fail(() => batchNorm(line, {}, { epsilon: 0.001 })),
    "Cannot apply batchNorm to [6]: the input needs at least 2 dimensions [..., channels]",
  );
  assertEquals(
    fail(() => batchNormInference(x, { mean: line, variance: short }, { epsilon: 0.001 })),
    "Cannot apply batchNormInference to [4,6], [6], [5]: all operands but the first need one value for each of 6 channels",
  );
});
