/** Whether a second device helps to compile kernels that Mesa's cache lacks, and only those, and what happens meanwhile. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { endCompilers, startCompiler } from "../host/compiler.ts";
import { openGpu } from "../host/drivers.ts";
import { withFolder } from "./_tools.ts";

const gpu = await openGpu();
const hasCompiler = gpu.startCompiler !== undefined;
gpu.close();

const head = `
import { openGpu } from "${new URL("../host/drivers.ts", import.meta.url)}";
import { compile, matmul, Parameters, relu, Tape } from "${new URL("../mod.ts", import.meta.url)}";
import { gradients } from "${new URL("../tape/gradients.ts", import.meta.url)}";
import { mean } from "${new URL("../tape/ops/losses.ts", import.meta.url)}";
import { sgd } from "${new URL("../kernels/optimizers.ts", import.meta.url)}";
const gpu = await openGpu({ measured: new Map() }), tape = new Tape(), start = gpu.startCompiler;
let started = 0;
Object.defineProperty(gpu, "startCompiler", { value: () => (started++, start()) });
`;

/** Prints how many compilers were started, and whether the product is right. */
const product = `${head}
const y = relu(matmul(tape.feed("a", [4, 2]), tape.feed("b", [2, 4])));
const program = await compile(gpu, tape, { fetches: { y }, parameters: new Parameters(gpu, tape.variables) });
program.feed("a", new Float32Array(8).fill(2));
program.feed("b", new Float32Array(8).fill(3));
program.run();
console.log(started, (await program.fetch("y")).every((v) => v === 12));
gpu.close();
`;

/** Trains for a step at once and another with all kernels; prints whether some changed between, and what came of it. */
const training = `${head}
const initialize = (shape, seed) => Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + seed));
const w = tape.variable("w", [640, 640], { initialize }), loss = mean(relu(matmul(tape.feed("x", [640, 640]), w)));
const update = { rule: sgd, options: {}, rate: tape.feed("rate", [1]), values: new Map([["w", gradients(loss, [w])[0]]]) };
const parameters = new Parameters(gpu, tape.variables);
const program = await compile(gpu, tape, { fetches: { loss }, updates: [update], parameters });
parameters.initialize(0);
program.feed("x", initialize([640, 640], 7));
program.feed("rate", Float32Array.of(0.5));
const pipelines = () => program.commands.map(({ pipeline }) => pipeline), first = pipelines();
program.run();
const losses = [...await program.fetch("loss")];
await program.ready;
program.run();
losses.push(...await program.fetch("loss"));
const bytes = new Uint8Array((await parameters.read("w")).buffer);
const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
console.log(started, pipelines().some((p, i) => p !== first[i]), losses.join(), digest.toHex());
gpu.close();
`;

/** What a program prints, in a process of its own, each time that it runs with the same cache, which is empty at first. */
async function runs(program: string, times: number): Promise<string[]> {
  const printed: string[] = [];
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/program.ts`, program);
    const args = [
      "run",
      "--allow-all",
      "--no-check",
      `--config=${new URL("../deno.json", import.meta.url).pathname}`,
    ];
    for (let i = 0; i < times; i++) {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...args, `${folder}/program.ts`],
        env: { MESA_SHADER_CACHE_DIR: `${folder}/cache` },
      }).output();
      assertEquals(new TextDecoder().decode(stderr), "");
      printed.push(new TextDecoder().decode(stdout).trim());
    }
  });
  return printed;
}

Deno.test({
  name: "compile() has a second device help where kernels are in no cache, and none where they are",
  ignore: !hasCompiler,
  fn: async () => assertEquals(await runs(product, 2), ["1 true", "0 true"]),
});

Deno.test({
  name:
    "a training program begins without the kernels that compile slowly, takes them when they are there, and computes the same",
  ignore: !hasCompiler || (Deno.env.get("WGSLIM_VARIANT") ?? "") !== "",
  fn: async () => {
    const [[started, changed, ...results], again] = (await runs(training, 2)).map((line) => line.split(" "));
    assertEquals([started, changed], ["1", "true"]);
    assertEquals(again.slice(2), results);
  },
});

Deno.test("a compiler that is closed keeps nobody waiting, whether it was asked before or after", async () => {
  const compiler = startCompiler("auto"), code = "@compute @workgroup_size(1) fn main() {}";
  const asked = compiler.compile([{ label: "nothing", code, bindings: [] }]);
  compiler.close();
  await asked;
  await compiler.compile([]);
  compiler.close();
  await endCompilers();
});
