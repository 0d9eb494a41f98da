/** mod.ts as a library: a script elsewhere imports it from a server, without a configuration, and trains. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { systemVulkanDevices } from "../host/drivers.ts";
import { isEmbeddedDriverSupported } from "../host/embedded_driver.ts";
import { serveSources } from "./_serve_sources.ts";

/** Trains ten steps on the embedded sample with the modules at an address, and prints the losses. */
const script = (address: string, openGpu: string) => `
import { configureOptimizer, getDataset, requestGpu, Trainer } from "${address}/mod.ts";
${openGpu === "openGpu" ? `import { openGpu } from "${address}/host/drivers.ts";` : ""}

const gpu = await ${openGpu}();
const dataset = await getDataset({ splitName: "train" });
const trainer = await Trainer.create(gpu, dataset, {
  modelName: "lenet",
  numClasses: dataset.numClasses,
  batchSize: 8,
  optimizer: configureOptimizer({ optimizer: "momentum" }),
  learningRate: () => 0.005,
});
for await (const { losses } of trainer.train({ until: 10 })) console.log(JSON.stringify([...losses]));
gpu.close();
`;

/** Runs the script in a process and a directory of its own; returns what it printed. */
async function train(address: string, openGpu: string, args: string[], env: Record<string, string> = {}) {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/train.ts`, script(address, openGpu));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-config", "--no-lock", ...args, `${directory}/train.ts`],
      cwd: directory,
      env: { NO_COLOR: "1", WGSLIM_ADAPTER: "", ...env },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const losses: number[] = JSON.parse(new TextDecoder().decode(stdout));
    return losses;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const clone = new URL("..", import.meta.url).href.replace(/\/$/, "");

Deno.test({
  name: "mod.ts over HTTP trains as from the clone, with no permission but to fetch",
  ignore: systemVulkanDevices()?.length === 0, // requestGpu() needs a driver; the next test does without
  fn: async () => {
    await using server = serveSources();
    const { host } = new URL(server.address);
    const remote = await train(server.address, "requestGpu", [
      "--check",
      `--allow-import=${host}`,
      `--allow-net=${host}`,
    ]);
    assertEquals(remote.length, 10);
    assertEquals(remote, await train(clone, "requestGpu", ["--allow-all"]));
  },
});

Deno.test({
  name: "host/drivers.ts over HTTP brings a driver where the machine has none",
  ignore: !isEmbeddedDriverSupported(),
  fn: async () => {
    await using server = serveSources();
    const noDriver = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };
    const remote = await train(server.address, "openGpu", ["--allow-all"], noDriver);
    assertEquals(remote.length, 10);
    assertEquals(remote, await train(clone, "openGpu", ["--allow-all"], { WGSLIM_ADAPTER: "embedded" }));
  },
});
