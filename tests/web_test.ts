/** The page in headless Chromium: it trains as Deno does, says what is wrong, and its compiler takes every kernel. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { unzipSync } from "npm:fflate@0.8.3";
import type { Page } from "npm:playwright-core@1.65.1";
import { openGpu } from "../host/drivers.ts";
import type { Kernel } from "../kernels/kernel.ts";
import {
  CheckpointReader,
  configureLearningRate,
  configureOptimizer,
  Evaluator,
  getSampleSplit,
  memoryFiles,
  Trainer,
} from "../mod.ts";
import { missingChromium, withPage } from "./_chromium.ts";
import { serveWeb, serveWebCommand } from "./_serve_web.ts";

const missing = missingChromium();
if (missing) console.warn(`The page is not tested: ${missing}`);
/** On a server that tests every change, a missing browser is a failure. */
const ignore = missing !== null && !Deno.env.has("CI");

/** Small, because SwiftShader trains few images a second; gentle enough that rounding does not grow. */
const settings = { steps: 20, batchSize: 8, learningRate: 0.001, seed: 7, testImages: 200 };

/**
 * Largest relative difference of a loss. Browser and Deno differ in shader compiler and driver, which fuse multiplications
 * and additions differently: 20 steps on SwiftShader and lavapipe were seen to differ by up to 1.2e-6, on one driver by nothing.
 */
const TOLERANCE = 1e-5;

/** The page's training, computed here. */
async function trainInDeno(): Promise<{ losses: number[]; biases: Float32Array; accuracy: number }> {
  const gpu = await openGpu();
  try {
    const [dataset, test] = await Promise.all([getSampleSplit("train"), getSampleSplit("test")]);
    const { numClasses, numSamples } = dataset, { batchSize, seed } = settings, modelName = "lenet";
    const trainer = await Trainer.create(gpu, dataset, {
      modelName,
      numClasses,
      batchSize,
      seed,
      weightDecay: 0.00004,
      optimizer: configureOptimizer({ optimizer: "adam" }),
      learningRate: configureLearningRate({ learning_rate: settings.learningRate }, numSamples, batchSize),
    });
    const losses: number[] = [], { parameters } = trainer.compiled;
    for await (const report of trainer.train({ until: settings.steps })) losses.push(...report.losses);
    const biases = await parameters.read("LeNet/fc4/biases");
    const evaluator = await Evaluator.compile(
      gpu,
      test,
      { modelName, numClasses, batchSize: 100 },
      parameters,
    );
    const { accuracy } = await evaluator.run({ maxBatches: settings.testImages / 100 });
    return { losses, biases, accuracy };
  } finally {
    gpu.close();
  }
}

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
) {
  assertEquals(actual.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / Math.abs(expected[i]);
    assertLess(error, tolerance, `${what}: number ${i} is ${actual[i]} instead of ${expected[i]}`);
  }
}

async function fillIn(page: Page): Promise<void> {
  await page.getByText("Settings").click();
  await page.getByLabel("Steps").fill(String(settings.steps));
  await page.getByLabel("Images a step").fill(String(settings.batchSize));
  await page.getByLabel("Learning rate").fill(String(settings.learningRate));
  await page.getByLabel("Seed").fill(String(settings.seed));
  await page.getByLabel("Test images").fill(String(settings.testImages));
}

/** Waits for a state of the page; where it failed instead, throws what it says. */
async function reach(page: Page, state: string): Promise<void> {
  await page.locator(`[data-state=${state}], [data-state=failed]`).waitFor({ timeout: 120_000 });
  const failure = page.getByRole("alert");
  if (await failure.isVisible()) throw new Error(await failure.innerText());
}

async function save(page: Page, button: string): Promise<Uint8Array<ArrayBuffer>> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  return await Deno.readFile(await download.path());
}

Deno.test({
  name: "the page trains LeNet as Deno does, pauses, tests it and saves it, drawing all the while",
  ignore,
  fn: async () => {
    const expected = await trainInDeno();
    await using server = await serveWeb();
    await withPage(async (page) => {
      await page.goto(server.address);
      await fillIn(page);
      await page.evaluate(`longestGap = 0, (function draw(last) {
        requestAnimationFrame((now) => {
          longestGap = Math.max(longestGap, now - last);
          draw(now);
        });
      })(performance.now())`);
      await page.getByRole("button", { name: "Start training" }).click();
      await page.locator("#step").filter({ hasText: "of 20" }).waitFor({ timeout: 120_000 });
      await page.getByRole("button", { name: "Pause" }).click();
      await reach(page, "paused");
      assertLess(parseInt(await page.locator("#step").innerText()), settings.steps, "steps before the pause");
      await page.getByRole("button", { name: "Go on" }).click();
      await reach(page, "done");
      assertLess(await page.evaluate<number>("longestGap"), 1000, "milliseconds without drawing");
      assertMatch(await page.locator("#adapter").innerText(), /swiftshader/i);

      const [title, ...rows] = new TextDecoder().decode(await save(page, "Save losses")).trim().split("\n");
      assertEquals(title, "step,loss");
      assertEquals(rows.map((row) => parseInt(row)), Array.from({ length: settings.steps }, (_, i) => i + 1));
      assertClose(rows.map((row) => Number(row.split(",")[1])), expected.losses, TOLERANCE, "losses");

      const files = memoryFiles(unzipSync(await save(page, "Save checkpoint")));
      const reader = await CheckpointReader.open(files, `lenet/model.ckpt-${settings.steps}`);
      const { data } = await reader.readAs("LeNet/fc4/biases", "float32", [10]);
      assertClose(data, expected.biases, 1e-4, "biases");

      assertEquals(await page.locator("#images").innerText(), String(settings.testImages));
      const accuracy = `${(100 * expected.accuracy).toFixed(1)}%`;
      assertEquals(await page.locator("#accuracy").innerText(), accuracy);
      assertEquals(await page.locator("#examples canvas").count(), 18);
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 700 });
        const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assertEquals(await page.evaluate(overflow), 0, `overflow at a width of ${width}`);
      }
    });
  },
});

