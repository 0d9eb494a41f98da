/**
 * Has a software driver compile kernels on two threads, before they run.
 *
 * lavapipe compiles a pipeline when it is first dispatched, on the thread of its device's queue; a dispatch without workgroups is
 * enough. So a second device takes half of the kernels, and Mesa's cache on disk brings its work to the first: LeNet's first step
 * comes after 3.1 s instead of 5.4. Where the cache has the kernels already, nothing else is opened.
 *
 * This module is browser compatible.
 * @module
 */
import type { Dispatch } from "./executor.ts";
import type { Gpu } from "./gpu.ts";

/** A launch, and what another device needs to compile its kernel. */
export interface WarmUp {
  readonly dispatch: Dispatch;
  readonly code: string;
  /** What it binds: parameters, then storage, or textures of so many bytes a texel. */
  readonly bindings: readonly ("buffer" | 8 | 16)[];
}

/** Milliseconds that a kernel takes at most which the cache has. */
const CACHED = 25;

/** Pipelines that were dispatched here: another program that has them need not wait for them. */
const dispatched = new WeakSet<GPUComputePipeline>();

/** Compiles the kernels of some launches that are new to the device, with the help of the one that `sibling` opens. */
export async function warmUp(
  gpu: Gpu,
  launches: readonly WarmUp[],
  sibling: () => Promise<Gpu>,
): Promise<void> {
  const fresh = launches.filter(({ dispatch }) => !dispatched.has(dispatch.pipeline));
  const distinct = [...new Map(fresh.map((launch) => [launch.code, launch])).values()]
    .sort((a, b) => b.code.length - a.code.length);
  if (distinct.length < 2) return;
  for (const { dispatch } of distinct) dispatched.add(dispatch.pipeline);
  const [probe] = distinct.splice(distinct.length >> 1, 1), start = performance.now();
  dispatchNothing(gpu, [probe.dispatch]);
  await gpu.device.queue.onSubmittedWorkDone();
  if (performance.now() - start < CACHED) return;
  const [own, others] = halve(distinct), helper = await sibling();
  try {
    dispatchNothing(gpu, own.map(({ dispatch }) => dispatch));
    await compileOn(helper, others);
    await gpu.device.queue.onSubmittedWorkDone();
  } finally {
    helper.close();
  }
}

/** Two lists of about equal length of text. */
function halve(launches: readonly WarmUp[]): [WarmUp[], WarmUp[]] {
  const lists: [WarmUp[], WarmUp[]] = [[], []], sums = [0, 0];
  for (const launch of launches) {
    const shorter = sums[0] <= sums[1] ? 0 : 1;
    lists[shorter].push(launch);
    sums[shorter] += launch.code.length;
  }
  return lists;
}

function dispatchNothing(
  { device }: Gpu,
  dispatches: readonly Pick<Dispatch, "pipeline" | "bindGroup">[],
): void {
  const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
  for (const { pipeline, bindGroup } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(0);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/** Compiles kernels on a device that has no other use for them. */
async function compileOn(gpu: Gpu, launches: readonly WarmUp[]): Promise<void> {
  const { UNIFORM, STORAGE } = GPUBufferUsage, label = "warm-up";
  const buffer = (usage: number) => gpu.createBuffer({ label, size: 1024, usage });
  const resourceOf = (binding: "buffer" | 8 | 16, i: number) =>
    binding === "buffer"
      ? buffer(i === 0 ? UNIFORM : STORAGE)
      : { view: gpu.createTexture({ label, width: 1, height: 1, bytesPerTexel: binding }).createView() };
  const dispatches = await Promise.all(launches.map(async ({ dispatch: { label }, code, bindings }) => {
    const pipeline = await gpu.pipeline({ label, code });
    return { pipeline, bindGroup: gpu.bindGroup(label, pipeline, bindings.map(resourceOf)) };
  }));
  dispatchNothing(gpu, dispatches);
  await gpu.device.queue.onSubmittedWorkDone();
}
