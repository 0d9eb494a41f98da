/**
 * Compiles a tape into a program: dead operations dropped, epilogues fused, memory planned, pipelines made.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Command } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Emitter } from "../kernels/emitter.ts";
import { type Launch, sizeOf } from "../kernels/kernel.ts";
import { applyUpdate, type UpdateRule } from "../kernels/optimizers.ts";
import { rearrange } from "../kernels/rearrange.ts";
import { fuse, reachable, type Step } from "./fuse.ts";
import type { Parameters, Placement } from "./parameters.ts";
import { planMemory } from "./plan_memory.ts";
import { Program } from "./program.ts";
import type { Node, Tape, Value } from "./tape.ts";

/** An optimizer step at the end of a program. */
export interface Update {
  readonly rule: UpdateRule;
  /** The rule's constants, by the names of its kernel's parameters. */
  readonly options: Readonly<Record<string, number>>;
  /** Learning rate, shape [1]. */
  readonly rate: Value;
  /** Gradient of each variable to update, by name. */
  readonly gradients: ReadonlyMap<string, Value>;
}

/** What a program is to compute. */
export interface ProgramRequest {
  /** Values that can be read after a run, by name. */
  readonly fetches: Readonly<Record<string, Value>>;
  readonly update?: Update;
  readonly parameters: Parameters;
  /** Shown in messages. */
  readonly label?: string;
}

/** Bytes of a value on the device, rounded up so that whole vec4 can be read and written. */
function bytesOf(value: Value): number {
  const size = sizeOf(value.shape) * (value.dtype === "u8" ? 1 : 4);
  return Math.max(256, Math.ceil(size / 256) * 256);
}

interface Labelled {
  readonly launch: Launch<Value>;
  readonly label: string;
}

/** Everything that one compilation knows. */
class Compilation {
  readonly launches: Labelled[] = [];
  readonly placements = new Map<Value, Placement>();
  readonly #aliases = new Map<Value, Value>();
  readonly #owned: GPUBuffer[] = [];

  constructor(readonly gpu: Gpu, readonly tape: Tape, readonly request: ProgramRequest) {}

