/**
 * TensorFlow freezes graphs, and this project computes TensorFlow's logits with them; what it freezes itself of the same graphs
 * and checkpoints is the same, node for node. Needs WGSLIM_PYTHON; see _tensorflow.ts.
 */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { create, equals } from "npm:@bufbuild/protobuf@2.17.0";
import { exportGraphDef } from "../../export/graph_def/export.ts";
import { openCheckpoint } from "../../formats/checkpoint/open.ts";
import { decodeGraph, encodeGraph } from "../../formats/graph_def/graph_def.ts";
import { type GraphDef, NodeDefSchema } from "../../formats/graph_def/graph_pb.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { freezeGraph } from "../../graphs/graph_def/freeze.ts";
import { recordGraph } from "../../graphs/graph_def/record.ts";
import { denoFiles } from "../../host/files.ts";
import { buildNet } from "../../nets/net.ts";
import { getNet } from "../../nets/nets_factory.ts";
import { compile } from "../../tape/compile.ts";
import { Parameters } from "../../tape/parameters.ts";
import { Tape } from "../../tape/tape.ts";
import { withGpu } from "../_gpu.ts";
import { runPython } from "./_tensorflow.ts";

/** Nets that tf_slim has itself, and those that it gets as our graphs, for images of this size. */
const slim = ["lenet", "inception_v1", "resnet_v1_50"];
const ours: readonly [name: string, side: number][] = [
  ["mobilenet_v2", 96],
  ["mobilenet_v3_small", 96],
  ["nasnet_mobile", 96],
];

/** Largest difference of logits, in their root mean square. */
const TOLERANCE = 1e-4;

async function readGraph(path: string): Promise<GraphDef> {
  return decodeGraph(await Deno.readFile(path), path);
}

async function floatsOf(path: string): Promise<Float32Array> {
  return new Float32Array((await Deno.readFile(path)).buffer);
}

/** A net's graph for inference, with an open batch. */
function graphOf(name: string, side: number): Uint8Array {
  const tape = new Tape(), images = tape.feed("images", [1, side, side, 3]);
  const built = buildNet(tape, getNet(name), images, { numClasses: 11, isTraining: false });
  return encodeGraph(exportGraphDef({ ...built, tape, images, hasOpenBatch: true }).graph);
}

interface Case {
  readonly input: string;
  readonly logits: string;
  readonly shape: number[];
}

async function compareLogits(gpu: Gpu, name: string, folder: string, { input, logits, shape }: Case) {
  const tape = new Tape(), graph = await readGraph(`${folder}/frozen.pb`);
  const [value] = recordGraph(tape, graph, { feeds: { [input]: shape }, outputs: [logits] });
  const parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { parameters, fetches: { value } });
  program.feed(input, await floatsOf(`${folder}/images.f32`));
  program.run();
  const actual = await program.fetch("value"), expected = await floatsOf(`${folder}/logits.f32`);
  program.destroy();
  assertEquals(actual.length, expected.length, name);
  const rms = Math.sqrt(expected.reduce((sum, v) => sum + v * v, 0) / expected.length);
  const difference = Math.max(...expected.map((v, i) => Math.abs(v - actual[i])));
  console.log(
    `${name}: logits of ${rms.toPrecision(3)}, relative difference ${(difference / rms).toExponential(1)}`,
  );
  assert(
    rms > 1e-3 && difference <= TOLERANCE * rms,
    `${name} is off by ${difference}, logits are of ${rms}`,
  );
}

async function compareFrozen(name: string, folder: string, { logits }: Case): Promise<void> {
  const expected = await readGraph(`${folder}/frozen.pb`),
    reader = await openCheckpoint(denoFiles, `${folder}/model.ckpt`);
  const { graph } = await freezeGraph(await readGraph(`${folder}/graph.pb`), reader, { outputs: [logits] });
  assertEquals(graph.node.map((node) => node.name), expected.node.map((node) => node.name), name);
  for (const [i, node] of expected.node.entries()) {
    assert(
      equals(NodeDefSchema, create(NodeDefSchema, graph.node[i]), node),
      `${name}: ${node.name} differs`,
    );
  }
}

Deno.test("graphs that TensorFlow freezes give its logits, and ours are the same node for node", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const paths = ours.map(([name]) => `${folder}/${name}.pb`);
    for (const [i, [name, side]] of ours.entries()) await Deno.writeFile(paths[i], graphOf(name, side));
    await runPython("freeze_interop.py", folder, ...slim, ...paths);
    await withGpu(async (gpu) => {
      for (const [i, name] of [...slim, ...ours.map(([name]) => name)].entries()) {
        const path = `${folder}/${i}`, about: Case = JSON.parse(await Deno.readTextFile(`${path}/case.json`));
        await compareFrozen(name, path, about);
        await compareLogits(gpu, name, path, about);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
