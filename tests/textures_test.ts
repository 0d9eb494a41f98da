/** Operands that kernels read as textures: their sizes, the copies, and the zeros past their ends. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { Executor } from "../gpu/executor.ts";
import { defineKernel } from "../kernels/kernel.ts";
import { TEXTURE_WIDTH, textureRows } from "../kernels/texture.ts";
import { compile } from "../tape/compile.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { scale } from "../tape/ops/pointwise.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape } from "../tape/tape.ts";
import { bytesOfTextures, planTextures, textureUses } from "../tape/textures.ts";
import { storage, withGpu } from "./_gpu.ts";
import * as reference from "./reference/dense.ts";
import { random } from "./reference/tensor.ts";

/** y[i] = texel `first + i` of x. */
const reader = defineKernel(
  "texel_reader",
  `struct Params { first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) lane: u32) {
  let i = p.first + lane;
  y[lane] = textureLoad(x, vec2u(i & 4095u, i >> 12u));
}`,
);

Deno.test("textureRows() always leaves a texel past the operand", () => {
  for (const texels of [0, 1, TEXTURE_WIDTH - 1, TEXTURE_WIDTH, TEXTURE_WIDTH + 1, 5 * TEXTURE_WIDTH]) {
    assertEquals(textureRows(texels) * TEXTURE_WIDTH > texels, true, `${texels}`);
  }
  assertEquals([textureRows(0), textureRows(4095), textureRows(4096)], [1, 1, 2]);
});

Deno.test("planTextures() has a texture for each place and element type, as large as the largest operand", () => {
  const two = { ...reader, textures: [1, 3] },
    elements: Record<string, number> = { a: 40_000, b: 16, c: 4, h: 400 };
  const launches = [
    { kernel: two, buffers: ["a", "y", "b"] },
    { kernel: { ...reader, textures: [] as number[] }, buffers: ["a", "y"] },
    { kernel: two, buffers: ["c", "y", "a"] },
    { kernel: two, buffers: ["h", "y", "c"] },
  ];
  const bytesEach = (v: string) => v === "h" ? 2 : 4;
  const partOf = (v: string) => ({ root: v, offset: 0, size: elements[v] * bytesEach(v) });
  const uses = textureUses(launches, partOf, bytesEach), { slots, operands } = planTextures(uses);
  assertEquals(slots, [{ bytesPerTexel: 16, rows: 3 }, { bytesPerTexel: 16, rows: 3 }, {
    bytesPerTexel: 8,
    rows: 1,
  }]);
  assertEquals(slots.map((slot) => bytesOfTextures([slot])), [196_608, 196_608, 32_768]);
  const places = [0, 1, 2, 3].map((i) =>
    [...operands.get(i) ?? []].map(([binding, { value, slot }]) => [binding, value, slots.indexOf(slot)])
  );
  assertEquals(places, [
    [[1, "a", 0], [3, "b", 1]],
    [],
    [[1, "c", 0], [3, "a", 1]],
    [[1, "h", 2], [3, "c", 1]],
  ]);
});

Deno.test("planTextures() gives what is kept a texture of its own, at whatever place, and the others as small ones as they need", () => {
  const two = { ...reader, textures: [1, 3] }, rows: Record<string, number> = { a: 1, b: 5, c: 2, part: 5 };
  const launches = [
    { kernel: two, buffers: ["a", "y", "b"] },
    { kernel: two, buffers: ["b", "y", "c"] },
    { kernel: two, buffers: ["part", "y", "a"] },
  ];
  const partOf = (v: string) => ({
    root: v === "part" ? "b" : v,
    offset: v === "part" ? 256 : 0,
    size: (rows[v] - 1) * 16 * TEXTURE_WIDTH,
  });
  const uses = textureUses(launches, partOf, () => 4), [, b, again, , part] = uses;
  assertEquals([b.own === again.own, b.own === part.own, b.own.rows], [true, false, 5]);
  const { slots, operands } = planTextures(uses, new Set([b.own]));
  assertEquals(slots.map(({ rows }) => rows), [5, 5, 2]);
  const places = [0, 1, 2].map((i) =>
    [...operands.get(i)!.values()].map(({ value, slot, isKept }) => [value, slots.indexOf(slot), isKept])
  );
  assertEquals(places, [
    [["a", 1, false], ["b", 0, true]],
    [["b", 0, true], ["c", 2, false]],
    [["part", 1, false], ["a", 2, false]],
  ]);
});

