/**
 * TensorFlow imports the graphs that this project exports, restores a checkpoint of this project through them, and computes the
 * same logits; so do the frozen graphs. Needs WGSLIM_PYTHON; see _tensorflow.ts.
 *
 * WGSLIM_NETS names the nets, separated by commas, or `all`, which takes several minutes and 8 GB on the disk.
 */

// @ts-types="../../types/std_assert.d.ts"
import { assert } from "@std/assert";
import { exportGraphDef } from "../../export/graph_def/export.ts";
import { noteNodes } from "../../export/graph_def/notes.ts";
import { openCheckpoint } from "../../formats/checkpoint/open.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../../formats/checkpoint/writer.ts";
import { encodeGraph } from "../../formats/graph_def/graph_def.ts";
import { foldBatchNorm } from "../../graphs/graph_def/fold_batch_norm.ts";
import { freezeGraph } from "../../graphs/graph_def/freeze.ts";
import { denoFiles } from "../../host/files.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { buildNet } from "../../nets/net.ts";
import { getNet, nets } from "../../nets/nets_factory.ts";
import { hash32, uniforms } from "../../random/philox.ts";
import { Tape } from "../../tape/tape.ts";
import { runOnce, valuesOf } from "../_exported_nets.ts";
import { withGpu } from "../_gpu.ts";
import { runPython } from "./_tensorflow.ts";

/** Sides of images smaller than the nets' own, for those nets that take them. */
const SIDES: readonly [RegExp, number][] = [
  [/^inception_(v3|v4|resnet_v2)$/, 139],
  [/^(resnet|inception_v2)/, 64],
  [/^(mobilenet|p?nasnet_(mobile|large))/, 96],
];

/** What CI has time for; between them they have nearly every operation. */
const USUAL = "lenet,cifarnet,inception_v1,mobilenet_v3_small,nasnet_cifar";

/** Largest difference of logits, in their root mean square. */
const TOLERANCE = 2e-5;

/** Writes a net's graphs, checkpoint, images and logits to a folder. */
async function prepare(folder: string, modelName: string): Promise<void> {
  const net = getNet(modelName), tape = new Tape();
  const side = SIDES.find(([names]) => names.test(modelName))?.[1] ?? net.defaultImageSize;
  const images = tape.feed("images", [1, side, side, 3]), next = uniforms(2, hash32(modelName));
  const built = buildNet(tape, net, images, { numClasses: net.numClasses, isTraining: false });
  const pixels = new Float32Array(sizeOf(images.shape)).map(() => 2 * next() - 1);
  let logits = new Float32Array();
  const values = (name: string) => valuesOf({ tape }, name);
  await withGpu(async (gpu) => {
    const results = await runOnce(gpu, tape, { logits: built.logits }, { images: pixels }, values);
    logits = new Float32Array(results.logits);
  });
  const exported = exportGraphDef({ ...built, tape, images, hasOpenBatch: true });
  const write = (name: string, bytes: Uint8Array) => Deno.writeFile(`${folder}/${name}`, bytes);
  await write("graph.pb", encodeGraph(exported.graph));
  await writeCheckpoint(
    denoFiles,
    `${folder}/model.ckpt`,
    new Map(
      [...tape.variables].map((
        [name, { shape }],
      ) => [
        name,
        (): Tensor => ({ dtype: "float32", shape: [...shape], data: values(name) }),
      ]),
    ),
  );
  const names = [exported.nameOf(built.logits)],
    reader = await openCheckpoint(denoFiles, `${folder}/model.ckpt`);
  const { graph: frozen } = await freezeGraph(exported.graph, reader, { outputs: names });
  frozen.node.push(...noteNodes(new Map([["labels", '["é"]']])));
  await write("frozen.pb", encodeGraph(frozen));
  const { graph: folded, folded: count } = foldBatchNorm(frozen, names);
  if (count > 0) await write("folded.pb", encodeGraph(folded));
  await write("images.f32", new Uint8Array(pixels.buffer));
  await write("logits.f32", new Uint8Array(logits.buffer));
  const description = { input: exported.input, logits: names[0], shape: images.shape };
  await Deno.writeTextFile(`${folder}/case.json`, JSON.stringify(description));
}

/** Nets that one run of Python compares. */
const CHUNK = 8;

const wanted = Deno.env.get("WGSLIM_NETS") ?? USUAL;
const names = wanted === "all" ? [...nets.keys()] : wanted.split(",");

for (let first = 0; first < names.length; first += CHUNK) {
  const chunk = names.slice(first, first + CHUNK);
  Deno.test(`TensorFlow restores our checkpoints through our graphs, and computes our logits: ${chunk.join(", ")}`, async () => {
    const folder = await Deno.makeTempDir(), folders = chunk.map((name) => `${folder}/${name}`);
    try {
      for (const [i, path] of folders.entries()) {
        await Deno.mkdir(path);
        await prepare(path, chunk[i]);
      }
      const printed = await runPython("graph_interop.py", ...folders);
      const results: { rms: number; differences: Record<string, number> }[] = JSON.parse(
        printed.split("\n").at(-1)!,
      );
      for (const [i, { rms, differences }] of results.entries()) {
        const relative = Object.entries(differences).map(([file, d]) =>
          `${file} ${(d / rms).toExponential(1)}`
        );
        console.log(
          `${chunk[i]}: logits of ${rms.toPrecision(3)}, relative differences ${relative.join(", ")}`,
        );
      }
      for (const [i, { rms, differences }] of results.entries()) {
        assert(rms > 1e-3 && "graph.pb" in differences && "frozen.pb" in differences, chunk[i]);
        for (const [file, difference] of Object.entries(differences)) {
          assert(
            difference <= TOLERANCE * rms,
            `${file} of ${chunk[i]} is off by ${difference}, logits are of ${rms}`,
          );
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
