/** All WGSL files as they stand: they compile on this device, their Params have our size, and no return precedes a barrier. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { defineKernel } from "../kernels/kernel.ts";
import philox from "../random/philox.wgsl" with { type: "text" };
import { storage, withGpu } from "./_gpu.ts";

const directory = new URL("../kernels/", import.meta.url);
const names = (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name)
  .filter((name) => name.endsWith(".wgsl")).sort();

/** The text of a file, after that of the generator where it draws random numbers. */
async function codeOf(name: string): Promise<string> {
  const code = await Deno.readTextFile(new URL(name, directory));
  return /\b(uniform4|philox)\(/.test(code) ? philox + code : code;
}

Deno.test("every kernel file compiles, and pack() makes as many bytes as its Params has on the device", (t) =>
  withGpu(async (gpu) => {
    assert(names.length >= 20);
    const buffer = gpu.createBuffer({ label: "any", size: 1024, usage: storage });
    for (const name of names) {
      await t.step(name, async () => {
        const code = await codeOf(name), { paramsSize } = defineKernel(name, code);
        const pipeline = await gpu.pipeline({ label: name, code });
        const bindings = [...code.matchAll(/@binding\((\d+)\)/g)].map((match) => Number(match[1]));
        assertEquals(bindings, bindings.map((_, i) => i), "bindings in order");
        const accepted = async (size: number) => {
          const params = gpu.device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM });
          gpu.device.pushErrorScope("validation");
          const entries = bindings.map((binding) => ({
            binding,
            resource: { buffer: binding === 0 ? params : buffer },
          }));
          gpu.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
          const error = await gpu.device.popErrorScope();
          params.destroy();
          return error === null;
        };
        assertEquals(
          [await accepted(paramsSize), await accepted(paramsSize - 4)],
          [true, false],
          `${paramsSize} bytes`,
        );
      });
    }
    gpu.destroyBuffer(buffer);
  }));

/** Functions of a text that return before a barrier: some invocations would never reach it. */
function earlyReturns(code: string): string[] {
  const text = code.replace(/\/\/.*$/gm, "");
  return text.split(/\bfn\s+/).slice(1).filter((body) =>
    /\breturn\b/.test(body.slice(0, Math.max(0, body.search(/\b\w*Barrier\(\)(?![\s\S]*Barrier\(\))/))))
  ).map((body) => /^\w+/.exec(body)![0]);
}

Deno.test("earlyReturns() finds returns before the last barrier of a function", () => {
  const cases: [string, string[]][] = [
    ["fn main() { if (a) { return; } y[i] = x; }", []],
    ["fn f() -> u32 { return 1u; }\nfn main() { t[i] = f(); workgroupBarrier(); return; }", []],
    ["fn main() { // return\n  workgroupBarrier(); }", []],
    ["fn main() { if (i >= n) { return; } workgroupBarrier(); }", ["main"]],
    ["fn main() { workgroupBarrier(); if (a) { return; } storageBarrier(); y = x; }\nfn g() {}", ["main"]],
  ];
  for (const [code, expected] of cases) assertEquals(earlyReturns(code), expected, code);
});

for (const name of names) {
  Deno.test(`${name} has no return before a barrier`, async () => {
    assertEquals(earlyReturns(await codeOf(name)), []);
  });
}
