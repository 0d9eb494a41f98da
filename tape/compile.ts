/**
 * Compiles a tape into a program: what plan.ts planned gets buffers, pipelines and bind groups.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Dispatch, TextureCopy } from "../gpu/executor.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { warmUp } from "../gpu/warm_up.ts";
import { chooserOf } from "../kernels/choices.ts";
import { TEXTURE_WIDTH } from "../kernels/texture.ts";
import type { Parameters } from "./parameters.ts";
import { type Memory, Plan, type PlanRequest } from "./plan.ts";
import { type Placement, Program } from "./program.ts";
import type { Tape, Value } from "./tape.ts";
import type { TextureOperand, TextureSlot } from "./textures.ts";

/** What a program is to compute, and with which parameters. */
export interface ProgramRequest extends PlanRequest {
  readonly parameters: Parameters;
  /** Shown in messages. */
  readonly label?: string;
}

/** Room that a feed gets when it has to grow, as a multiple of what is needed. */
const ROOM = 1.25;

function isGrowing({ source }: Value): boolean {
  return source?.kind === "feed" && !!source.grows;
}

/** The buffers and textures of a planned program. */
class Buffers {
  readonly owned: (GPUBuffer | GPUTexture)[] = [];
  readonly #known = new Map<unknown, GPUBuffer>();
  readonly #textures = new Map<TextureSlot, GPUTexture>();

  constructor(readonly gpu: Gpu, readonly plan: Plan, readonly parameters: Parameters) {}

  make(label: string, size: number, usage: number): GPUBuffer {
    const buffer = this.gpu.createBuffer({ label, size, usage });
    this.owned.push(buffer);
    return buffer;
  }

  /** Where a value lies on the device. */
  place(value: Value): Placement {
    const { memory, offset, size } = this.plan.region(value), buffer = this.#buffer(memory);
    return isGrowing(value) ? { buffer, offset, size: buffer.size } : { buffer, offset, size };
  }

  /** A program's texture. */
  texture(slot: TextureSlot): GPUTexture {
    let texture = this.#textures.get(slot);
    if (!texture) {
      const { rows: height, bytesPerTexel } = slot;
      texture = this.gpu.createTexture({ label: "operand", width: TEXTURE_WIDTH, height, bytesPerTexel });
      this.#textures.set(slot, texture);
      this.owned.push(texture);
    }
    return texture;
  }

  /** The copy of an operand into its texture. */
  textureCopy({ value, slot }: TextureOperand<Value>): TextureCopy {
    const { buffer: source, offset, size } = this.place(value), { bytesPerTexel } = slot;
    const texels = Math.ceil(size / bytesPerTexel);
    return { source, offset, texels, bytesPerTexel, target: this.texture(slot), width: TEXTURE_WIDTH };
  }

  /** Gives a feed another buffer of at least so many bytes. */
  grow(value: Value, bytes: number): void {
    const most = this.gpu.limits.maxStorageBufferBindingSize;
    const size = Math.max(bytes, Math.min(most, 2 ** Math.ceil(Math.log2(ROOM * bytes)))),
      old = this.place(value).buffer;
    const buffer = this.gpu.createBuffer({ label: value.label, size, usage: old.usage, binding: size });
    this.#known.set(value, buffer);
    this.owned[this.owned.indexOf(old)] = buffer;
    this.gpu.destroyBuffer(old);
  }

  #buffer(memory: Memory): GPUBuffer {
    if (memory.kind === "arena") return this.parameters.arena(memory.slot, memory.initial)[memory.page];
    const key = memory.kind === "source"
      ? memory.value
      : `${memory.kind} ${"page" in memory ? memory.page : memory.index}`;
    let buffer = this.#known.get(key);
    if (!buffer) this.#known.set(key, buffer = this.#create(memory));
    return buffer;
  }

  #create(memory: Exclude<Memory, { kind: "arena" }>): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    if (memory.kind === "block") {
      const { bytes, label } = this.plan.blocks[memory.index];
      return this.make(label, bytes, usage);
    }
    if (memory.kind === "updates") {
      return this.make("updates", 4 * this.plan.layout.pages[memory.page], usage);
    }
    const { value } = memory,
      buffer = this.make(value.label, this.plan.bytesOf(value), usage | GPUBufferUsage.COPY_DST);
    if (value.source?.kind === "constant") this.gpu.upload(buffer, value.source.data);
    return buffer;
  }
}