Deno.test("an Executor copies whole rows and the rest of one before the dispatch, from an offset; past that are zeros", () =>
  withGpu(async (gpu) => {
    const texels = 2 * TEXTURE_WIDTH + 3, offset = 256;
    const data = Float32Array.from({ length: 4 * texels + offset / 4 }, (_, i) => i);
    const source = gpu.createBuffer({ label: "source", size: data.byteLength, usage: storage });
    const y = gpu.createBuffer({ label: "y", size: 64, usage: storage });
    const { UNIFORM, COPY_DST } = GPUBufferUsage,
      params = gpu.createBuffer({ label: "p", size: 4, usage: UNIFORM | COPY_DST });
    const texture = gpu.createTexture({
      label: "x",
      width: TEXTURE_WIDTH,
      height: textureRows(texels),
      bytesPerTexel: 16,
    });
    const pipeline = await gpu.pipeline({ label: reader.name, code: reader.code });
    const bindGroup = gpu.bindGroup("read", pipeline, [params, { view: texture.createView() }, y]);
    const copy = { source, offset, texels, bytesPerTexel: 16, target: texture, width: TEXTURE_WIDTH };
    const workgroups: [number, number, number] = [1, 1, 1];
    const executor = new Executor(gpu, [{
      label: "read",
      pipeline,
      bindGroup,
      workgroups,
      work: 1,
      textures: [copy],
    }]);
    gpu.upload(source, data);
    const value = (i: number) => i < 4 * texels ? i + offset / 4 : 0;
    for (const first of [0, TEXTURE_WIDTH - 2, 2 * TEXTURE_WIDTH - 1, texels - 2]) {
      gpu.upload(params, Uint32Array.of(first));
      executor.run();
      const expected = Array.from({ length: 16 }, (_, i) => value(4 * first + i));
      assertEquals([...new Float32Array(await gpu.download(y))], expected, `from texel ${first}`);
    }
    for (const resource of [source, y, params, texture]) gpu.destroyBuffer(resource);
    assertEquals(gpu.memory.liveBytes, 0);
  }));

Deno.test("an operand that its texture holds is not copied again, and short sums read zeros where a longer operand was", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), x = random("x", [3, 64]), w = random("w", [64, 256]), v = random("v", [64, 8]);
    const short = random("short", [3, 5]), u = random("u", [5, 8]);
    const feeds = { x, w, v, short, u };
    const twice = Object.fromEntries( // feeds themselves would be copied once
      Object.entries(feeds).map(([name, { shape }]) => [name, scale(tape.feed(name, shape), 2)]),
    );
    const products = {
      xw: matmul(twice.x, twice.w),
      xv: matmul(twice.x, twice.v),
      su: matmul(twice.short, twice.u),
    };
    const fetches = Object.fromEntries(Object.entries(products).map(([name, y]) => [name, scale(y, 0.25)]));
    const parameters = new Parameters(gpu, tape.variables),
      program = await compile(gpu, tape, { fetches, parameters });
    // Places are rounded up to 256 bytes, 16 texels.
    const launches = program.commands.filter(({ label }) => label.includes("(gemm"));
    const copied = launches.map(({ textures }) => textures!.map(({ texels }) => texels));
    assertEquals(copied, [[48, 4096], [128], [16, 16]]);
    for (const [name, { data }] of Object.entries(feeds)) program.feed(name, Float32Array.from(data));
    program.run();
    const expected = {
      xw: reference.matmul(x, w),
      xv: reference.matmul(x, v),
      su: reference.matmul(short, u),
    };
    for (const [name, { data }] of Object.entries(expected)) {
      const result = await program.fetch(name);
      assertEquals(result.length, data.length);
      result.forEach((r, i) =>
        assertEquals(Math.abs(r - data[i]) < 1e-4, true, `${name}[${i}]: ${r}, ${data[i]}`)
      );
    }
    program.destroy();
    parameters.destroy();
  }, { variant: ["8x8"] }));