Deno.test({
  name: "the page says what to do where the browser has no WebGPU",
  ignore,
  fn: async () => {
    await using server = await serveWeb();
    await withPage(async (page) => {
      await page.route("**/worker.js", async (route) => {
        const response = await route.fetch();
        await route.fulfill({
          response,
          body: `delete WorkerNavigator.prototype.gpu;${await response.text()}`,
        });
      });
      await page.goto(server.address);
      await page.getByRole("button", { name: "Start training" }).click();
      await page.getByRole("button", { name: "Try again" }).waitFor();
      assertMatch(
        await page.getByRole("alert").innerText(),
        /^Cannot open a device: .* no WebGPU; use a current Chrome/,
      );
    });
  },
});

Deno.test({
  name: "the page takes ways to compute from its address, and lists those that there are",
  ignore,
  fn: async () => {
    await using server = await serveWeb();
    await withPage(async (page) => {
      await page.goto(`${server.address}?variant=8x8,nine`);
      await page.getByRole("button", { name: "Start training" }).click();
      await page.getByRole("button", { name: "Try again" }).waitFor();
      assertEquals(
        await page.getByRole("alert").innerText(),
        "Cannot force variant nine: the known ones are 16x16, 8x8, 8x32, 7x32, 1x32, shared, direct, winograd, texture, buffer",
      );
    });
  },
});

/** The kernels that a module of kernels/ lists, and the names of all WGSL files there that are one. */
async function allKernels(): Promise<{ kernels: Kernel[]; texts: string[] }> {
  const kernels: Kernel[] = [], texts: string[] = [], directory = new URL("../kernels/", import.meta.url);
  for await (const { name } of Deno.readDir(directory)) {
    const isKernel = name.endsWith(".wgsl") && !name.endsWith("_common.wgsl") &&
      (await Deno.readTextFile(new URL(name, directory))).includes("@compute"); // else a part of several
    if (isKernel) texts.push(name.slice(0, -".wgsl".length));
    if (name.endsWith(".ts")) kernels.push(...(await import(`${directory}${name}`)).kernels ?? []);
  }
  return { kernels, texts };
}

Deno.test({
  name: "every kernel compiles in the browser, without a warning",
  ignore,
  fn: async () => {
    const { kernels, texts } = await allKernels();
    const isListed = (text: string) =>
      kernels.some(({ name }) => name === text || name.startsWith(`${text}_`));
    assertEquals(texts.filter((text) => !isListed(text)), [], "files whose kernel is in no list");
    await using server = await serveWeb();
    await withPage(async (page) => {
      await page.goto(server.address);
      const refused = await page.evaluate(async (sources) => {
        const adapter = (await navigator.gpu.requestAdapter())!;
        const requiredFeatures = ["subgroups" as GPUFeatureName].filter((f) => adapter.features.has(f));
        const device = await adapter.requestDevice({ requiredFeatures });
        const isUsable = ({ code }: { code: string }) =>
          requiredFeatures.length > 0 || !code.includes("subgroup");
        const reports = sources.filter(isUsable).map(async ({ name, code }) => {
          const directive = code.includes("subgroup") ? "enable subgroups; " : "";
          const module = device.createShaderModule({ label: name, code: directive + code });
          const compute = { module, entryPoint: "main" };
          const made = device.createComputePipelineAsync({ label: name, layout: "auto", compute });
          const failure = await made.then(() => [], (error) => [error.message as string]);
          const { messages } = await module.getCompilationInfo();
          return [...failure, ...messages.map((m) => `${name}, line ${m.lineNum}: ${m.message}`)];
        });
        return (await Promise.all(reports)).flat();
      }, kernels.map(({ name, code }) => ({ name, code })));
      assertEquals(refused, []);
    });
  },
});

Deno.test("serve_web serves the page's files and nothing else", async () => {
  await using server = await serveWeb();
  const answers: Record<string, [number, string | null]> = {
    "/": [200, "text/html; charset=utf-8"],
    "/worker.js": [200, "text/javascript; charset=utf-8"],
    "/style.css": [200, "text/css; charset=utf-8"],
    "/sample/test_images.png": [200, "image/png"],
    "/deno.json": [404, "text/plain;charset=UTF-8"],
    "/sample/..%2f..%2fdeno.json": [404, "text/plain;charset=UTF-8"],
    "/constructor": [404, "text/plain;charset=UTF-8"],
  };
  for (const [path, expected] of Object.entries(answers)) {
    const response = await fetch(server.address + path), text = await response.text();
    assertEquals([response.status, response.headers.get("content-type")], expected, path);
    assert(!/(npm|node):/.test(text.match(/^import .*/m)?.[0] ?? ""), `${path} imports a package`);
  }
  const refused = await fetch(server.address, { method: "POST" });
  assertEquals([refused.status, await refused.text()], [405, "Only GET and HEAD\n"]);
});

Deno.test("serve_web names a port that is taken", async () => {
  await using server = await serveWeb();
  const { port } = new URL(server.address);
  const { code, stderr } = await serveWebCommand([`--port=${port}`]).output();
  const message = `Cannot serve on port ${port}: it is in use; choose another with --port\n`;
  assertStringIncludes(new TextDecoder().decode(stderr), message);
  assertEquals(code, 1);
});
