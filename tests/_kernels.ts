/** Records an operation on a tape, runs it on the device, and compares it with a float64 reference. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { type Command, Executor } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { compile } from "../tape/compile.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";
import { count, map, type Tensor, UNIT } from "./reference/tensor.ts";

/** Bytes with a shape. */
export interface Bytes {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Words with a shape. */
export interface Words {
  readonly shape: readonly number[];
  readonly data: Uint32Array;
}

/** What is fed: a tensor of float32 values, bytes, words, or integers of one dimension. */
export type Feed = Tensor | Bytes | Words | Int32Array | Uint32Array;

/** A named case of a table: records the operation, and says what every fetch must be. */
export interface KernelCase {
  readonly name: string;
  readonly feeds: Readonly<Record<string, Feed>>;
  /** Values to fetch. */
  readonly record: (values: Record<string, Value>) => Record<string, Value>;
  readonly expect: Readonly<Record<string, Expected>>;
}

/** A result and how far each of its elements may be off; left out: not at all. */
export interface Expected {
  readonly value: Tensor;
  readonly bound?: Tensor;
}

/**
 * A result whose rounding is bounded by the sum of the magnitudes that went into it. A sum of k random terms is off by some
 * 0.6 units of that sum whatever k is, the worst of 10^5 by some four; a wrong term stands out up to k near 10^6.
 */
export function sums(value: Tensor, magnitude: Tensor, units = 8): Expected {
  return { value, bound: map(magnitude, (v) => units * UNIT * Math.abs(v)) };
}

/** A result in which every element is off by some roundings of its own. */
export function rounded(value: Tensor, units: number): Expected {
  return sums(value, value, units);
}

/** Gradients that an operation's rule records for its inputs, given that of its first output. */
export function backward(y: Value, dy: Value, wanted?: boolean[]): (Value | undefined)[] {
  const node = y.node!;
  return node.operation.gradient!({
    node,
    inputs: node.inputs,
    outputs: node.outputs,
    gradients: node.outputs.map((output) => output === y ? dy : undefined),
    attributes: node.attributes,
    wanted: wanted ?? node.inputs.map(() => true),
  });
}

function feedOn(tape: Tape, name: string, feed: Feed): Value {
  if (feed instanceof Int32Array) return tape.feed(name, [feed.length], "i32");
  if (feed instanceof Uint32Array) return tape.feed(name, [feed.length], "u32");
  const { data, shape } = feed;
  return tape.feed(
    name,
    shape,
    data instanceof Uint8Array ? "u8" : data instanceof Uint32Array ? "u32" : "f32",
  );
}

/** The same launches in a grid of three rows, as for more than 65,535 workgroups, some past the end. */
function folded(commands: readonly Command[]): Command[] {
  return commands.map((c) => {
    if (!("workgroups" in c)) return c;
    const [x, y, z] = c.workgroups;
    return { ...c, workgroups: [Math.ceil(x * y / 3) + 1, 3, z] };
  });
}

/**
 * Compiles and runs a recording; returns the fetches. Runs it a second time with every launch in a folded grid, over outputs
 * that hold the first run's numbers, and insists on the same bits.
 */
export async function evaluate(gpu: Gpu, c: Pick<KernelCase, "feeds" | "record">) {
  const tape = new Tape();
  const values = Object.fromEntries(
    Object.entries(c.feeds).map(([name, f]) => [name, feedOn(tape, name, f)]),
  );
  const fetches = c.record(values), parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches, parameters });
  try {
    for (const [name, feed] of Object.entries(c.feeds)) {
      const data = "shape" in feed ? feed.data : feed;
      program.feed(name, data instanceof Float64Array ? Float32Array.from(data) : data);
    }
    const read = async () => {
      const results = Object.keys(fetches).map(async (name) => [name, await program.fetch(name)] as const);
      return Object.fromEntries(await Promise.all(results));
    };
    program.run();
    const results = await read();
    const { preparation, intake, commands, outtake } = program;
    new Executor(gpu, folded([...preparation, ...intake, ...commands, ...outtake])).run();
    const again = await read();
    for (const name of Object.keys(fetches)) {
      assertSameBits(again[name], results[name], `${name} in a folded grid`);
    }
    return results;
  } finally {
    program.destroy();
    parameters.destroy();
  }
}

/** Fails unless two arrays hold the same bits. */
export function assertSameBits(actual: Float32Array, expected: Float32Array, what: string): void {
  const [a, b] = [actual, expected].map((v) => new Uint32Array(v.buffer, v.byteOffset, v.length));
  assertEquals(a.length, b.length, what);
  const at = a.findIndex((v, i) => v !== b[i]);
  assertEquals(at, -1, `${what}: element ${at} is ${actual[at]} instead of ${expected[at]}`);
}

/** Fails at the element that is worst for its bound. */
export function assertWithin(actual: Float32Array, { value, bound }: Expected, what: string): void {
  assertEquals(actual.length, count(value.shape), `${what}: number of values`);
  let worst = -1, excess = 1;
  value.data.forEach((expected, i) => {
    const error = Math.abs(actual[i] - expected), most = bound?.data[i] ?? 0;
    const ratio = error <= most ? 0 : most > 0 ? error / most : Infinity;
    if (Number.isNaN(error) || ratio > excess) [worst, excess] = [i, Number.isNaN(error) ? Infinity : ratio];
  });
  if (worst < 0) return;
  const detail = `element ${worst} is ${actual[worst]} instead of ${value.data[worst]}`;
  throw new Error(`${what}: ${detail}, ${excess.toPrecision(3)} times its bound`);
}

/** A test of a table: a step for each case, all on one device, each of which must free what it made. */
export function testCases(claim: string, cases: readonly KernelCase[]): void {
  Deno.test(claim, (t) =>
    withGpu(async (gpu) => {
      for (const c of cases) {
        await t.step(c.name, async () => {
          const results = await evaluate(gpu, c);
          assertEquals(Object.keys(results), Object.keys(c.expect), "fetches");
          for (const [name, expected] of Object.entries(c.expect)) {
            assertWithin(results[name], expected, name);
          }
          assertEquals(gpu.liveLabels, [], "buffers left alive");
        });
      }
    }));
}
