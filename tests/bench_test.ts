/** The parts of the bench that need no device and no peer. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { cases, flop, netLayers, training } from "../bench/cases.ts";
import { fromLayout, toLayout } from "../bench/layouts.ts";
import { entries, table } from "../bench/report.ts";
import { median } from "../gpu/stopwatch.ts";
import { sizeOf } from "../kernels/kernel.ts";

Deno.test("median() takes the middle, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 20]), 3);
  assertEquals(median([4, 1, 20, 2]), 3);
});

Deno.test("entries() gives one entry a peer, with how many times faster ours is", () => {
  const timings = [
    { engine: "wgslim", rounds: [2, 9, 1] },
    { engine: "slow", rounds: [5, 4, 6] },
    { engine: "fast", rounds: [1, 1, 8] },
  ];
  const row = { case: cases[0], timings, failures: [] }, { name } = cases[0];
  assertEquals(entries([row]), [
    { name, ours_ms: 2, peer: "slow", peer_ms: 5, ratio: 2.5 },
    { name, ours_ms: 2, peer: "fast", peer_ms: 1, ratio: 0.5 },
  ]);
  const text = table([{ ...row, timings: timings.slice(0, 2) }], ["wgslim", "slow", "fast"]).split("\n");
  assertEquals(new Set(text.map((line) => line.length)).size, 1, "the columns are aligned");
  assertEquals(text[2].split("|").map((cell) => cell.trim()).slice(2, -1), [
    ...["1.00", "2.00", "1074"], // 2 * 1024^3 operations in 2 ms
    ...["4.00", "5.00", "2.50"],
    ...["-", "-", "-"],
  ]);
});

Deno.test("toLayout() transposes and fromLayout() undoes it", () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i);
  const channelsFirst = { order: [0, 2, 1] }, images = { shape: [2, 3, 4], data };
  const moved = toLayout(images, channelsFirst);
  assertEquals(moved.shape, [2, 4, 3]);
  assertEquals([...moved.data.slice(0, 6)], [0, 4, 8, 1, 5, 9]);
  assertEquals(fromLayout(moved, channelsFirst), data);
  const flattened = { view: [3, 2, 4], order: [1, 0, 2], shape: [6, 4] };
  const rows = toLayout({ shape: [6, 4], data }, flattened);
  assertEquals([...rows.data.slice(4, 8)], [8, 9, 10, 11]);
  assertEquals(fromLayout(rows, flattened), data);
});

for (const c of cases) {
  if (c.kind !== "train") continue;
  Deno.test(`netLayers names the variables of the net itself: ${c.name}`, () => {
    const { variables } = training({ ...c, batch: 1 }), { layers, flattened } = netLayers[c.net];
    const named = layers.flatMap((l) => "scope" in l ? [`${l.scope}/weights`, `${l.scope}/biases`] : []);
    assertEquals(named, [...variables.keys()]);
    const first = layers[layers.findIndex((l) => l.type === "flatten") + 1];
    const weights = variables.get(`${"scope" in first && first.scope}/weights`)!;
    assertEquals(weights.shape[0], sizeOf(flattened));
  });
}

Deno.test("flop() counts two a multiplication and addition", () => {
  assertEquals(flop({ name: "", kind: "matmul", m: 2, k: 3, n: 5 }), 60);
  const conv = { name: "", batch: 1, size: 5, channels: 3, outputs: 4, kernel: 3, stride: 2 };
  assertEquals(flop({ ...conv, kind: "conv2d" }), 2 * 3 * 3 * 4 * 27);
  assertEquals(flop({ ...conv, kind: "conv2dGradients" }), 4 * 3 * 3 * 4 * 27);
  const [conv1, conv2, fc3, fc4] = [784 * 25 * 32, 196 * 800 * 64, 3136 * 1024, 1024 * 10];
  const lenet = flop({ name: "", kind: "train", net: "lenet", batch: 32 });
  assertEquals(lenet, 32 * (4 * conv1 + 6 * (conv2 + fc3 + fc4))); // conv1 needs no gradient for the images
});
