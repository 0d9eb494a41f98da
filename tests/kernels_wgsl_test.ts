/** All kernels as they run: they compile on this device, their Params have our size, and no return precedes a barrier. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { withHalfStorage } from "../kernels/half.ts";
import type { Kernel } from "../kernels/kernel.ts";
import { storage, withGpu } from "./_gpu.ts";

const directory = new URL("../kernels/", import.meta.url);

/** Every kernel that a file of kernels/ exports, in the order of the files. */
const kernels: Kernel[] = [];
for (const name of (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name).sort()) {
  if (!name.endsWith(".ts")) continue;
  const code = await Deno.readTextFile(new URL(name, directory));
  const module = await import(new URL(name, directory).href) as { kernels?: readonly Kernel[] };
  assertEquals(
    "kernels" in module,
    code.includes('.wgsl" with'),
    `${name} has WGSL and lists its kernels, or neither`,
  );
  kernels.push(...module.kernels ?? []);
}

Deno.test("kernels have names of their own", () => {
  assert(kernels.length >= 30);
  assertEquals(new Set(kernels.map((kernel) => kernel.name)).size, kernels.length);
});

Deno.test("every kernel compiles, and pack() makes as many bytes as its Params has on the device", (t) =>
  withGpu(async (gpu) => {
    const buffer = gpu.createBuffer({ label: "any", size: 1024, usage: storage });
    const texture = gpu.createTexture({ label: "any", width: 1, height: 1, bytesPerTexel: 16 });
    for (const { name, code, paramsSize, textures } of kernels) {
      await t.step(name, async () => {
        const pipeline = await gpu.pipeline({ label: name, code });
        const bindings = [...code.matchAll(/@binding\((\d+)\)/g)].map((match) => Number(match[1])).sort();
        assertEquals(bindings, bindings.map((_, i) => i), "bindings from 0 on");
        const accepted = async (size: number) => {
          const params = gpu.device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM });
          gpu.device.pushErrorScope("validation");
          const entries = bindings.map((binding) => ({
            binding,
            resource: textures.includes(binding)
              ? texture.createView()
              : { buffer: binding === 0 ? params : buffer },
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
    for (const resource of [buffer, texture]) gpu.destroyBuffer(resource);
  }));

Deno.test("every kernel compiles with float16 in all buffers of floats", (t) =>
  withGpu(async (gpu) => {
    if (!gpu.device.features.has("shader-f16")) return;
    const declaration = /@binding\((\d+)\) var<storage, \w+> \w+: array<(\w+)>/g;
    for (const kernel of kernels) {
      const buffers = [...kernel.code.replace(/\/\/.*$/gm, "").matchAll(declaration)];
      const floats = buffers.filter(([, , type]) => !/u32|i32|vec4u|^[A-Z]\w/.test(type)).map(([, binding]) =>
        Number(binding)
      );
      const { name, code } = withHalfStorage(kernel, [...floats, ...kernel.textures]);
      await t.step(name, async () => {
        await gpu.pipeline({ label: name, code });
        await gpu.settled();
      });
    }
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

Deno.test("no kernel returns before a barrier", () => {
  assertEquals(kernels.flatMap(({ name, code }) => earlyReturns(code).map((f) => `${name}: ${f}`)), []);
});
