/** What compile() must hold: the same numbers whatever is fused, shared, fetched or left out, and no memory lost. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { sgd } from "../kernels/optimizers.ts";
import { compile, type ProgramRequest } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { pad } from "../tape/ops/arrange.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { mean } from "../tape/ops/losses.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { maxPool2d } from "../tape/ops/pool.ts";
import { relu, relu6 } from "../tape/ops/activations.ts";
import { add, biasAdd, reshape, scale } from "../tape/ops/pointwise.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Program } from "../tape/program.ts";
import { type Shape, Tape, type Value } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";
import { assertSameBits } from "./_kernels.ts";
import { random } from "./reference/tensor.ts";
import { uniforms } from "../random/philox.ts";

const array = (name: string, shape: readonly number[]) => Float32Array.from(random(name, shape).data);
const initialize = (shape: Shape, _seed: number, name: string) => array(name, shape);

/** Compiles for one test: parameters are initialized, and both are freed. */
async function withProgram(
  gpu: Gpu,
  tape: Tape,
  request: Omit<ProgramRequest, "parameters">,
  test: (program: Program, parameters: Parameters) => Promise<void>,
): Promise<void> {
  const parameters = new Parameters(gpu, tape.variables);
  try {
    const program = await compile(gpu, tape, { ...request, parameters });
    if (tape.variables.size > 0) parameters.initialize(0);
    try {
      await test(program, parameters);
    } finally {
      program.destroy();
    }
  } finally {
    parameters.destroy();
  }
}

const kernelsOf = (program: Program) => program.commands.map((c) => /\((\w+)\)$/.exec(c.label)![1]);

Deno.test("compile() gives feeds, variables, constants and aliases as fetches", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), feed = tape.feed("x", [2, 3]);
    const variable = tape.variable("w", [5], { initialize }),
      constant = tape.constant(Float32Array.of(4, 5), [2]);
    const fetches = {
      feed,
      variable,
      constant,
      feedAlias: reshape(feed, [6]),
      variableAlias: reshape(reshape(variable, [1, 5]), [5, 1]),
      again: feed,
      computedAlias: reshape(relu(feed), [3, 2]),
    };
    await withProgram(gpu, tape, { fetches }, async (program) => {
      program.feed("x", Float32Array.of(-1, 2, -3, 4, -5, 6));
      program.run();
      const results: Record<string, number[]> = {};
      for (const name in fetches) results[name] = [...await program.fetch(name)];
      const x = [-1, 2, -3, 4, -5, 6], w = [...array("w", [5])];
      assertEquals(results, {
        feed: x,
        variable: w,
        constant: [4, 5],
        feedAlias: x,
        variableAlias: w,
        again: x,
        computedAlias: [0, 2, 0, 4, 0, 6],
      });
    });
  }));

Deno.test("compile() fuses bias and activation, unless what lies between is fetched or used", () =>
  withGpu(async (gpu) => {
    const record = () => {
      const tape = new Tape(), x = tape.feed("x", [3, 5]);
      const w = tape.variable("w", [5, 4], { initialize }), b = tape.variable("b", [4], { initialize });
      const product = matmul(x, w), biased = biasAdd(product, b), y = relu(biased);
      return { tape, product, biased, y, used: add(biased, biased), reused: relu6(product) };
    };
    const all: Record<string, Float32Array> = {};
    const cases: [string[], string[]][] = [
      [["y"], ["gemm_8x8_rows"]],
      [["biased", "y"], ["gemm_8x8_rows", "pointwise"]],
      [["product", "y"], ["gemm_8x8_rows", "pointwise", "pointwise"]],
      [["product", "biased", "y"], ["gemm_8x8_rows", "pointwise", "pointwise"]],
      [["used", "y"], ["gemm_8x8_rows", "pointwise", "pointwise"]],
      [["reused", "y"], ["gemm_8x8_rows", "pointwise", "pointwise", "pointwise"]],
      [["reused"], ["gemm_8x8_rows"]],
    ];
    for (const [names, kernels] of cases) {
      const { tape, ...values } = record();
      const fetches = Object.fromEntries(names.map((name) => [name, values[name as keyof typeof values]]));
      await withProgram(gpu, tape, { fetches }, async (program) => {
        assertEquals(kernelsOf(program), kernels, names.join());
        program.feed("x", array("x", [3, 5]));
        program.run();
        for (const name of names) {
          const result = await program.fetch(name);
          assertSameBits(result, all[name] ??= result, `${name} of ${names}`);
        }
      });
    }
    assertEquals(all.y, all.biased.map((v) => Math.max(v, 0)));
  }, { variant: ["8x8"] }));

