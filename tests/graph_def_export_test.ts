/** Graphs that are made of a tape: names, what is refused, and what frozen and folded ones compute. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { GraphBuilder } from "../export/graph_def/builder.ts";
import { exportGraphDef } from "../export/graph_def/export.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { memoryFiles } from "../formats/files.ts";
import { attributeOf } from "../formats/graph_def/attributes.ts";
import type { GraphDef } from "../formats/graph_def/graph_pb.ts";
import { foldBatchNorm } from "../graphs/graph_def/fold_batch_norm.ts";
import { freezeGraph } from "../graphs/graph_def/freeze.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { uniforms } from "../random/philox.ts";
import { mean } from "../tape/ops/losses.ts";
import { Tape } from "../tape/tape.ts";
import { assertClose, runOnce, valuesOf } from "./_exported_nets.ts";
import { withGpu } from "./_gpu.ts";

Deno.test("names are made unique as TensorFlow makes them, whatever their case", () => {
  const graph = new GraphBuilder();
  const named = ["a/Relu", "a/relu", "a/Relu_1", "a/Relu", "b"].map((name) =>
    graph.add("Relu", name, [], {})
  );
  assertEquals(named, ["a/Relu", "a/relu_1", "a/Relu_1_1", "a/Relu_2", "b"]);
});

Deno.test("an operation that is no part of a net is named", () => {
  const tape = new Tape(), images = tape.feed("images", [2, 3]);
  mean(images, { scope: "losses" });
  const request = { tape, images, movingAverages: [], identities: [], hasOpenBatch: true };
  const { message } = assertThrows(() => exportGraphDef(request), TypeError);
  assertEquals(message, "Cannot export losses/mean: a graph has nothing for mean; export the net alone");
});

/** A net with values of its variables, as a graph and as a frozen one. */
async function frozenNet(name: string, side: number) {
  const tape = new Tape(), images = tape.feed("images", [1, side, side, 3]);
  const built = buildNet(tape, getNet(name), images, { numClasses: 7, isTraining: false });
  const exported = exportGraphDef({ ...built, tape, images, hasOpenBatch: true });
  const values = [...tape.variables].map((
    [name, { shape }],
  ): [string, Tensor] => [name, { dtype: "float32", shape: [...shape], data: valuesOf({ tape }, name) }]);
  const files = memoryFiles(), outputs = [exported.nameOf(built.logits)];
  await writeCheckpoint(files, "model.ckpt", new Map(values));
  const reader = await CheckpointReader.open(files, "model.ckpt");
  const { graph: frozen } = await freezeGraph(exported.graph, reader, { outputs });
  return { tape, images, logits: built.logits, outputs, graph: exported.graph, frozen };
}

const countOf = ({ node }: GraphDef, op: string) => node.filter((n) => n.op === op).length;

for (const [name, side, left] of [["mobilenet_v2_035", 64, 0], ["mobilenet_v3_small", 64, 0]] as const) {
  Deno.test(`${name}: frozen and folded graphs compute what the net computes`, async () => {
    const { tape, images, logits, outputs, frozen } = await frozenNet(name, side);
    const next = uniforms(5, 5), pixels = new Float32Array(sizeOf(images.shape)).map(() => 2 * next() - 1);
    const { graph: folded, folded: count } = foldBatchNorm(frozen, outputs);
    const before = countOf(frozen, "FusedBatchNormV3"), after = countOf(folded, "FusedBatchNormV3");
    assertEquals([after, before - after], [left, count]);
    await withGpu(async (gpu) => {
      const values = (name: string) => valuesOf({ tape }, name);
      const { logits: expected } = await runOnce(gpu, tape, { logits }, { images: pixels }, values);
      for (const graph of [frozen, folded]) {
        const own = new Tape(), [y] = recordGraph(own, graph, { feeds: { input: images.shape }, outputs });
        assertClose(
          (await runOnce(gpu, own, { y }, { input: pixels })).y,
          expected,
          1e-4,
          `${graph.node.length} nodes`,
        );
      }
    });
  });
}

Deno.test("normalization is not folded where it is for training, or where its convolution is used as it is", async () => {
  const { frozen, outputs } = await frozenNet("mobilenet_v1_025", 32);
  const all = countOf(frozen, "FusedBatchNormV3");
  const training = (graph: GraphDef, of: string) => {
    const node = graph.node.map((n) =>
      n.name.startsWith(of) && n.op === "FusedBatchNormV3"
        ? { ...n, attr: { ...n.attr, is_training: attributeOf.boolean(true) } }
        : n
    );
    return { ...graph, node };
  };
  const first = "MobilenetV1/MobilenetV1/Conv2d_0";
  assertEquals(foldBatchNorm(frozen, outputs).folded, all);
  assertEquals(foldBatchNorm(training(frozen, first), outputs).folded, all - 1);
  assertEquals(foldBatchNorm(frozen, [...outputs, `${first}/Conv2D`]).folded, all - 1);
  const names = foldBatchNorm(frozen, outputs).graph.node.map((n) => n.name);
  assert(
    names.includes(`${first}/BatchNorm/FusedBatchNormV3`) &&
      !names.includes(`${first.slice(12)}/BatchNorm/beta`),
  );
});
