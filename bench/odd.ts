/**
 * Times operations of odd sizes beside such of round ones, on operands that stay on the device.
 *
 * Usage: deno task bench_odd [--rounds=N]
 *
 * What counts is the last column: the time of a multiplication, or of an element where there is none, as a multiple of what it is
 * at the round size above. Odd sizes are one or two more or less, so that tiles and vectors do not fit.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { flop, type OperationCase } from "./cases.ts";
import { ours } from "./ours.ts";

type Images = readonly [size: number, channels: number, outputs?: number];

/** Milliseconds that an operation is repeated for. */
const LONG = 300;

function matmul(m: number, k: number, n: number): OperationCase {
  return { name: `matmul ${m}x${k}x${n}`, kind: "matmul", m, k, n };
}

function images(
  kind: Exclude<OperationCase["kind"], "matmul">,
  [size, channels, outputs = channels]: Images,
  kernel: number,
  stride = 1,
): OperationCase {
  const name = `${kind} ${kernel}x${kernel} s${stride} ${channels}-${outputs} at ${size} b4`;
  return { name, kind, batch: 4, size, channels, outputs, kernel, stride };
}

/** Groups of a round size and odd ones. */
const groups: readonly OperationCase[][] = [
  [matmul(256, 256, 256), matmul(255, 255, 255), matmul(257, 257, 257)],
  [matmul(1024, 1024, 1024), matmul(1023, 1023, 1023), matmul(1025, 1025, 1025)],
  [matmul(64, 3136, 1024), matmul(63, 3135, 1023), matmul(65, 3137, 1025)],
  ...(["conv2d", "conv2dGradients"] as const).flatMap((kind) =>
    ([[3, 1], [3, 2], [5, 1]] as const).map(([kernel, stride]) =>
      ([[56, 64, 64], [57, 63, 65], [57, 65, 63], [55, 66, 62]] as const).map((g) =>
        images(kind, g, kernel, stride)
      )
    ).concat([
      ([[56, 256, 64], [57, 255, 65], [57, 257, 63], [55, 254, 62]] as const).map((g) => images(kind, g, 1)),
    ])
  ),
  ...(["depthwiseConv2d", "maxPool", "maxPoolGradient"] as const).map((kind) =>
    ([[56, 128], [57, 127], [57, 129], [55, 126]] as const).map((g) => images(kind, g, 3))
  ),
];

/** What the time of an operation is divided by. */
function amount(c: OperationCase): number {
  return flop(c) ?? ("size" in c ? c.batch * c.size ** 2 * c.channels : 0);
}

const { values: { rounds } } = parseArgs({ options: { rounds: { type: "string", default: "12" } } });
const engine = await ours();
console.log(engine.adapter);
for (const group of groups) {
  const rows = await Promise.all(
    group.map(async (c) => ({ c, workload: await engine.prepare(c)(), ms: Infinity })),
  );
  for (let round = 0; round <= Number(rounds); round++) { // the first one compiles
    for (const row of rows) {
      const { run, sync } = row.workload, count = row.ms < Infinity ? Math.ceil(LONG / row.ms) : 1;
      const start = performance.now();
      for (let i = 0; i < count; i++) await run();
      await sync();
      row.ms = Math.min(round > 1 ? row.ms : Infinity, (performance.now() - start) / count);
    }
  }
  for (const { c, ms } of rows) {
    const ratio = ms / amount(c) * amount(rows[0].c) / rows[0].ms;
    console.log(c.name.padEnd(48), ms.toFixed(2).padStart(8), ratio.toFixed(2).padStart(6));
  }
}
Deno.exit(0);
