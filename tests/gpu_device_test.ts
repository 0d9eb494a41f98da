// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { GpuError } from "../gpu/errors.ts";
import { addSource, storage, withDoomedGpu, withGpu } from "./_gpu.ts";

const floats = (bytes: ArrayBuffer) => [...new Float32Array(bytes)];

Deno.test("Gpu requests every limit of the adapter", () =>
  withGpu((gpu) => {
    assert(
      gpu.limits.maxBufferSize > 256 << 20,
      "the default of 256 MiB would mean that no limit was requested",
    );
    assert(gpu.limits.maxStorageBuffersPerShaderStage > 8);
  }));

Deno.test("createBuffer() keeps account of live and peak bytes", () =>
  withGpu((gpu) => {
    const a = gpu.createBuffer({ label: "a", size: 1000, usage: storage });
    const b = gpu.createBuffer({ label: "b", size: 21, usage: storage });
    assertEquals(b.size, 24, "sizes are rounded up to four bytes");
    assertEquals(gpu.memory, { liveBytes: 1024, peakBytes: 1024, liveBuffers: 2 });
    assertEquals(gpu.liveLabels, ["a", "b"]);
    gpu.destroyBuffer(a);
    gpu.destroyBuffer(a);
    assertEquals(gpu.memory, { liveBytes: 24, peakBytes: 1024, liveBuffers: 1 });
    gpu.destroyBuffer(b);
    const empty = gpu.createBuffer({ label: "empty", size: 0, usage: storage });
    assertEquals(empty.size, 4, "an empty buffer could not be bound");
    gpu.destroyBuffer(empty);
  }));

Deno.test("createBuffer() refuses what the device cannot hold, with label, sizes and remedy", () =>
  withGpu((gpu) => {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
    const size = maxBufferSize + 1;
    const error = assertThrows(
      () => gpu.createBuffer({ label: "fc6/weights", size, usage: storage }),
      RangeError,
    );
    assertMatch(error.message, /^Cannot create fc6\/weights: a buffer of \d+ bytes is larger/);
    assertMatch(error.message, new RegExp(`maxBufferSize of ${maxBufferSize}; lower --batch_size`));
    const binding = maxStorageBufferBindingSize + 4;
    assertThrows(
      () => gpu.createBuffer({ label: "images", size: 16, usage: storage, binding }),
      RangeError,
      `Cannot create images: a storage binding of ${binding} bytes is larger than this device's`,
    );
    for (const size of [-4, 1.5, NaN, Infinity]) {
      assertThrows(
        () => gpu.createBuffer({ label: "odd", size, usage: storage }),
        RangeError,
        "Cannot create",
      );
    }
    assertEquals(gpu.memory.liveBuffers, 0);
  }));

