/** Channels that do not come in fours: which copies with zeros programs make, when, and that they never go stale. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { relu, relu6, sigmoid } from "../tape/ops/activations.ts";
import { concat } from "../tape/ops/arrange.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../tape/ops/depthwise_conv2d.ts";
import { mean } from "../tape/ops/losses.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { add, biasAdd, reshape, scale } from "../tape/ops/pointwise.ts";
import { avgPool2d, maxPool2d } from "../tape/ops/pool.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Parameters } from "../tape/parameters.ts";
import { Plan } from "../tape/plan.ts";
import { type Shape, Tape, type Value } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";
import { assertSameBits } from "./_kernels.ts";
import { random } from "./reference/tensor.ts";

const array = (name: string, shape: Shape) => Float32Array.from(random(name, shape).data);
const initialize = (shape: Shape, seed: number, name: string) => array(`${name}${seed}`, shape);

function planOf(fetches: Record<string, Value>): Plan {
  const { tape } = Object.values(fetches)[0];
  return new Plan(tape, { fetches }, new ParameterLayout(tape.variables), 2 ** 27);
}

/** How many copies of batches of two, in fours or from them, preparation, intake, run and outtake make. */
function copies({ preparation, intake, launches, outtake }: Plan): number[] {
  return [preparation, intake, launches, outtake].map((stage) =>
    stage.filter(({ launch }) => launch.fours?.narrow.shape[0] === 2).length
  );
}

/** Variables of a tape, by their shape. */
const variablesOf = (tape: Tape) => (...shape: number[]) =>
  tape.variable(`v${tape.variables.size}`, shape, { initialize });

/** Two convolutions and a depthwise one between them, of odd channels. */
function chain(tape: Tape): Value {
  const w = variablesOf(tape), x = tape.feed("x", [2, 9, 9, 5]);
  const first = relu(biasAdd(conv2d(x, w(3, 3, 5, 6)), w(6)));
  return conv2d(depthwiseConv2d(first, w(3, 3, 6, 1)), w(1, 1, 6, 7));
}

Deno.test("a chain of convolutions copies feeds when they are fed, and results when they are fetched", () => {
  assertEquals(copies(planOf({ y: chain(new Tape()) })), [0, 1, 0, 1]);
});

Deno.test("results lose the ends of their rows where an operation wants them so, and once for all", () => {
  const tape = new Tape(), w = variablesOf(tape), x = tape.feed("x", [2, 9, 9, 8]);
  const y = conv2d(x, w(3, 3, 8, 6)), z = conv2d(y, w(3, 3, 6, 8));
  assertEquals(copies(planOf({ z })), [0, 0, 0, 0]);
  assertEquals(copies(planOf({ z, y })), [0, 0, 0, 1]);
  assertEquals(copies(planOf({ z, twice: scale(y, 2) })), [0, 0, 1, 0]);
  assertEquals(copies(planOf({ z, y, twice: scale(y, 2) })), [0, 0, 1, 0]);
  const residual = relu(add(conv2d(y, w(1, 1, 6, 6)), y)); // read in fours in the epilogue
  assertEquals(copies(planOf({ z: conv2d(residual, w(1, 1, 6, 4)) })), [0, 0, 0, 0]);
});

Deno.test("an operation that computes images without fours is copied once for all that read them so", () => {
  const tape = new Tape(), w = variablesOf(tape), x = scale(tape.feed("x", [2, 9, 9, 6]), 2);
  const y = [3, 1].map((side) => conv2d(x, w(side, side, 6, 8)));
  assertEquals(copies(planOf({ a: y[0], b: y[1] })), [0, 0, 1, 0]);
});

