/** Whether a second device helps to compile kernels that Mesa's cache lacks, and only those. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { openGpu } from "../host/drivers.ts";
import { withFolder } from "./_tools.ts";

const gpu = await openGpu();
const hasSibling = gpu.sibling !== undefined;
gpu.close();

/** Prints how many devices helped, and whether the product is right. */
const program = `
import { openGpu } from "${new URL("../host/drivers.ts", import.meta.url)}";
import { compile, matmul, Parameters, relu, Tape } from "${new URL("../mod.ts", import.meta.url)}";
const gpu = await openGpu(), tape = new Tape(), open = gpu.sibling;
let opened = 0;
Object.defineProperty(gpu, "sibling", { value: () => (opened++, open()) });
const y = relu(matmul(tape.feed("a", [4, 2]), tape.feed("b", [2, 4])));
const program = await compile(gpu, tape, { fetches: { y }, parameters: new Parameters(gpu, tape.variables) });
program.feed("a", new Float32Array(8).fill(2));
program.feed("b", new Float32Array(8).fill(3));
program.run();
console.log(opened, (await program.fetch("y")).every((v) => v === 12));
gpu.close();
`;

Deno.test({
  name: "compile() has a second device help where kernels are in no cache, and none where they are",
  ignore: !hasSibling,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/program.ts`, program);
      const env = { MESA_SHADER_CACHE_DIR: `${folder}/cache` };
      const args = [
        "run",
        "--allow-all",
        "--no-check",
        `--config=${new URL("../deno.json", import.meta.url).pathname}`,
      ];
      for (const expected of ["1 true\n", "0 true\n"]) {
        const command = new Deno.Command(Deno.execPath(), { args: [...args, `${folder}/program.ts`], env });
        const { stdout, stderr } = await command.output();
        assertEquals(new TextDecoder().decode(stdout), expected, new TextDecoder().decode(stderr));
      }
    }),
});
