/** Nets with weights that let every layer show in the logits, for tests of exported files. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { buildNet, type Net } from "../nets/net.ts";
import { compile } from "../tape/compile.ts";
import { softmax } from "../tape/ops/losses.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { randomValues } from "./goldens/_formula.ts";

/** A net recorded for inference. */
export interface RecordedNet {
  readonly tape: Tape;
  readonly images: Value;
  readonly outputs: { readonly logits: Value; readonly probabilities: Value };
}

/** Sides to try; some nets take no image but their own. */
const sides = [64, 96, 128];

/** Records a net with a few classes at the smallest size that it takes. */
export function recordNet(net: Net, batchSize: number, numClasses = 11): RecordedNet {
  for (const side of [...sides.filter((side) => side < net.defaultImageSize), net.defaultImageSize]) {
    try {
      const tape = new Tape(), images = tape.feed("images", [batchSize, side, side, net.channels]);
      const { logits } = buildNet(tape, net, images, { numClasses, isTraining: false });
      return {
        tape,
        images,
        outputs: { logits, probabilities: softmax(logits, { scope: "probabilities" }) },
      };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new Error(`${net.name} takes no image of its own size`);
}

/** Values of a variable: initial weights, and statistics, biases, factors as after a training. */
export function valuesOf({ tape }: { tape: Tape }, name: string): Float32Array {
  const variable = tape.variables.get(name)!, { shape, initialize } = variable, count = sizeOf(shape);
  if (name.endsWith("moving_variance")) return randomValues(name, count, 0.5, 1.5);
  if (name.endsWith("gamma")) return randomValues(name, count, 0.3, 0.9);
  if (/\/(moving_mean|beta|biases)$/.test(name)) return randomValues(name, count, 0.2);
  return initialize(shape, 1, name);
}

/** Compiles a tape, runs it once and frees it. Variables have `values`, or what their initializers give. */
export async function runOnce<F extends Record<string, Value>>(
  gpu: Gpu,
  tape: Tape,
  fetches: F,
  feeds: Record<string, Float32Array>,
  values?: (name: string) => Float32Array,
): Promise<{ [K in keyof F]: Float32Array }> {
  const parameters = new Parameters(gpu, tape.variables);
  if (values) { for (const name of parameters.names) parameters.write(name, values(name)); }
  else parameters.initialize(0);
  const program = await compile(gpu, tape, { fetches, parameters });
  for (const [name, data] of Object.entries(feeds)) program.feed(name, data);
  program.run();
  const results: [string, Float32Array][] = [];
  for (const name of Object.keys(fetches)) results.push([name, await program.fetch(name)]);
  program.destroy();
  parameters.destroy();
  return Object.fromEntries(results) as { [K in keyof F]: Float32Array };
}

/** Fails unless all values are as expected, up to a part of the largest; returns the largest error in that measure. */
export function assertClose(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
): number {
  assertEquals(actual.length, expected.length, what);
  let scale = 0, error = 0;
  for (const [i, value] of expected.entries()) {
    scale = Math.max(scale, Math.abs(value));
    error = Math.max(error, Number.isNaN(actual[i] - value) ? Infinity : Math.abs(actual[i] - value));
  }
  assert(scale > 0 && Number.isFinite(scale), `${what}: nothing to compare`);
  assert(error <= tolerance * scale, `${what}: the error ${error} is more than ${tolerance} of ${scale}`);
  return error / scale;
}