Deno.test("rows of another length are no copies of the same memory", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(),
      w = tape.feed("w", [1, 1, 6, 5]),
      x = tape.feed("x", [2, 3, 3, 6]),
      v = tape.feed("v", [45, 3]);
    const y = conv2d(x, w), fetches = { y, z: matmul(reshape(y, [2, 45]), v) };
    const operands = { w: array("w", w.shape), x: array("x", x.shape), v: array("v", v.shape) };
    const { y: rows, z } = await results(gpu, fetches, operands);
    const alone = new Tape(), a = alone.feed("a", [2, 45]), b = alone.feed("b", [45, 3]);
    assertSameBits(z, (await results(gpu, { z: matmul(a, b) }, { a: rows, b: operands.v })).z, "z");
  }));

async function results(gpu: Gpu, fetches: Record<string, Value>, feeds: Record<string, Float32Array>) {
  const { tape } = Object.values(fetches)[0], parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches, parameters });
  parameters.initialize(0);
  for (const [name, data] of Object.entries(feeds)) program.feed(name, data);
  program.run();
  const all: Record<string, Float32Array> = {};
  for (const name of Object.keys(fetches)) all[name] = await program.fetch(name);
  for (const each of [program, parameters]) each.destroy();
  return all;
}

Deno.test("a Program takes in what is fed, and gives out what was run, whatever came before", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), y = chain(tape), parameters = new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, { fetches: { y, again: scale(y, 2) }, parameters });
    const images = [1, 2].map((seed) => array(`x${seed}`, [2, 9, 9, 5]));
    const run = async () => {
      program.run();
      return [await program.fetch("y"), await program.fetch("again")];
    };
    parameters.initialize(0);
    program.feed("x", images[0]);
    const [first, doubled] = await run();
    assertEquals(doubled, first.map((v) => 2 * v));
    assertSameBits((await run())[0], first, "run again");
    program.feed("x", images[1]);
    const [second] = await run();
    assertNotEquals(second, first);
    parameters.initialize(1); // prepared again, and nothing fed
    const [third] = await run();
    assertNotEquals(third, second);
    program.feed("x", images[0]); // fed again, and nothing prepared
    program.run();
    program.run();
    const [, fourth] = await run();
    parameters.initialize(0);
    assertSameBits((await run())[0], first, "as at first");
    program.feed("x", images[1]);
    assertSameBits((await run())[0], second, "as at second");
    assertNotEquals(fourth, doubled);
    for (const each of [program, parameters]) each.destroy();
  }));

Deno.test("training reads images in fours forward and backward from one copy", () => {
  const tape = new Tape(), w = variablesOf(tape), x = scale(tape.feed("x", [2, 9, 9, 6]), 2);
  const weights = w(3, 3, 6, 8), loss = mean(conv2d(x, weights));
  const [dw] = gradients(loss, [weights]);
  const { launches } = planOf({ loss, dw: dw! });
  const ofPixels = launches.filter(({ launch }) => launch.fours?.narrow.shape.join() === x.shape.join());
  assertEquals([ofPixels.length, launches.filter(({ launch }) => launch.kernel.name === "image_rows")], [
    1,
    [],
  ]);
});

Deno.test("what computes each channel alone reads and leaves fours where convolutions do", () => {
  const tape = new Tape(), w = variablesOf(tape), x = tape.feed("x", [2, 9, 9, 5]);
  const y = conv2d(x, w(3, 3, 5, 6)), pooled = maxPool2d(relu(y), 3, { stride: 1, padding: "SAME" });
  const sum = biasAdd(add(avgPool2d(y, 3, { stride: 1, padding: "SAME" }), pooled), w(6));
  const z = conv2d(concat([sum, relu6(sum)]), w(1, 1, 12, 8));
  assertEquals(copies(planOf({ z })), [0, 1, 0, 0]);
  assertEquals(copies(planOf({ z: conv2d(sigmoid(y), w(1, 1, 6, 8)) })), [0, 1, 2, 0]); // which makes no zeros of zeros
});

Deno.test("what computes each channel alone takes feeds as they are where they are few or no images", () => {
  const tape = new Tape(), image = tape.feed("image", [2, 9, 9, 1]), vector = tape.feed("vector", [7]);
  assertEquals(copies(planOf({ y: relu(image), z: relu(vector), s: add(vector, vector) })), [0, 0, 0, 0]);
});
