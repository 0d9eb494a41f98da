/**
 * Whether an adapter computes rightly, and how fast: one matrix product, timed.
 *
 * This module is browser compatible.
 * @module
 */
import type { Gpu } from "./gpu.ts";
import code from "./probe.wgsl" with { type: "text" };
import { bestTime } from "./stopwatch.ts";

/** What {@linkcode probeSpeed} measured. */
export interface Speed {
  /** Rows, columns and depth of the square product. */
  readonly size: number;
  /** 1e9 floating-point operations a second; a multiplication and an addition are two. */
  readonly matmulGflops: number;
  /** Largest relative error of the values looked at; beyond 1e-4 the driver computes wrongly. */
  readonly matmulError: number;
}

const tile = 8;

/** Times a matrix product; takes about a second, and frees what it made. */
export async function probeSpeed(gpu: Gpu): Promise<Speed> {
  const isGpu = gpu.adapter.kind === "gpu";
  const size = isGpu ? 2048 : 512;
  const lanes = { lanes_n: 8, lanes_m: isGpu ? 8 : 1 };
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const bytes = size * size * 4, usage = STORAGE | COPY_SRC | COPY_DST;
  const params = gpu.createBuffer({ label: "probe params", size: 16, usage: UNIFORM | COPY_DST });
  const [a, b, c] = ["a", "b", "c"].map((name) =>
    gpu.createBuffer({ label: `probe ${name}`, size: bytes, usage })
  );
  try {
    const values = [testValues(size, 3), testValues(size, 7)];
    gpu.upload(params, new Uint32Array([size, size, size]));
    gpu.upload(a, values[0]);
    gpu.upload(b, values[1]);

    const label = `probe matmul [${size}, ${size}] x [${size}, ${size}]`;
    const pipeline = await gpu.pipeline({ label, code, constants: lanes });
    const bindGroup = gpu.bindGroup(label, pipeline, [params, a, b, c]);
    const [x, y] = [size / tile / lanes.lanes_n, size / tile / lanes.lanes_m];
    const work = 2 * size ** 3;
    const matmul = await bestTime(gpu, { label, pipeline, bindGroup, workgroups: [x, y, 1], work });
    const error = largestError(size, values, new Float32Array(await gpu.download(c)));
    return { size, matmulGflops: work / matmul / 1e6, matmulError: error };
  } finally {
    for (const buffer of [params, a, b, c]) gpu.destroyBuffer(buffer);
  }
}

/** Repeatable random numbers between -0.5 and 0.5 (a linear congruence). */
function testValues(size: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: size * size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

/** Compares some entries of c = transpose(a) b with sums in float64, relative to the size of the terms. */
function largestError(size: number, [a, b]: Float32Array[], c: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < 64; i++) {
    const [m, n] = [(i * 97) % size, (i * 331 + 5) % size];
    let sum = 0;
    let terms = 0;
    for (let k = 0; k < size; k++) {
      const term = a[k * size + m] * b[k * size + n];
      sum += term;
      terms += Math.abs(term);
    }
    largest = Math.max(largest, Math.abs(c[m * size + n] - sum) / terms);
  }
  return largest;
}
