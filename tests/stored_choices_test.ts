/** What tuning found: kept adapter by adapter, read when a device is opened, and shown by tools/tune.ts. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { AdapterSummary } from "../gpu/adapter.ts";
import { openGpu } from "../host/drivers.ts";
import { type ChoiceStorage, loadChoices, saveChoices } from "../tape/stored_choices.ts";

const mesa: AdapterSummary = {
  kind: "software",
  vendor: "mesa",
  architecture: "",
  device: "",
  description: "llvmpipe (LLVM 19)",
  isFallback: true,
  driverSource: "system",
};
const others = [
  { ...mesa, description: "llvmpipe (LLVM 20)" },
  { ...mesa, driverSource: "dawn" },
] as const;
const choices = new Map([["gemm 64x64x64x1", "8x8"], ["conv3x3 output 1x8x8x8x8", "direct"]]);
const none = new Map();

function memoryStorage(): ChoiceStorage & { texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (name) => texts.get(name) ?? null,
    setItem: (name, text) => void texts.set(name, text),
  };
}

Deno.test("loadChoices() reads what saveChoices() wrote, for the same adapter with the same driver", async () => {
  const storage = memoryStorage();
  assertEquals(await loadChoices(storage, mesa), none);
  await saveChoices(storage, mesa, choices);
  await saveChoices(storage, others[0], new Map([["gemm 1x1x1x1", "shared"]]));
  assertEquals(await loadChoices(storage, mesa), choices);
  assertEquals(await loadChoices(storage, others[1]), none);
  await saveChoices(storage, mesa, none);
  assertEquals(await loadChoices(storage, mesa), none);
  assertEquals((await loadChoices(storage, others[0])).size, 1);
});

Deno.test("loadChoices() finds nothing in a damaged or foreign text, or for other kernels, and saveChoices() replaces it", async () => {
  const storage = memoryStorage();
  await saveChoices(storage, mesa, choices);
  const [[name, text]] = storage.texts;
  const replaced = [
    ["", "{", text.slice(0, -20), "null", "[1]", '"text"', '{"a": 1}'],
    [text.replace(/"kernels": "\w+"/, '"kernels": "0123456789abcdef"'), text.replace('"8x8"', "8")],
    [text.replace(/"choices": \{[^}]*\}/, '"choices": null'), text.replace(/"choices": \{[^}]*\}/, '"x": 1')],
  ].flat();
  for (const damaged of replaced) {
    assert(damaged !== text);
    storage.texts.set(name, damaged);
    assertEquals(await loadChoices(storage, mesa), none, damaged);
    await saveChoices(storage, mesa, choices);
    assertEquals(storage.texts.get(name), text);
  }
});

/** Deno's own cache stays where it is when the user's cache directory moves. */
const denoDir = Deno.env.get("DENO_DIR") ??
  `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;

async function tuneTool(cache: string, ...flags: string[]) {
  const script = new URL("../tools/tune.ts", import.meta.url).pathname;
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi"];
  const args = ["run", "--no-check", "--frozen", ...permissions, script, ...flags];
  const env = { XDG_CACHE_HOME: cache, DENO_DIR: denoDir, WGSLIM_VARIANT: "" };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** What a device that is opened with a cache directory takes as measured. */
async function measuredWith(
  cache: string,
  variant?: string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const before = ["XDG_CACHE_HOME", "WGSLIM_VARIANT"].map((name) => [name, Deno.env.get(name)] as const);
  try {
    Deno.env.set("XDG_CACHE_HOME", cache);
    Deno.env.delete("WGSLIM_VARIANT");
    const gpu = await openGpu({ variant });
    gpu.close();
    return gpu.preferences.measured;
  } finally {
    for (const [name, value] of before) {
      value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    }
  }
}

Deno.test({
  name: "tools/tune.ts tunes a net, and what is stored is shown, taken by openGpu() and removed",
  ignore: Deno.build.os !== "linux", // elsewhere the cache directory cannot be moved
  fn: async () => {
    const cache = await Deno.makeTempDir();
    try {
      const tuned = await tuneTool(cache, "--model_name=lenet", "--image_size=12");
      assertEquals(tuned.code, 0, tuned.stderr);
      const [title, head, ...rows] = tuned.stdout.split("\n");
      assertEquals(title, "lenet, inference");
      assertMatch(head, /^question +ms of each way +default +chosen$/);
      assertMatch(
        rows[0],
        /^gemm [\dx]+ +16x16 [\d.]+, 8x8 [\d.]+, (8x32 [\d.]+, 7x32 [\d.]+, )?1x32 [\d.]+, shared [\d.]+ +(16x16|8x8|[178]x32|shared)/,
      );
      assertMatch(
        tuned.stdout,
        /^\d questions in \d:\d\d; where the default is not the best \(\d\), the answer is stored$/m,
      );

      const path = `${cache}/wgslim/wgslim-choices.json`;
      assert((await Deno.stat(path)).isFile);
      await Deno.writeTextFile(path, "{ damaged");
      const damaged = await tuneTool(cache, "--show");
      assertEquals(damaged.stdout, "Nothing is stored for this adapter: programs choose by default\n");
      assertEquals(await measuredWith(cache), none);

      const gpu = await openGpu({ measured: none });
      gpu.close();
      const file: ChoiceStorage = {
        getItem: () => null,
        setItem: (_, text) => Deno.writeTextFile(path, text),
      };
      await saveChoices(file, gpu.adapter, choices);
      assertEquals(await measuredWith(cache), choices);
      assertEquals(await measuredWith(cache, ["8x8"]), undefined);
      const shown = await tuneTool(cache, "--show");
      assertMatch(shown.stdout, /^conv3x3 output 1x8x8x8x8 +direct\ngemm 64x64x64x1 +8x8$/m);
      assertEquals((await tuneTool(cache, "--reset")).code, 0);
      assertEquals(await measuredWith(cache), none);
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  },
});

Deno.test("tools/tune.ts refuses wrong flags with exit code 2, before it opens a device", async () => {
  const cases = {
    "--mode=train": "Cannot use --mode=train: it takes one of inference, training\n",
    "--model_name=lennet": "it takes one of",
    "--modle_name=lenet": "Cannot use --modle_name: there is no such flag; did you mean --model_name?\n",
    "--batch_size=0": "Cannot use --batch_size=0: it takes an integer from 1\n",
    "--show --reset": "Cannot use --show with --reset: give one of them\n",
  };
  for (const [flags, message] of Object.entries(cases)) {
    const { code, stdout, stderr } = await tuneTool("/tmp", ...flags.split(" "));
    assertEquals([code, stdout], [2, ""], stderr);
    assert(stderr.includes(message) && !stderr.includes("Computing on"), stderr);
  }
});

Deno.test("stored choices are none where reading is not permitted", async () => {
  const address = new URL("../host/choice_storage.ts", import.meta.url).href;
  const source = `import { cacheStorage } from ${JSON.stringify(address)};
    console.log(cacheStorage.getItem("wgslim-choices"));`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    for (const permissions of [[], ["--allow-env"], ["--allow-read"]]) {
      const args = ["run", "--no-check", "--no-prompt", ...permissions, file];
      const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
      assertEquals(new TextDecoder().decode(stdout), "null\n");
    }
  } finally {
    await Deno.remove(file);
  }
});
