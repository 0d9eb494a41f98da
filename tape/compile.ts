/**
 * Compiles a tape into a program: what plan.ts planned gets buffers, pipelines and bind groups.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Command, Dispatch, Fill as TextureFill, TextureCopy } from "../gpu/executor.ts";
import type { Compiler } from "../gpu/compiler.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type WarmUp, warmUp } from "../gpu/warm_up.ts";
import { chooserOf } from "../kernels/choices.ts";
import { Buffers } from "./buffers.ts";
import type { PlannedLaunch } from "./memory.ts";
import type { Parameters } from "./parameters.ts";
import { Plan, type PlanRequest } from "./plan.ts";
import type { Fill } from "./preparation.ts";
import { Program } from "./program.ts";
import type { Tape, Value } from "./tape.ts";

/** What a program is to compute, and with which parameters. */
export interface ProgramRequest extends PlanRequest {
  readonly parameters: Parameters;
  /** Shown in messages. */
  readonly label?: string;
}

/** Operations of a run that takes about a second on a slow processor. */
const SHORT = 2e10;

/** A planned launch that can run; `bind` makes its bind group again. */
interface Bound {
  readonly planned: PlannedLaunch;
  readonly dispatch: Dispatch;
  readonly bind: () => GPUBindGroup;
}

/** Makes pipelines, parameters and bind groups of launches. */
async function boundLaunches(
  gpu: Gpu,
  launches: readonly PlannedLaunch[],
  buffers: Buffers,
): Promise<Bound[]> {
  const pipelines = await Promise.all(
    launches.map(({ launch, label }) =>
      gpu.pipeline({ label: `${launch.kernel.name} for ${label}`, code: launch.kernel.code })
    ),
  );
  const align = gpu.limits.minUniformBufferOffsetAlignment, offsets: number[] = [];
  const packed = launches.map(({ launch }) => launch.kernel.pack(launch.params));
  let end = 0;
  for (const bytes of packed) {
    offsets.push(end);
    end += Math.ceil(bytes.byteLength / align) * align;
  }
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const uniforms = buffers.make("launch parameters", end, usage), image = new Uint8Array(end);
  packed.forEach((bytes, i) => image.set(new Uint8Array(bytes), offsets[i]));
  if (end > 0) gpu.upload(uniforms, image);
  return launches.map((planned, i) => {
    const { launch, label, textures } = planned, pipeline = pipelines[i];
    const params = { buffer: uniforms, offset: offsets[i], size: packed[i].byteLength };
    const bind = () => {
      const bindings = launch.buffers.map((value, b) => {
        const operand = textures.get(b + 1);
        if (operand) return { view: buffers.texture(operand.slot).createView() };
        if (launch.unused?.includes(b)) return { buffer: uniforms, offset: 0, size: 16 }; // what it stands for may be no more
        const { buffer, offset, size } = buffers.place(value);
        return { buffer, offset, size: Math.ceil(size / 16) * 16 }; // whole vec4: places are rounded up to 256 bytes
      });
      return gpu.bindGroup(label, pipeline, [params, ...bindings]);
    };
    const dispatch = {
      label,
      pipeline,
      bindGroup: bind(),
      workgroups: launch.workgroups as [number, number, number],
      work: launch.work,
      textures: [...textures.values()].flatMap((operand) =>
        operand.isKept ? [] : [buffers.textureCopy(operand)]
      ),
    };
    return { planned, dispatch, bind };
  });
}

/**
 * A compiler for kernels that may come late. They may where a program is run again and again, and in less time than compiling
 * takes; not where the user has chosen kernels.
 */
function compilerFor(gpu: Gpu, plan: Plan): Compiler | undefined {
  const work = plan.launches.reduce((sum, { launch }) => sum + launch.work, 0);
  const mayComeLate = plan.changesParameters && work < SHORT && !gpu.preferences.forced?.length &&
    plan.launches.some(({ launch }) => launch.stopgap);
  return mayComeLate ? gpu.startCompiler?.() : undefined;
}

/** Has the kernels of launches compiled; stopgaps stand in for those that come late until they are `ready`. */
async function compileKernels(
  gpu: Gpu,
  launches: readonly Bound[],
  buffers: Buffers,
  compiler?: Compiler,
): Promise<{ ready: Promise<void> }> {
  const kernelOf = ({ planned: { launch, textures }, dispatch }: Bound): WarmUp => {
    const operands = launch.buffers.map((_, b) => textures.get(b + 1)?.slot.bytesPerTexel ?? "buffer");
    const isSlow = compiler !== undefined && launch.stopgap !== undefined;
    return { ...dispatch, code: launch.kernel.code, bindings: ["buffer", ...operands], isSlow };
  };
  let late: Bound[] = [], standIns: Bound[] = [];
  const { ready } = await warmUp(gpu, launches.map(kernelOf), async (pipelines) => {
    late = launches.filter(({ dispatch }) => pipelines.has(dispatch.pipeline));
    const planned = late.map(({ planned }) => ({
      ...planned,
      launch: { ...planned.launch, ...planned.launch.stopgap, stopgap: undefined },
    }));
    standIns = await boundLaunches(gpu, planned, buffers);
    return standIns.map(kernelOf);
  }, compiler);
  late.forEach(({ dispatch }, i) => {
    const call = ({ pipeline, bindGroup, workgroups }: Dispatch) => ({ pipeline, bindGroup, workgroups });
    const own = call(dispatch);
    Object.assign(dispatch, call(standIns[i].dispatch));
    ready.then(() => Object.assign(dispatch, own));
  });
  return { ready };
}

