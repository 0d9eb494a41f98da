/**
 * Devices for tests: opened on whatever `WGSLIM_ADAPTER` and `WGSLIM_VARIANT` say, without the choices that were tuned on this
 * machine, and checked for buffers left alive.
 */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import type { Gpu } from "../gpu/gpu.ts";
import { endCompilers } from "../host/compiler.ts";
import { openGpu, type OpenGpuOptions } from "../host/drivers.ts";

/** Runs a test on a fresh device; fails if anything failed late or a buffer stays alive. */
export async function withGpu(
  test: (gpu: Gpu) => Promise<void> | void,
  options: OpenGpuOptions = {},
): Promise<void> {
  const gpu = await openGpu({ measured: new Map(), ...options });
  try {
    await test(gpu);
    await gpu.settled();
    assertEquals(gpu.liveLabels, [], "buffers left alive");
  } finally {
    gpu.close();
    await endCompilers();
  }
}

/** Runs a test that breaks its device; only what it asserts itself is checked. */
export async function withDoomedGpu(test: (gpu: Gpu) => Promise<void> | void): Promise<void> {
  const gpu = await openGpu({ measured: new Map() });
  try {
    await test(gpu);
  } finally {
    gpu.close();
  }
}

/** Adds `amount` to each of the floats that binding 0 holds; one workgroup covers eight. */
export const addSource = {
  label: "add",
  code: `override amount: f32 = 1.0;
@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  values[id.x] += amount;
}`,
};

/** What most test buffers are for. */
export const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
