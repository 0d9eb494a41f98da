/** Where variables and what updates take lie: in pages that share memory, and with gaps that stay zero. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { momentum } from "../kernels/optimizers.ts";
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { relu } from "../tape/ops/activations.ts";
import { mean } from "../tape/ops/losses.ts";
import { scale } from "../tape/ops/pointwise.ts";
import { ALIGNMENT, ParameterLayout } from "../tape/parameter_layout.ts";
import { Parameters } from "../tape/parameters.ts";
import { type Shape, Tape, type Value } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";

function record(shapes: Readonly<Record<string, Shape>>, fixed: Readonly<Record<string, Shape>> = {}): Tape {
  const tape = new Tape(), initialize = (shape: Shape) => new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (const [name, shape] of Object.entries(fixed)) {
    tape.variable(name, shape, { initialize, trainable: false });
  }
  for (const [name, shape] of Object.entries(shapes)) tape.variable(name, shape, { initialize });
  return tape;
}

const placesOf = (layout: ParameterLayout, names: string[]) =>
  names.map((name) => {
    const { page, first } = layout.place(name);
    return [page, first];
  });

Deno.test("ParameterLayout puts a small net into one page: whole blocks, then others, then what is not trained", () => {
  const tape = record({ bias: [10], weights: [5, 5, 64] }, { average: [64] });
  const layout = new ParameterLayout(tape.variables);
  assertEquals(placesOf(layout, ["weights", "bias", "average"]), [[0, 0], [0, 1600], [0, 1664]]);
  assertEquals([layout.pages, layout.elements, layout.hasGaps(0)], [[1728], 1728, true]);
  assertEquals(layout.names, ["average", "bias", "weights"], "in order of creation");
});

Deno.test("ParameterLayout cuts a large net into pages, and puts what leaves gaps into one of its own", () => {
  const tape = record({ a: [2 ** 20], b: [10], c: [2 ** 20], d: [2 ** 10], e: [2 ** 23] }, { average: [64] });
  const layout = new ParameterLayout(tape.variables);
  assertEquals(placesOf(layout, ["a", "c", "d", "e", "b", "average"]), [
    [0, 0],
    [0, 2 ** 20],
    [1, 0],
    [2, 0],
    [3, 0],
    [3, ALIGNMENT],
  ]);
  assertEquals(layout.pages, [2 ** 21, 2 ** 10, 2 ** 23, 2 * ALIGNMENT]);
  assertEquals(layout.pages.map((_, page) => layout.hasGaps(page)), [false, false, false, true]);
  assertEquals(new ParameterLayout(record({ a: [2 ** 20] }).variables).pages, [2 ** 20], "no page is empty");
});

Deno.test("updates keep gaps between variables zero, and gradients share memory with values before them", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), names = ["large", "small"], count = 2 ** 19;
    const initialize = (shape: Shape) => new Float32Array(shape[0]).fill(1);
    const [large, small] = [count, 10].map((n, i) => tape.variable(names[i], [n], { initialize }));
    const deep = relu(scale(relu(scale(large, 2)), 4)); // what is before the loss is not needed after it
    const found = gradients(mean(deep), [large]).concat(gradients(mean(small), [small])) as Value[];
    const parameters = new Parameters(gpu, tape.variables),
      treatment = {
        watch: { step: tape.feed("step", [1], "u32"), firstBad: tape.state("first bad", [1]) },
      };
    const update = {
      rule: momentum,
      options: { momentum: 0.5, nesterov: 0 },
      rate: tape.feed("rate", [2]),
      values: new Map(names.map((name, i) => [name, found[i]])),
      treatment,
    };
    const program = await compile(gpu, tape, { parameters, fetches: {}, updates: [update] });
    try {
      const { plan } = program, page = plan.region(found[0]);
      assertEquals([page.memory.kind, plan.region(found[1]).memory.kind], ["block", "source"]);
      assert(
        plan.bytes < 4.1 * 4 * count,
        `${plan.bytes} bytes: more than the four values that live at once`,
      );
      parameters.initialize(0);
      program.feed("rate", Float32Array.of(1, 1));
      program.feed("step", Uint32Array.of(0));
      for (let i = 0; i < 3; i++) program.run();
      const step = 1 + 1.5 + 1.75;
      assertEquals([...await parameters.read("small")], Array(10).fill(Math.fround(1 - step / 10)));
      const values = await parameters.read("large");
      assert(values.every((v) => Math.abs(v - (1 - 8 * step / count)) < 1e-6), `large: ${values[0]}`);
      const end = 4 * parameters.layout.pages[1], arena = parameters.arena()[1];
      const gap = new Float32Array(await gpu.download(arena, 4 * 10, end - 4 * 10));
      assertEquals([...gap], Array(ALIGNMENT - 10).fill(0));
    } finally {
      program.destroy();
      parameters.destroy();
    }
  }));
