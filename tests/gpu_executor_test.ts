// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { GpuError } from "../gpu/errors.ts";
import { type Dispatch, Executor } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { addSource, storage, withDoomedGpu, withGpu } from "./_gpu.ts";

/** A buffer of eight floats and a maker of dispatches that add one to each. */
async function adder(gpu: Gpu, name: string) {
  const buffer = gpu.createBuffer({ label: name, size: 32, usage: storage });
  const pipeline = await gpu.pipeline(addSource);
  const bindGroup = gpu.bindGroup(name, pipeline, [buffer]);
  const dispatch = (label: string, work = 8, x = 1): Dispatch => {
    return { label, pipeline, bindGroup, workgroups: [x, 1, 1], work };
  };
  return { buffer, dispatch };
}

Deno.test("Executor runs commands in order, again and again", () =>
  withGpu(async (gpu) => {
    const { buffer, dispatch } = await adder(gpu, "a");
    const other = gpu.createBuffer({ label: "b", size: 32, usage: storage });
    const copy = { source: buffer, sourceOffset: 0, target: other, targetOffset: 8, size: 8 };
    const executor = new Executor(gpu, [
      dispatch("one"),
      dispatch("two"),
      { label: "keep", copy },
      dispatch("three"),
      { label: "reset", clear: { buffer, offset: 0, size: 4 } },
      dispatch("nothing", 0, 0),
    ]);
    executor.run();
    assertEquals([...new Float32Array(await gpu.download(buffer))], [0, 3, 3, 3, 3, 3, 3, 3]);
    executor.run();
    executor.run();
    assertEquals([...new Float32Array(await gpu.download(buffer))], [0, 9, 9, 9, 9, 9, 9, 9]);
    assertEquals([...new Float32Array(await gpu.download(other))], [0, 0, 2, 8, 0, 0, 0, 0]);
    for (const made of [buffer, other]) gpu.destroyBuffer(made);
  }));

Deno.test("Executor cuts its list by work and by count", () =>
  withGpu(async (gpu) => {
    const { buffer, dispatch } = await adder(gpu, "a");
    const submissions = (works: number[], options: { maxWork?: number; maxCommands?: number }) => {
      const executor = new Executor(gpu, works.map((work) => dispatch("add", work)), options);
      executor.run();
      return executor.submissions;
    };
    assertEquals(submissions([], {}), 0);
    assertEquals(submissions([5, 5, 5, 5], {}), 1);
    assertEquals(submissions([5, 5, 5, 5], { maxWork: 10 }), 2);
    assertEquals(submissions([5, 99, 5, 5], { maxWork: 10 }), 3); // the heavy one goes alone
    assertEquals(submissions([5, 5, 5, 5, 5], { maxCommands: 2 }), 3);
    assertEquals(submissions([1e12, 1e12, 1e12], {}), gpu.adapter.kind === "gpu" ? 3 : 1);
    assertEquals(new Float32Array(await gpu.download(buffer))[7], 20); // each of the 20 dispatches ran
    gpu.destroyBuffer(buffer);
  }));

Deno.test("Executor refuses more workgroups than the device has, naming the dispatch", () =>
  withGpu(async (gpu) => {
    const { buffer, dispatch } = await adder(gpu, "a");
    const most = gpu.limits.maxComputeWorkgroupsPerDimension;
    for (const x of [most + 1, -1, 1.5, NaN]) {
      assertThrows(
        () => new Executor(gpu, [dispatch("fine"), dispatch("conv1 [64, 512, 512, 3]", 1, x)]),
        RangeError,
        `Cannot dispatch conv1 [64, 512, 512, 3]: [${x},1,1] workgroups are outside 0 to ${most}`,
      );
    }
    gpu.destroyBuffer(buffer);
  }));

Deno.test("a run that the device refuses names the one dispatch to blame", () =>
  withDoomedGpu(async (gpu) => {
    const good = await adder(gpu, "good");
    const bad = await adder(gpu, "bad");
    const executor = new Executor(gpu, [
      good.dispatch("conv1"),
      good.dispatch("pool1"),
      bad.dispatch("fc3 [32, 3136] x [3136, 1024]"),
      good.dispatch("fc4"),
    ]);
    executor.run();
    await gpu.idle();
    gpu.destroyBuffer(bad.buffer);
    executor.run();
    const message = "Cannot run fc3 [32, 3136] x [3136, 1024]: ";
    const error = await assertRejects(() => gpu.download(good.buffer), GpuError, message);
    assertEquals(error.kind, "validation");
    assertThrows(() => executor.run(), GpuError, message);
  }));

Deno.test("a copy outside its buffer is named too", () =>
  withDoomedGpu(async (gpu) => {
    const { buffer, dispatch } = await adder(gpu, "a");
    const target = gpu.createBuffer({ label: "b", size: 16, usage: storage });
    const copy = { source: buffer, sourceOffset: 0, target, targetOffset: 0, size: 32 };
    new Executor(gpu, [dispatch("add"), { label: "keep logits", copy }]).run();
    await assertRejects(() => gpu.idle(), GpuError, "Cannot run keep logits: ");
  }));

Deno.test("run() throws after the device was lost", () =>
  withDoomedGpu(async (gpu) => {
    const { buffer, dispatch } = await adder(gpu, "a");
    const executor = new Executor(gpu, [dispatch("add")]);
    executor.run();
    gpu.device.destroy();
    await assertRejects(() => gpu.download(buffer), GpuError, "was lost");
    assertThrows(() => executor.run(), GpuError, "was lost");
  }));

Deno.test("a thousand runs leave live bytes flat", () =>
  withGpu(async (gpu) => {
    const { buffer, dispatch } = await adder(gpu, "a");
    const executor = new Executor(gpu, [dispatch("one"), dispatch("two")]);
    const before = gpu.memory;
    for (let step = 0; step < 1000; step++) {
      executor.run();
      if (step % 100 === 99) await gpu.download(buffer, 0, 4);
    }
    assertEquals(gpu.memory, before);
    assertEquals(new Float32Array(await gpu.download(buffer))[0], 2000);
    gpu.destroyBuffer(buffer);
  }));