Deno.test("compile() runs a product after its bias, also where that is computed later", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), x = tape.feed("x", [1, 3]), w = tape.feed("w", [3, 4]), b = tape.feed("b", [4]);
    const product = matmul(x, w), doubled = scale(b, 2);
    await withProgram(gpu, tape, { fetches: { y: relu(biasAdd(product, doubled)) } }, async (program) => {
      for (const round of [1, 2]) { // the second round would find the first one's bias
        program.feed("x", new Float32Array(3));
        program.feed("w", new Float32Array(12));
        program.feed("b", Float32Array.of(1, -2, 3, 4).map((v) => v * round));
        program.run();
        assertEquals([...await program.fetch("y")], [2, 0, 6, 8].map((v) => v * round));
      }
    });
  }));

Deno.test("compile() keeps a product that serves as a bias or twice as an operand", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), x = tape.feed("x", [1, 2]), w = tape.feed("w", [2, 2]);
    const product = matmul(x, w), asBias = biasAdd(x, reshape(product, [2])), twice = add(product, product);
    await withProgram(gpu, tape, { fetches: { asBias, twice } }, async (program) => {
      program.feed("x", Float32Array.of(1, 2));
      program.feed("w", Float32Array.of(1, 2, 3, 4));
      program.run();
      assertEquals([...await program.fetch("asBias")], [8, 12]);
      assertEquals([...await program.fetch("twice")], [14, 20]);
    });
  }));

for (const training of [false, true]) {
  Deno.test(`compile() makes margins the padding of the convolutions that alone read them, ${training ? "in training" : "forward"}`, () =>
    withGpu(async (gpu) => {
      const record = (isKept: boolean) => {
        const tape = new Tape(), x = tape.feed("x", [2, 5, 6, 4]);
        const w = tape.variable("w", [3, 3, 4, 4], { initialize }),
          v = tape.variable("v", [1, 1, 4, 8], { initialize });
        const padded = pad(x, { top: 1, bottom: 2, left: 0, right: 1 }), stride = 2, padding = "VALID";
        const y = conv2d(padded, w, { stride, padding });
        const dw = training ? gradients(mean(relu(y)), [w])[0]! : undefined;
        // a window of one pixel would lie beside the image
        const z = conv2d(pad(x, { top: 1 }), v, { stride, padding });
        return { tape, fetches: { y, z, ...dw && { dw }, ...isKept && { padded } } };
      };
      const results: Record<string, Float32Array> = {};
      for (const isKept of [true, false]) {
        const { tape, fetches } = record(isKept);
        await withProgram(gpu, tape, { fetches }, async (program) => {
          const pads = program.commands.filter(({ label }) => label.includes("/pad "));
          assertEquals(pads.length, isKept ? 2 : 1, `${program.commands.map(({ label }) => label)}`);
          program.feed("x", array("x", [2, 5, 6, 4]));
          program.run();
          for (const name of Object.keys(fetches)) {
            const result = await program.fetch(name);
            assertSameBits(result, results[name] ??= result, name);
          }
        });
      }
    }, { variant: ["direct"] }));
}

Deno.test("compile() drops what no fetch needs", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), x = tape.feed("x", [1, 4, 4, 2]), w = tape.feed("w", [3, 3, 2, 2]);
    conv2d(x, w);
    const y = maxPool2d(x, 2);
    relu(y);
    await withProgram(gpu, tape, { fetches: { y } }, (program) => {
      assertEquals(kernelsOf(program), ["max_pool"]);
      assert(program.takes("w"), "a feed that nothing needs can still be fed");
      program.feed("w", new Float32Array(36));
      return Promise.resolve();
    });
  }));