/** Makes pipelines, parameters and bind groups of all launches; `bind` makes those of one launch again. */
async function commandsOf(gpu: Gpu, plan: Plan, buffers: Buffers) {
  const pipelines = await Promise.all(
    plan.launches.map(({ launch, label }) =>
      gpu.pipeline({ label: `${launch.kernel.name} for ${label}`, code: launch.kernel.code })
    ),
  );
  const align = gpu.limits.minUniformBufferOffsetAlignment, offsets: number[] = [];
  const packed = plan.launches.map(({ launch }) => launch.kernel.pack(launch.params));
  let end = 0;
  for (const bytes of packed) {
    offsets.push(end);
    end += Math.ceil(bytes.byteLength / align) * align;
  }
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const uniforms = buffers.make("launch parameters", end, usage), image = new Uint8Array(end);
  packed.forEach((bytes, i) => image.set(new Uint8Array(bytes), offsets[i]));
  if (end > 0) gpu.upload(uniforms, image);
  const bind = (i: number) => {
    const { launch, label } = plan.launches[i];
    const params = { buffer: uniforms, offset: offsets[i], size: packed[i].byteLength };
    const operands = plan.textureOperands[i];
    const bindings = launch.buffers.map((value, b) => {
      const operand = operands.get(b + 1);
      if (operand) return { view: buffers.texture(operand.slot).createView() };
      const { buffer, offset, size } = buffers.place(value);
      return { buffer, offset, size: Math.ceil(size / 16) * 16 }; // whole vec4: places are rounded up to 256 bytes
    });
    return gpu.bindGroup(label, pipelines[i], [params, ...bindings]);
  };
  const commands = plan.launches.map(({ launch, label }, i): Dispatch => ({
    label,
    pipeline: pipelines[i],
    bindGroup: bind(i),
    workgroups: launch.workgroups as [number, number, number],
    work: launch.work,
    textures: [...plan.textureOperands[i].values()].map((operand) => buffers.textureCopy(operand)),
  }));
  return { commands: withoutRepeatedCopies(plan, buffers, commands), bind };
}

/** Leaves out copies of what a texture already holds. */
function withoutRepeatedCopies(plan: Plan, buffers: Buffers, commands: readonly Dispatch[]): Dispatch[] {
  const held = new Map<GPUTexture, TextureCopy>();
  return commands.map((command, i) => {
    const textures = command.textures?.filter((copy) => {
      const before = held.get(copy.target);
      held.set(copy.target, copy);
      return before?.source !== copy.source || before.offset !== copy.offset || before.texels !== copy.texels;
    });
    const { launch } = plan.launches[i];
    const written = launch.writes.map((b) => buffers.place(launch.buffers[b]).buffer);
    for (const [target, { source }] of held) if (written.includes(source)) held.delete(target);
    return { ...command, textures };
  });
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
  const choose = request.choose ?? chooserOf({ kind: gpu.adapter.kind, ...gpu.preferences });
  const plan = new Plan(
    tape,
    { ...request, choose },
    parameters.layout,
    gpu.limits.maxStorageBufferBindingSize,
  );
  const buffers = new Buffers(gpu, plan, parameters);
  try {
    const { commands, bind } = await commandsOf(gpu, plan, buffers), { owned } = buffers;
    const grow = (value: Value, bytes: number) => {
      buffers.grow(value, bytes);
      plan.launches.forEach(({ launch }, i) => {
        if (launch.buffers.includes(value)) commands[i].bindGroup = bind(i);
      });
      return buffers.place(value);
    };
    const ports = (values: Iterable<readonly [string, Value]>) =>
      new Map(Array.from(values, ([name, value]) => [name, { value, place: buffers.place(value) }]));
    const feeds = ports(tape.feeds), fetches = ports(Object.entries(request.fetches));
    if (gpu.sibling) {
      const launches = commands.map((dispatch, i) => {
        const { kernel, buffers } = plan.launches[i].launch, operands = plan.textureOperands[i];
        const bindings = [
          "buffer" as const,
          ...buffers.map((_, b) => operands.get(b + 1)?.slot.bytesPerTexel ?? "buffer"),
        ];
        return { dispatch, code: kernel.code, bindings };
      });
      await warmUp(gpu, launches, gpu.sibling);
    }
    await gpu.settled();
    return new Program(gpu, { plan, commands, feeds, fetches, owned, grow, label });
  } catch (error) {
    buffers.owned.forEach((buffer) => gpu.destroyBuffer(buffer));
    throw error;
  }
}