  /** The value whose memory holds `value`. */
  root(value: Value): Value {
    let root = value;
    for (let next = this.#aliases.get(root); next; next = this.#aliases.get(root)) root = next;
    return root;
  }

  buffer(label: string, size: number, usage: number, binding = 0): GPUBuffer {
    const buffer = this.gpu.createBuffer({ label, size, usage, binding });
    this.#owned.push(buffer);
    return buffer;
  }

  get owned(): readonly GPUBuffer[] {
    return this.#owned;
  }

  /** A value that is not on the tape: scratch, or a range of an arena. */
  private temporary(label: string, elements: number): Value {
    return { tape: this.tape, id: -1, shape: [elements], dtype: "f32", label };
  }

  emitter(label: string): Emitter<Value> {
    return {
      emit: (launch) => {
        const buffers = launch.buffers.map((b) => this.root(b));
        this.launches.push({ launch: { ...launch, buffers }, label: `${label} (${launch.kernel.name})` });
      },
      scratch: (elements) => this.temporary(`${label}/scratch`, elements),
    };
  }

  lower(steps: readonly Step[]): void {
    for (const { node, inputs, outputs, bias, activation } of steps) {
      const { operation, attributes, scope } = node;
      if (!operation.lower || operation.inPlace) this.#aliases.set(outputs[0], inputs[0]);
      if (!operation.lower) continue;
      const shapes = (values: readonly Value[]) => values.map((v) => `[${v.shape}]`).join(" ");
      const label = `${scope || "."}/${operation.name} ${shapes(inputs)} -> ${shapes(outputs)}`;
      operation.lower(this.emitter(label), { inputs, outputs, attributes, bias, activation });
    }
  }

  /** Places gradients in an arena laid out like the parameters, and steps over all of them at once. */
  update(update: Update): void {
    const { parameters } = this.request, { rule, options, rate } = update;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const gradientArena = this.buffer("gradients", 4 * parameters.elements, usage);
    const read = new Set(
      this.launches.flatMap(({ launch: { buffers, writes } }) =>
        buffers.filter((_, i) => !writes.includes(i))
      ),
    );
    const roots = [...update.gradients.values()].map((gradient) => this.root(gradient));
    for (const [i, name] of [...update.gradients.keys()].entries()) {
      const place = parameters.place(name, gradientArena), root = roots[i];
      const single = roots.indexOf(root) === roots.lastIndexOf(root);
      if (root.node && single && !read.has(root)) {
        this.placements.set(root, place);
      } else { // a dispatch may not read one part of the arena and write another: what others read is copied into it
        const copy = this.temporary(`gradients/${name}`, sizeOf(root.shape));
        this.placements.set(copy, place);
        rearrange(this.emitter(`update/${name}`), root, copy, {
          dims: [1, 1, 1, copy.shape[0]],
          strides: [0, 0, 0, 1],
        });
      }
    }
    const arenas = [
      gradientArena,
      parameters.arena(),
      ...rule.slots.map((s) => parameters.arena(s.name, s.initial)),
    ];
    const most = Math.floor(this.gpu.limits.maxStorageBufferBindingSize / 256) * 64;
    for (const { first, count } of parameters.runs(update.gradients.keys(), most)) {
      const [gradients, values, ...slots] = arenas.map((buffer) => {
        const range = this.temporary("update", count);
        this.placements.set(range, { buffer, offset: 4 * first, size: 4 * count });
        return range;
      });
      applyUpdate(this.emitter("update"), rule, count, options, {
        rate,
        gradients,
        parameters: values,
        slots,
      });
    }
  }

  /** Gives every value that some launch touches its memory. */
  placeAll(kept: ReadonlySet<Value>): void {
    const { parameters } = this.request, usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const lives = new Map<Value, { first: number; last: number }>();
    this.launches.forEach(({ launch }, i) => {
      for (const value of launch.buffers) {
        const life = lives.get(value);
        if (life) life.last = i;
        else lives.set(value, { first: i, last: i });
      }
    });
    for (const value of kept) {
      const root = this.root(value), life = lives.get(root);
      lives.set(root, { first: life?.first ?? 0, last: this.launches.length });
    }
    for (const value of this.tape.feeds.values()) {
      if (!lives.has(value)) lives.set(value, { first: 0, last: 0 });
    }

    const planned: Value[] = [];
    for (const value of lives.keys()) {
      if (this.placements.has(value)) continue;
      const { source } = value;
      if (source?.kind === "variable") {
        this.placements.set(value, parameters.place(source.variable.name, parameters.arena()));
      } else if (source) {
        const bytes = bytesOf(value),
          buffer = this.buffer(value.label, bytes, usage | GPUBufferUsage.COPY_DST, bytes);
        this.placements.set(value, { buffer, offset: 0, size: bytes });
        if (source.kind === "constant") this.gpu.upload(buffer, source.data);
      } else {
        planned.push(value);
      }
    }
    const items = planned.map((value) => ({ bytes: bytesOf(value), ...lives.get(value)! }));
    const { blockOf, blocks } = planMemory(items);
    const largest = blocks.map((_, b) => planned[blockOf.indexOf(b)].label);
    const buffers = blocks.map((size, b) => this.buffer(largest[b], size, usage, size));
    planned.forEach((value, i) => {
      this.placements.set(value, { buffer: buffers[blockOf[i]], offset: 0, size: bytesOf(value) });
    });
  }

  /** Makes pipelines, parameters and bind groups of all launches. */
  async commands(): Promise<Command[]> {
    const pipelines = await Promise.all(
      this.launches.map(({ launch, label }) =>
        this.gpu.pipeline({ label: `${launch.kernel.name} for ${label}`, code: launch.kernel.code })
      ),
    );
    const align = this.gpu.limits.minUniformBufferOffsetAlignment;
    const packed = this.launches.map(({ launch }) => launch.kernel.pack(launch.params));
    const offsets: number[] = [];
    let end = 0;
    for (const bytes of packed) {
      offsets.push(end);
      end += Math.ceil(bytes.byteLength / align) * align;
    }
    const uniforms = this.buffer("launch parameters", end, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    const image = new Uint8Array(end);
    packed.forEach((bytes, i) => image.set(new Uint8Array(bytes), offsets[i]));
    if (end > 0) this.gpu.upload(uniforms, image);
    return this.launches.map(({ launch, label }, i) => {
      const params = { buffer: uniforms, offset: offsets[i], size: packed[i].byteLength };
      const bindings = launch.buffers.map((value) => {
        const { buffer, offset, size } = this.placements.get(value)!;
        return { buffer, offset, size: Math.ceil(size / 16) * 16 }; // whole vec4: places are rounded up to 256 bytes
      });
      return {
        label,
        pipeline: pipelines[i],
        bindGroup: this.gpu.bindGroup(label, pipelines[i], [params, ...bindings]),
        workgroups: launch.workgroups as [number, number, number],
        work: launch.work,
      };
    });
  }
}

/**
 * Compiles the part of a tape that the fetches and the update need.
 *
 * @throws {RangeError} where a buffer is larger than the adapter allows
 * @throws {TypeError} where a fetch is not f32
 */
export async function compile(gpu: Gpu, tape: Tape, request: ProgramRequest): Promise<Program> {
  for (const [name, { dtype }] of Object.entries(request.fetches)) {
    if (dtype !== "f32") {
      throw new TypeError(`Cannot fetch ${name}: it is ${dtype}, and only f32 is read back`);
    }
  }
  const kept = new Set(Object.values(request.fetches));
  const gradients = request.update ? [...request.update.gradients.values()] : [];
  const nodes: Node[] = reachable(tape.nodes, [...kept, ...gradients]);
  const compilation = new Compilation(gpu, tape, request);
  try {
    compilation.lower(fuse(nodes, new Set([...kept, ...gradients])));
    if (request.update) compilation.update(request.update);
    compilation.placeAll(kept);
    const commands = await compilation.commands();
    const place = (value: Value) => compilation.placements.get(compilation.root(value))!;
    const fetches = Object.entries(request.fetches).map(([name, value]) =>
      [name, { value, place: place(value) }] as const
    );
    const feeds = [...tape.feeds].map(([name, value]) => [name, { value, place: place(value) }] as const);
    await gpu.settled();
    return new Program(
      gpu,
      commands,
      new Map(feeds),
      new Map(fetches),
      compilation.owned,
      request.label ?? "program",
    );
  } catch (error) {
    compilation.owned.forEach((buffer) => gpu.destroyBuffer(buffer));
    throw error;
  }
}