const losses: Record<string, [(a: Value, b: Value, c: Value) => Value, steps: number[]]> = {
  "that share one gradient": [(a, b) => mean(add(a, b)), [1, 1, NaN]],
  "where others need the gradient of one": [(a, _, c) => mean(add(a, scale(c, 3))), [1, NaN, 3]],
  "that share one gradient, which others need": [(a, b, c) => mean(add(add(a, b), scale(c, 3))), [1, 1, 3]],
};

for (const [what, [record, steps]] of Object.entries(losses)) {
  Deno.test(`compile() updates variables ${what}`, () =>
    withGpu(async (gpu) => {
      const tape = new Tape(), shape = [4, 4], names = ["a", "b", "c"];
      const values = names.map((name) => tape.variable(name, shape, { initialize }));
      const found = gradients(record(values[0], values[1], values[2]), values);
      assertEquals(found.map((g) => g !== undefined), steps.map((step) => !Number.isNaN(step)));
      const trained = names.flatMap((name, i) => found[i] ? [[name, found[i]] as const] : []);
      const update = { rule: sgd, options: {}, rate: tape.feed("rate", [1]), values: new Map(trained) };
      for (const fetches of [{}, Object.fromEntries(trained)]) {
        await withProgram(gpu, tape, { fetches, updates: [update] }, async (program, parameters) => {
          program.feed("rate", Float32Array.of(16));
          program.run();
          for (const [i, name] of names.entries()) {
            const actual = await parameters.read(name), step = Number.isNaN(steps[i]) ? 0 : steps[i];
            array(name, shape).forEach((v, at) => {
              assert(Math.abs(actual[at] - (v - step)) < 1e-6, `${name}[${at}]: ${actual[at]} after ${v}`);
            });
            if (name in fetches) {
              assertEquals(await program.fetch(name), new Float32Array(16).fill(step / 16));
            }
          }
        });
      }
    }));
}

Deno.test("compile() updates a variable whose gradient is fed, and a scalar that is the loss itself", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), w = tape.variable("w", [], { initialize: () => Float32Array.of(5) });
    tape.variable("v", [3], { initialize: () => Float32Array.of(1, 2, 3) });
    const [dw] = gradients(w, [w]) as Value[];
    const update = {
      rule: sgd,
      options: {},
      rate: tape.feed("rate", [1]),
      values: new Map([["w", dw], ["v", tape.feed("dv", [3])]]),
    };
    await withProgram(gpu, tape, { fetches: { w, dw }, updates: [update] }, async (program, parameters) => {
      program.feed("rate", Float32Array.of(2));
      program.feed("dv", Float32Array.of(1, 0, -1));
      program.run();
      assertEquals([...await parameters.read("w")], [3]);
      assertEquals([...await parameters.read("v")], [-1, 2, 5]);
      assertEquals([...await program.fetch("dw")], [1]);
    });
  }));

/** A random graph of operations on [2, 4, 4, 4] values; every value is as large as every other, so that memory is shared. */
function randomGraph(seed: number): { tape: Tape; values: Value[] } {
  const next = uniforms(seed, 0), pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)];
  const tape = new Tape(), shape = [2, 4, 4, 4], values = [tape.feed("x", shape), tape.feed("y", shape)];
  const w = tape.variable("w", [3, 3, 4, 4], { initialize }), b = tape.variable("b", [4], { initialize });
  const operations: ((x: Value) => Value)[] = [
    (x) => relu(x),
    (x) => scale(x, 0.7),
    (x) => add(x, pick(values), { factor: -0.5 }),
    (x) => biasAdd(x, b),
    (x) => conv2d(x, w),
    (x) => relu6(biasAdd(conv2d(x, w), b)),
    (x) => maxPool2d(x, 3, { stride: 1, padding: "SAME" }),
    (x) => reshape(reshape(x, [128]), shape),
    (x) =>
      reshape(matmul(reshape(x, [32, 4]), reshape(pick(values), [32, 4]), { transposeA: true }), [
        1,
        1,
        4,
        4,
      ]),
  ];
  for (let i = 0; i < 25; i++) {
    const y = pick(operations)(pick(values.slice(-4)));
    if (y.shape.join() === shape.join()) values.push(y);
  }
  return { tape, values };
}