Deno.test("upload() and download() carry any part, also several at once and from shared memory", () =>
  withGpu(async (gpu) => {
    const buffer = gpu.createBuffer({ label: "values", size: 32, usage: storage });
    gpu.upload(buffer, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([30, 40]);
    gpu.upload(buffer, shared, 8);
    gpu.upload(buffer, Float32Array.of(0, 80, 0).subarray(1, 2), 28);
    const parts = await Promise.all([
      gpu.download(buffer),
      gpu.download(buffer, 8, 8),
      gpu.download(buffer, 28),
    ]);
    assertEquals(parts.map(floats), [[1, 2, 30, 40, 5, 6, 7, 80], [30, 40], [80]]);
    gpu.upload(buffer, Uint8Array.of(1, 2, 3, 4, 5, 6), 0);
    assertEquals([...new Uint8Array(await gpu.download(buffer, 0, 8))], [1, 2, 3, 4, 5, 6, 0, 0]);
    gpu.destroyBuffer(buffer);
  }));

Deno.test("upload() and download() refuse a range outside the buffer", () =>
  withGpu(async (gpu) => {
    const buffer = gpu.createBuffer({ label: "values [8]", size: 32, usage: storage });
    const data = new Float32Array(4);
    assertThrows(
      () => gpu.upload(buffer, data, 20),
      RangeError,
      "Cannot upload 16 bytes to values [8] at byte 20",
    );
    assertThrows(() => gpu.upload(buffer, data, 2), RangeError, "multiples of four");
    const refused: [number, number][] = [[0, 36], [-4, 4], [36, 0], [0, 6], [0, NaN]];
    for (const [offset, size] of refused) {
      await assertRejects(() => gpu.download(buffer, offset, size), RangeError, "from values [8]");
    }
    gpu.destroyBuffer(buffer);
  }));

Deno.test("pipeline() shares equal requests and tells constants apart", async () => {
  const progress: string[] = [];
  const onPipeline = (ready: number, requested: number, label: string) =>
    progress.push(`${ready}/${requested} ${label}`);
  await withGpu(async (gpu) => {
    const [a, b, c] = await Promise.all([
      gpu.pipeline(addSource),
      gpu.pipeline({ ...addSource, label: "same text, other label" }),
      gpu.pipeline({ ...addSource, constants: { amount: 2 } }),
    ]);
    assert(a === b);
    assert(a !== c);
    assert(a === await gpu.pipeline(addSource));
  }, { onPipeline });
  assertEquals(progress.slice(0, 2), ["0/1 add", "0/2 add"]);
  assertEquals(progress.slice(2).sort(), ["1/2 add", "2/2 add"]);
});

const wrongShaders = {
  syntax: { code: "fn main( { x }", expected: /line 1:10: / },
  types: {
    code: `@compute @workgroup_size(8)\nfn main() {\n  let x: f32 = 1u;\n}`,
    expected: /line 3:7: [^]*let x: f32 = 1u/,
  },
  "entry point": { code: "@compute @workgroup_size(8) fn other() {}", expected: /main/ },
};
for (const [name, { code, expected }] of Object.entries(wrongShaders)) {
  Deno.test(`pipeline() names label and line if the shader is wrong: ${name}`, () =>
    withGpu(async (gpu) => {
      const label = "conv2d [1, 8, 8, 3] x [3, 3, 3, 16]";
      const error = await assertRejects(() => gpu.pipeline({ label, code }), GpuError);
      assertEquals([error.kind, error.operation], ["shader", label]);
      assert(error.message.startsWith(`Cannot compile shader ${label}: `), error.message);
      assertMatch(error.message, expected);
      await gpu.pipeline(addSource); // the device goes on
    }));
}

Deno.test("bindGroup() refuses a storage binding past the limit before the device sees it", () =>
  withGpu(async (gpu) => {
    const pipeline = await gpu.pipeline(addSource);
    const buffer = gpu.createBuffer({ label: "values", size: 32, usage: storage });
    const size = gpu.limits.maxStorageBufferBindingSize + 4;
    assertThrows(
      () => gpu.bindGroup("add", pipeline, [{ buffer, size }]),
      RangeError,
      `Cannot create add, binding 0 (values): a storage binding of ${size} bytes`,
    );
    gpu.destroyBuffer(buffer);
  }));

Deno.test("bindGroup() names its label if the device refuses it", () =>
  withDoomedGpu(async (gpu) => {
    const pipeline = await gpu.pipeline(addSource);
    const buffer = gpu.createBuffer({ label: "params", size: 32, usage: GPUBufferUsage.UNIFORM });
    gpu.bindGroup("add [8]", pipeline, [buffer]);
    const error = await assertRejects(() => gpu.settled(), GpuError, "Cannot run bind group add [8]: ");
    assertEquals([error.kind, error.operation], ["validation", "bind group add [8]"]);
    assertMatch(error.message, /params/);
    assertThrows(() => gpu.throwIfFailed(), GpuError, "add [8]"); // and goes on saying so
  }));

Deno.test("download() names the buffer if it cannot be copied from", () =>
  withDoomedGpu(async (gpu) => {
    const buffer = gpu.createBuffer({ label: "fc3/weights", size: 32, usage: GPUBufferUsage.STORAGE });
    await assertRejects(() => gpu.download(buffer), GpuError, "Cannot run download from fc3/weights: ");
  }));

Deno.test("download() throws what an error outside of all operations says", () =>
  withDoomedGpu(async (gpu) => {
    const buffer = gpu.createBuffer({ label: "a", size: 32, usage: storage });
    gpu.device.createBuffer({ label: "stray", size: 2 ** 45, usage: storage });
    await new Promise((resolve) => setTimeout(resolve, 20)); // uncaptured errors are events
    await assertRejects(() => gpu.download(buffer), GpuError, "Cannot run unknown operation: ");
  }));

Deno.test("a lost device is thrown as such, with what to do", () =>
  withDoomedGpu(async (gpu) => {
    const buffer = gpu.createBuffer({ label: "a", size: 32, usage: storage });
    gpu.device.destroy();
    const error = await assertRejects(() => gpu.download(buffer), GpuError);
    assertEquals(error.kind, "lost");
    assertMatch(
      error.message,
      /^Cannot go on: .* was lost \(destroyed, .*\); start again from the last checkpoint$/,
    );
    assertThrows(() => gpu.createBuffer({ label: "b", size: 32, usage: storage }), GpuError, "was lost");
    await assertRejects(() => gpu.pipeline(addSource), GpuError, "was lost");
    assertEquals((await gpu.lost).reason, "destroyed");
  }));

Deno.test("close() frees everything and is final", () =>
  withDoomedGpu(async (gpu) => {
    gpu.createBuffer({ label: "a", size: 32, usage: storage });
    gpu.close();
    gpu.close();
    assertEquals(gpu.memory, { liveBytes: 0, peakBytes: 32, liveBuffers: 0 });
    const error = assertThrows(() => gpu.createBuffer({ label: "b", size: 32, usage: storage }), GpuError);
    assertEquals(error.kind, "closed");
    assertEquals((await gpu.lost).reason, "destroyed");
  }));