/** Leaves out copies of what a texture already holds. */
function leaveOutRepeatedCopies(launches: readonly Bound[], buffers: Buffers): void {
  const held = new Map<GPUTexture, TextureCopy>();
  for (const { planned: { launch }, dispatch } of launches) {
    dispatch.textures = dispatch.textures?.filter((copy) => {
      const before = held.get(copy.target);
      held.set(copy.target, copy);
      return before?.source !== copy.source || before.offset !== copy.offset || before.texels !== copy.texels;
    });
    const written = launch.writes.map((b) => buffers.place(launch.buffers[b]));
    for (const [target, { source, offset, texels, bytesPerTexel }] of held) {
      const end = offset + texels * bytesPerTexel;
      const isChanged = written.some((w) =>
        w.buffer === source && w.offset < end && offset < w.offset + w.size
      );
      if (isChanged) held.delete(target);
    }
  }
}

/** Copies into textures that are kept. */
function copiesOf(fills: readonly Fill[], buffers: Buffers): TextureFill[] {
  return fills.map((fill) => ({
    label: `texture of ${fill.value.label}`,
    fill: buffers.textureCopy(fill),
  }));
}

/** Launches that come before runs, and the copies into textures that follow each. */
function stageOf(launches: readonly Bound[], fills: readonly Fill[], buffers: Buffers): Command[] {
  const fillsAfter = (i: number) => copiesOf(fills.filter(({ after }) => after === i), buffers);
  return [...fillsAfter(-1), ...launches.flatMap(({ dispatch }, i) => [dispatch, ...fillsAfter(i)])];
}

/**
 * Compiles the part of a tape that the fetches and the updates need.
 *
 * @throws {RangeError} where a buffer is larger than the adapter allows
 * @throws {TypeError} where a fetch is not f32
 * @throws {GpuError} where the precision is f16, and the adapter has none
 */
export async function compile(gpu: Gpu, tape: Tape, request: ProgramRequest): Promise<Program> {
  for (const [name, { dtype }] of Object.entries(request.fetches)) {
    if (dtype !== "f32") {
      throw new TypeError(`Cannot fetch ${name}: it is ${dtype}, and only f32 is read back`);
    }
  }
  const { parameters, label = "program" } = request;
  if (request.precision === "f16" && !gpu.device.features.has("shader-f16")) {
    throw new GpuError(
      "validation",
      label,
      `Cannot compile ${label} with precision f16: ${
        gpu.adapter.description || gpu.adapter.vendor
      } lacks shader-f16; ` +
        "use f32",
    );
  }
  const { kind } = gpu.adapter,
    { subgroups } = gpu,
    choose = request.choose ?? chooserOf({ kind, ...gpu.preferences });
  const plan = new Plan(
    tape,
    { ...request, choose, kind, subgroups },
    parameters.layout,
    gpu.limits.maxStorageBufferBindingSize,
  );
  const buffers = new Buffers(gpu, plan, parameters);
  try {
    const { owned } = buffers, stages = [plan.preparation, plan.intake, plan.launches, plan.outtake];
    const compiler = compilerFor(gpu, plan);
    const bound = await boundLaunches(gpu, stages.flat(), buffers), rest = bound.slice();
    const [preparation, intake, launches, outtake] = stages.map(({ length }) => rest.splice(0, length));
    for (const stage of [preparation, launches]) leaveOutRepeatedCopies(stage, buffers);
    const grow = (value: Value, bytes: number) => {
      buffers.grow(value, bytes);
      for (const { planned: { launch }, dispatch, bind } of launches) {
        if (launch.buffers.includes(value)) dispatch.bindGroup = bind();
      }
      return buffers.place(value);
    };
    const ports = (values: Iterable<readonly [string, Value]>) =>
      new Map(Array.from(values, ([name, value]) => [name, { value, place: buffers.place(value) }]));
    const feeds = ports(tape.feeds), fetches = ports(Object.entries(request.fetches));
    const { ready } = await compileKernels(gpu, bound, buffers, compiler);
    await gpu.settled();
    return new Program(gpu, {
      ...{ plan, parameters, feeds, fetches, owned, grow, label, ready },
      preparation: stageOf(preparation, plan.fills, buffers),
      intake: stageOf(intake, plan.intakeFills, buffers),
      outtake: outtake.map(({ dispatch }) => dispatch),
      commands: launches.map(({ dispatch }) => dispatch),
    });
  } catch (error) {
    buffers.owned.forEach((buffer) => gpu.destroyBuffer(buffer));
    throw error;
  }
}