Deno.test("compile() shares memory without changing a bit: random graphs, all fetched and only some", () =>
  withGpu(async (gpu) => {
    for (let seed = 1; seed <= 12; seed++) {
      const { tape, values } = randomGraph(seed);
      const run = async (chosen: Value[]) => {
        const fetches = Object.fromEntries(chosen.map((value) => [values.indexOf(value), value]));
        const results = new Map<Value, Float32Array>();
        await withProgram(gpu, tape, { fetches }, async (program) => {
          for (const name of ["x", "y"]) program.feed(name, array(`${name}${seed}`, [2, 4, 4, 4]));
          program.run();
          program.run();
          for (const value of chosen) results.set(value, await program.fetch(`${values.indexOf(value)}`));
        });
        return results;
      };
      const all = await run(values);
      for (const chosen of [values.slice(-1), values.slice(-3), values.filter((_, i) => i % 5 === 4)]) {
        for (const [value, result] of await run(chosen)) {
          assertSameBits(result, all.get(value)!, `seed ${seed}, value ${values.indexOf(value)}`);
        }
      }
    }
  }));

Deno.test("Program.run() allocates nothing in 1,000 runs, and destroy() frees everything", () =>
  withGpu(async (gpu) => {
    const { tape, values } = randomGraph(5);
    const parameters = new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, { fetches: { y: values.at(-1)! }, parameters });
    parameters.initialize(0);
    program.feed("x", array("x", [2, 4, 4, 4]));
    program.feed("y", array("y", [2, 4, 4, 4]));
    program.run();
    const first = await program.fetch("y"), before = gpu.memory;
    for (let i = 0; i < 1000; i++) {
      program.run();
      if (i % 100 === 99) await program.fetch("y");
    }
    assertEquals(gpu.memory, before);
    assertSameBits(await program.fetch("y"), first, "the last run");
    program.destroy();
    assertEquals(gpu.liveLabels, ["parameters"]);
    parameters.destroy();
    assertEquals(gpu.memory.liveBytes, 0);
  }));

Deno.test("compile() frees what it made where it fails", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), { maxBufferSize } = gpu.limits;
    const columns = 2 ** 20, rows = Math.floor(maxBufferSize / 4 / columns) + 1, bytes = 4 * rows * columns;
    const x = tape.feed("x", [4]), large = tape.feed("scope/large", [rows, columns]);
    const parameters = new Parameters(gpu, tape.variables), fetches = { y: relu(x), z: relu(large) };
    const error = await assertRejects(() => compile(gpu, tape, { fetches, parameters }), RangeError);
    const text = `a buffer of ${bytes} bytes is larger than this device's maxBufferSize of ${maxBufferSize}`;
    assert(error.message.startsWith(`Cannot create scope/large: ${text}`), error.message);
    assertEquals(gpu.liveLabels, []);
  }));

Deno.test("Program refuses feeds and fetches that do not fit, by full text", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), images = tape.feed("images", [2, 3]);
    const labels = tape.feed("labels", [2], "i32"), parameters = new Parameters(gpu, tape.variables);
    const refused = await assertRejects(
      () => compile(gpu, tape, { fetches: { labels }, parameters }),
      TypeError,
    );
    assertEquals(refused.message, "Cannot fetch labels: it is i32, and only f32 is read back");
    await withProgram(gpu, tape, { fetches: { y: relu(images), images } }, async (program) => {
      const texts: [() => unknown, typeof Error, string][] = [
        [
          () => program.feed("image", new Float32Array(6)),
          RangeError,
          "Cannot feed image: the program takes images, labels",
        ],
        [
          () => program.feed("images", new Float32Array(5)),
          TypeError,
          "Cannot feed images: it needs f32 [2,3], got Float32Array of 5 values",
        ],
        [
          () => program.feed("images", new Int32Array(6)),
          TypeError,
          "Cannot feed images: it needs f32 [2,3], got Int32Array of 6 values",
        ],
        [
          () => program.feed("labels", new Uint32Array(2)),
          TypeError,
          "Cannot feed labels: it needs i32 [2], got Uint32Array of 2 values",
        ],
      ];
      for (const [call, type, text] of texts) {
        assertEquals(assertThrows(call, type).message, text);
      }
      const error = await assertRejects(() => program.fetch("z"), RangeError);
      assertEquals(error.message, "Cannot fetch z: the program gives y, images");
    });
  }));
