/**
 * What an adapter can do at most: multiply and add in registers, and read and write memory.
 *
 * This module is browser compatible.
 * @module
 */
import type { Gpu } from "./gpu.ts";
import copyCode from "./peak_copy.wgsl" with { type: "text" };
import fmaCode from "./peak_fma.wgsl" with { type: "text" };
import { bestTime } from "./stopwatch.ts";

/** What {@linkcode measurePeaks} measured. */
export interface Peaks {
  /** 1e9 floating-point operations a second; a multiplication and an addition are two. */
  readonly gflops: number;
  /** 1e9 bytes a second that copies read and write: a copied byte is two. */
  readonly gigabytes: number;
}

/** Sums that an invocation keeps at once, and how often the loop's body adds to each. */
const sums = 32, repeats = 8;
/** As in the shader. */
const rounds = 64;

/** Times multiplications and copies; takes about three seconds, and frees what it made. */
export async function measurePeaks(gpu: Gpu): Promise<Peaks> {
  return { gflops: await measureFma(gpu), gigabytes: await measureCopies(gpu) };
}

async function measureFma(gpu: Gpu): Promise<number> {
  const [lanes, groups] = gpu.adapter.kind === "gpu" ? [256, 2048] : [8, 512];
  const each = (line: (i: number) => string, separator = " ") =>
    Array.from({ length: sums }, (_, i) => line(i)).join(separator);
  const code = fmaCode
    .replace("var s0 = start;", each((i) => `var s${i} = start + ${i}.0;`))
    .replace("s0 = fma(s0, x, rest);", each((i) => `s${i} = fma(s${i}, x, rest);`).repeat(repeats))
    .replace("= s0;", `= ${each((i) => `s${i}`, " + ")};`);
  const y = gpu.createBuffer({
    label: "peak sums",
    size: 4 * lanes * groups,
    usage: GPUBufferUsage.STORAGE,
  });
  try {
    const label = "peak of multiply-adds";
    const pipeline = await gpu.pipeline({ label, code, constants: { lanes } });
    const bindGroup = gpu.bindGroup(label, pipeline, [y]);
    const work = 2 * sums * repeats * rounds * lanes * groups;
    const ms = await bestTime(gpu, { label, pipeline, bindGroup, workgroups: [groups, 1, 1], work });
    return work / ms / 1e6;
  } finally {
    gpu.destroyBuffer(y);
  }
}

/** The faster of a kernel that copies and the device's own copy. */
async function measureCopies(gpu: Gpu): Promise<number> {
  const [lanes, size] = gpu.adapter.kind === "gpu" ? [256, 128 << 20] : [64, 64 << 20];
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [source, target] = ["source", "target"].map((name) =>
    gpu.createBuffer({ label: `peak copy ${name}`, size, usage, binding: size })
  );
  try {
    const label = "peak of copies";
    const pipeline = await gpu.pipeline({ label, code: copyCode, constants: { lanes } });
    const bindGroup = gpu.bindGroup(label, pipeline, [source, target]);
    const workgroups: [number, number, number] = [size / 64 / lanes, 1, 1];
    const kernel = await bestTime(gpu, { label, pipeline, bindGroup, workgroups, work: 2 * size });
    const copy = { source, sourceOffset: 0, target, targetOffset: 0, size };
    const command = await bestTime(gpu, { label, copy });
    return 2 * size / Math.min(kernel, command) / 1e6;
  } finally {
    for (const buffer of [source, target]) gpu.destroyBuffer(buffer);
  }
}
