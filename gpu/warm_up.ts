/**
 * Has a software driver compile kernels on two threads, before they run.
 *
 * lavapipe compiles a pipeline when it is first dispatched, on the thread of its device's queue; a dispatch without workgroups is
 * enough. So a second device takes half of the kernels, and Mesa's cache on disk brings its work to the first. Kernels that have
 * a stopgap are left to the second device, which goes on while the first computes: LeNet's first step comes after 3.1 s instead
 * of 6.1, and of 11 on one thread. Where the cache has the kernels already, nothing else is opened.
 *
 * This module is browser compatible.
 * @module
 */
import type { Compiler, KernelText } from "./compiler.ts";
import type { Dispatch } from "./executor.ts";
import type { Gpu } from "./gpu.ts";

/** A kernel bound to what it runs on. */
type BoundKernel = Pick<Dispatch, "pipeline" | "bindGroup">;

/** The kernel of a launch. */
export interface WarmUp extends KernelText, BoundKernel {
  /** Whether it takes long, and may come late. */
  readonly isSlow: boolean;
}

/** Milliseconds that a kernel takes at most which the cache has, and that are waited for all slow ones. */
const CACHED = 25, SOON = 150;

/** Pipelines that were dispatched here: another program that has them need not wait for them. */
const dispatched = new WeakSet<GPUComputePipeline>();

/**
 * Compiles the kernels of some launches that are new to the device, with the help of a compiler: that given, started early and
 * closed here, or one that it starts. Slow ones may come late, and those that `standIn` gives are compiled instead: `ready`
 * resolves when none is missing any more.
 */
export async function warmUp(
  gpu: Gpu,
  launches: readonly WarmUp[],
  standIn: (late: ReadonlySet<GPUComputePipeline>) => Promise<readonly WarmUp[]>,
  early?: Compiler,
): Promise<{ ready: Promise<void> }> {
  const fresh = gpu.startCompiler ? distinct(launches) : [], nothing = { ready: Promise.resolve() };
  const slow = fresh.filter(({ isSlow }) => isSlow), quick = fresh.filter(({ isSlow }) => !isSlow);
  const isCold = quick.length > 1 && !await isCached(gpu, quick.splice(quick.length >> 1, 1)[0]);
  const compiler = early ?? (isCold ? gpu.startCompiler!() : undefined), close = () => compiler?.close();
  if (!compiler || (!isCold && slow.length === 0)) {
    close();
    return nothing;
  }
  const compile = (kernels: readonly WarmUp[]) =>
    compiler.compile(kernels.map(({ label, code, bindings }) => ({ label, code, bindings })));
  const begun = isCold ? undefined : compile(slow);
  if (begun && await endsSoon(begun)) {
    close();
    return nothing;
  }
  const late = new Set(slow.map(({ pipeline }) => pipeline));
  const needed = [...quick, ...late.size > 0 ? distinct(await standIn(late)) : []];
  if (isCold) {
    const [own, others] = halve(needed), compiled = compile(others);
    dispatchNothing(gpu, own);
    await gpu.device.queue.onSubmittedWorkDone();
    await compiled;
  }
  return { ready: (begun ?? compile(slow)).then(close) };
}

/** Whether a promise resolves about at once. */
async function endsSoon(promise: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>(),
    timer = setTimeout(resolve, SOON, false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Kernels that were not dispatched yet, each once, the longest first; they will have been now. */
function distinct(launches: readonly WarmUp[]): WarmUp[] {
  const fresh = launches.filter(({ pipeline }) => !dispatched.has(pipeline));
  for (const { pipeline } of fresh) dispatched.add(pipeline);
  return [...new Map(fresh.map((launch) => [launch.code, launch])).values()]
    .sort((a, b) => b.code.length - a.code.length);
}

/** Whether a kernel is compiled at once; if not, it is compiled now. */
async function isCached(gpu: Gpu, kernel: WarmUp): Promise<boolean> {
  const start = performance.now();
  dispatchNothing(gpu, [kernel]);
  await gpu.device.queue.onSubmittedWorkDone();
  return performance.now() - start < CACHED;
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

function dispatchNothing({ device }: Gpu, kernels: readonly BoundKernel[]): void {
  const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
  for (const { pipeline, bindGroup } of kernels) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(0);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/** Compiles a kernel on a device that has no other use for it. */
export async function compileOn(gpu: Gpu, { label, code, bindings }: KernelText): Promise<void> {
  const { UNIFORM, STORAGE } = GPUBufferUsage, pipeline = await gpu.pipeline({ label, code });
  const buffer = (usage: number) => gpu.createBuffer({ label, size: 1024, usage });
  const bound = bindings.map((binding, i) =>
    binding === "buffer"
      ? buffer(i === 0 ? UNIFORM : STORAGE)
      : { view: gpu.createTexture({ label, width: 1, height: 1, bytesPerTexel: binding }).createView() }
  );
  dispatchNothing(gpu, [{ pipeline, bindGroup: gpu.bindGroup(label, pipeline, bound) }]);
  await gpu.device.queue.onSubmittedWorkDone();
}
