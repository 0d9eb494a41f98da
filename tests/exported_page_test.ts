/** The page of an exported model in headless Chromium: it classifies as Deno does, and says what is wrong. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { memoryFiles } from "../formats/files.ts";
import { encodePng } from "../formats/png.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { denoFiles } from "../host/files.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { uniforms } from "../random/philox.ts";
import { Tape } from "../tape/tape.ts";
import { ExportedClassifier } from "../training/exported_classifier.ts";
import { missingChromium, withPage } from "./_chromium.ts";
import { withGpu } from "./_gpu.ts";
import { serveWeb, serveWebCommand } from "./_serve_web.ts";
import { withFolder } from "./_tools.ts";

/** On a server that tests every change, a missing browser is a failure. */
const ignore = missingChromium() !== null && !Deno.env.has("CI");

/** CifarNet with initial weights, large enough ones of the last layer to tell pictures apart. */
async function writeCifarnet(prefix: string): Promise<void> {
  const tape = new Tape(), tensors = new Map<string, Tensor>();
  buildNet(tape, getNet("cifarnet"), tape.feed("images", [1, 32, 32, 3]), {
    numClasses: 4,
    isTraining: false,
  });
  for (const [name, { shape, initialize }] of tape.variables) {
    const factor = name.startsWith("CifarNet/logits/") ? 100 : 1;
    const data = initialize(shape, 1, name).map((v) => factor * v);
    tensors.set(name, { dtype: "float32", shape: [...shape], data });
  }
  await writeCheckpoint(denoFiles, prefix, tensors);
}

/** A photo of 40x50 pixels that looks like nothing. */
function photo(): Uint8Array {
  const next = uniforms(1, 1), data = new Uint8Array(40 * 50 * 3).map(() => 256 * next());
  return encodePng({ width: 50, height: 40, channels: 3, data });
}

async function exportPage(folder: string, page: string): Promise<void> {
  const tool = new URL("../tools/export.ts", import.meta.url).pathname;
  const args = ["--format=web", "--model_name=cifarnet", `--checkpoint_path=${folder}/model.ckpt`];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--unstable-bundle", "--allow-read", "--allow-write"],
      ...[decodeURIComponent(tool), ...args, `--dataset_dir=${folder}`, `--output_file=${page}/`],
    ],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

Deno.test({
  name: "an exported page classifies photos as Deno does, in one folder that any server can serve",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const page = `${folder}/page`, picture = photo();
      await writeCifarnet(`${folder}/model.ckpt`);
      await Deno.writeTextFile(`${folder}/labels.txt`, "0:ant\n1:bee\n2:crow\n3:dog\n");
      await Deno.writeFile(`${folder}/photo.png`, picture);
      await exportPage(folder, page);
      let expected: [string, number][] = [];
      await withGpu(async (gpu) => {
        const reader = await openCheckpoint(denoFiles, `${page}/model.safetensors`);
        const classifier = await ExportedClassifier.open(gpu, reader);
        expected = (await classifier.classify(picture)).map(({ name, score }) => [name, score]);
        classifier.destroy();
      });
      await using server = await serveWeb([`--folder=${page}`]);
      await withPage(async (chromium) => {
        await chromium.goto(server.address);
        const input = chromium.getByLabel("Photo"), items = chromium.locator("#scores li");
        await chromium.locator("[data-state=ready]").waitFor({ timeout: 120_000 });
        assertEquals(await chromium.getByRole("heading").innerText(), "cifarnet tells 4 classes apart");
        await input.setInputFiles(`${folder}/photo.png`);
        await items.first().waitFor({ timeout: 120_000 });
        const lines = await items.allInnerTexts();
        assertEquals(lines.map((line) => line.split(":")[0]), expected.map(([name]) => name));
        const meters = await chromium.evaluate<number[]>(
          "Array.from(document.querySelectorAll('meter'), (meter) => meter.value)",
        );
        meters.forEach((score, i) => assertLess(Math.abs(score - expected[i][1]), 1e-5));
        await input.setInputFiles(`${folder}/labels.txt`);
        await chromium.getByRole("alert").waitFor();
        assertMatch(await chromium.getByRole("alert").innerText(), /^Cannot decode the picture: /);
      });
    }),
});

Deno.test("serve_web names what a folder lacks", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await serveWebCommand(["--port=0", `--folder=${folder}`]).output();
    assertEquals(code, 1);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^Cannot serve .*: there is no .*index\.html; write it with/,
    );
  }));

Deno.test("a file that does not say its net is no exported model", () =>
  withGpu(async (gpu) => {
    const files = memoryFiles(), data = Float32Array.of(1);
    await writeSafetensors(files, "a.safetensors", new Map([["w", { dtype: "float32", shape: [1], data }]]));
    const reader = await openCheckpoint(files, "a.safetensors");
    const error = await assertRejects(() => ExportedClassifier.open(gpu, reader), TypeError);
    assertMatch(
      (error as Error).message,
      /^Cannot open "a.safetensors": it does not say its model_name; make it with/,
    );
  }));
