/**
 * ONNX both ways: onnxruntime computes what our exported nets compute, and we compute what it does with models of others.
 *
 * Needs WGSLIM_PYTHON; see _tensorflow.ts. `WGSLIM_NETS=all` exports every net of the registry, which takes minutes.
 */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { exportOnnx } from "../../export/onnx/export.ts";
import { decodeOnnx } from "../../formats/onnx/read.ts";
import { writeOnnx } from "../../formats/onnx/write.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { recordOnnx } from "../../graphs/onnx/record.ts";
import { denoFiles } from "../../host/files.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import type { Net } from "../../nets/net.ts";
import { getNet, nets } from "../../nets/nets_factory.ts";
import { Tape } from "../../tape/tape.ts";
import { assertClose, recordNet, runOnce, valuesOf } from "../_exported_nets.ts";
import { randomValues } from "../goldens/_formula.ts";
import { withGpu } from "../_gpu.ts";
import { withFolder } from "../_tools.ts";
import { runPython } from "./_tensorflow.ts";

const script = "onnx_interop.py";
/** Of the largest magnitude; both libraries round differently, net after net. */
const tolerance = 1e-5;

async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array((await Deno.readFile(path)).buffer);
}

/** Exports a net and has onnxruntime run it. */
async function compare(gpu: Gpu, folder: string, net: Net, foldBatchNorm: boolean): Promise<number> {
  const recorded = recordNet(net, 2), { tape, images, outputs } = recorded;
  const input = randomValues("images", sizeOf(images.shape), 1), path = `${folder}/${net.name}.onnx`;
  const ours = await runOnce(
    gpu,
    tape,
    outputs,
    { [images.label]: input },
    (name) => valuesOf(recorded, name),
  );
  await Deno.writeFile(`${folder}/input`, new Uint8Array(input.buffer));
  const draft = exportOnnx({
    name: net.name,
    images,
    outputs,
    weights: (name) => valuesOf(recorded, name),
    foldBatchNorm,
    metadata: new Map([["preprocessing", net.preprocessing], ["labels", '["é", "✓"]']]),
  });
  const written = await writeOnnx(denoFiles, path, draft);
  assertEquals(await denoFiles.size(path), written);
  const text = await runPython(
    script,
    "run",
    path,
    `${folder}/input`,
    images.shape.join(),
    `${folder}/output`,
  );
  const [, h, w, c] = images.shape, about = JSON.parse(text), theirs = await readFloats(`${folder}/output`);
  assertEquals(about.inputs, { input: ["N", c, h, w] });
  assertEquals(about.outputs, { logits: outputs.logits.shape, probabilities: outputs.probabilities.shape });
  assertEquals(about.metadata, { preprocessing: net.preprocessing, labels: '["é", "✓"]' });
  const count = ours.logits.length;
  const error = assertClose(theirs.subarray(0, count), ours.logits, tolerance, `logits of ${net.name}`);
  assertClose(theirs.subarray(count), ours.probabilities, tolerance, `probabilities of ${net.name}`);
  await Deno.remove(path);
  return error;
}

const some = ["lenet", "cifarnet", "inception_v1", "resnet_v2_50", "mobilenet_v2_035", "mobilenet_v3_small"];
const isComplete = Deno.env.get("WGSLIM_NETS") === "all";

for (const name of isComplete ? [...nets.keys()] : some) {
  Deno.test(`onnx.checker passes ${name}, and onnxruntime computes our logits`, () =>
    withFolder((folder) =>
      withGpu(async (gpu) => {
        const error = await compare(gpu, folder, getNet(name), false);
        if (isComplete) console.log(`${name}: ${error.toExponential(1)} of the largest logit`);
      })
    ));
}

Deno.test("onnxruntime computes our logits with batch normalization folded", () =>
  withFolder((folder) =>
    withGpu(async (gpu) => {
      await compare(gpu, folder, getNet("mobilenet_v3_small"), true);
    })
  ));

interface Case {
  readonly name: string;
  readonly input: readonly number[];
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/** Nets that come with the library onnx; those with the most weights only on demand. */
const others = ["squeezenet", "shufflenet", "densenet121"],
  larger = ["inception_v1", "inception_v2", "resnet50", "bvlc_alexnet", "zfnet512", "vgg19"];

Deno.test("recordOnnx() computes what onnxruntime does with models of other tools", async (t) => {
  await withFolder(async (folder) => {
    await runPython("onnx_models.py", folder, ...others, ...isComplete ? larger : []);
    const cases: Case[] = JSON.parse(await Deno.readTextFile(`${folder}/cases.json`));
    assert(cases.length > 0);
    for (const { name, input, outputs: shapes } of cases) {
      await t.step(name, () =>
        withGpu(async (gpu) => {
          const path = `${folder}/${name}.onnx`, model = decodeOnnx(await Deno.readFile(path), path);
          const tape = new Tape();
          const { images, outputs } = recordOnnx(tape, model, path, { images: input });
          assertEquals(images.shape, input);
          assertEquals(Object.fromEntries([...outputs].map(([name, { shape }]) => [name, shape])), shapes);
          const feeds = { [images.label]: await readFloats(`${folder}/${name}.input`) };
          const ours = await runOnce(gpu, tape, Object.fromEntries(outputs), feeds);
          const theirs = await readFloats(`${folder}/${name}.output`);
          let at = 0;
          for (const [output, values] of Object.entries(ours)) {
            assertClose(theirs.subarray(at, at += values.length), values, tolerance, output);
          }
          assertEquals(at, theirs.length);
        }));
    }
  });
});
