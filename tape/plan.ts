/**
 * Plans a program: dead operations dropped, epilogues fused, launches in order, and where every value lies. No device is
 * needed, so that memory can be told before anything runs.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Choose, chooserOf } from "../kernels/choices.ts";
import type { Emitter } from "../kernels/emitter.ts";
import { withHalfStorage } from "../kernels/half.ts";
import { type Launch, sizeOf } from "../kernels/kernel.ts";
import { gradientFactor, type GradientTreatment } from "../kernels/gradient_factor.ts";
import { applyUpdate, type UpdateRule, type UpdateSlot } from "../kernels/optimizers.ts";
import { pointwise } from "../kernels/pointwise.ts";
import { TEXTURE_LIMIT } from "../kernels/texture.ts";
import { backwardOf, fuse, reachable, type Step } from "./fuse.ts";
import { halfValues } from "./halves.ts";
import { labelOf, type Origin } from "./origin.ts";
import { ALIGNMENT, type ParameterLayout, type Run } from "./parameter_layout.ts";
import { planMemory } from "./plan_memory.ts";
import { lowerInParts } from "./split.ts";
import type { Node, Tape, Value } from "./tape.ts";
import { bytesOfSlot, planTextures, type TextureOperand, type TextureSlot } from "./textures.ts";

/** A change of variables, or of a slot, at the end of a program: an optimizer's, or that of moving averages. */
export interface Update {
  readonly rule: UpdateRule;
  /** The rule's constants, by the names of its kernel's parameters. */
  readonly options: Readonly<Record<string, number>>;
  /** What the rule's kernel takes as its rate: shape [2], or [1] for moving averages. */
  readonly rate: Value;
  /** For each variable to update, by name: its gradient, or what it follows. */
  readonly values: ReadonlyMap<string, Value>;
  /** What is done to gradients before; left out: nothing. */
  readonly treatment?: GradientTreatment<Value>;
  /** A slot that follows the variables; then they are the values, and do not change. */
  readonly shadows?: UpdateSlot;
  /** Weight decay by name: the gradient of each gets so many times the variable added. */
  readonly decays?: ReadonlyMap<string, number>;
}

/** What a program is to compute. */
export interface PlanRequest {
  /** Values that can be read after a run, by name. */
  readonly fetches: Readonly<Record<string, Value>>;
  readonly updates?: readonly Update[];
  /** Chooses between kernels that compute the same. @default {that of a processor of which nothing is known} */
  readonly choose?: Choose;
  /** How images lie between operations; see halves.ts. @default {"f32"} */
  readonly precision?: Precision;
}

/** Element type of images between operations; sums are float32 with either. */
export type Precision = "f32" | "f16";

/** What holds values on the device. */
export type Memory =
  | { readonly kind: "block"; readonly index: number }
  | { readonly kind: "arena"; readonly slot: string; readonly initial: number; readonly page: number }
  /** What updates take, laid out like the parameters. */
  | { readonly kind: "updates"; readonly page: number }
  /** A feed, constant or state, in a buffer of its own. */
  | { readonly kind: "source"; readonly value: Value };

/** A part of some memory, in bytes. */
export interface Region {
  readonly memory: Memory;
  readonly offset: number;
  readonly size: number;
}

/** A launch and what it is for. */
export interface LabelledLaunch {
  readonly launch: Launch<Value>;
  readonly origin: Origin;
  readonly label: string;
}

/** A planned program. */
export class Plan {
  readonly launches: LabelledLaunch[] = [];
  /** Bytes of each block, and the label of the largest value in it. */
  readonly blocks: { bytes: number; label: string }[] = [];
  /** Feeds, constants and states that the program touches. */
  readonly sources: Value[] = [];
  /** Textures that launches read operands from. */
  readonly textures: readonly TextureSlot[];
  /** Those operands of each launch, by binding. */
  readonly textureOperands: readonly ReadonlyMap<number, TextureOperand<Value>>[];
  readonly #regions = new Map<Value, Region>();
  readonly #aliases = new Map<Value, Value>();
  readonly #windows = new Map<Value, { of: Value; first: number }>();
  readonly #halves: Set<Value>;
  readonly #limit: number;
  readonly #choose: Choose;
  /** Operations that compute gradients, or take some. */
  readonly #backward: ReadonlySet<Node>;
  readonly #isTraining: boolean;

  /**
   * @param maxBindingSize bytes of the largest storage binding
   * @throws {RangeError} where something cannot be split into bindings of that size
   */
  constructor(
    readonly tape: Tape,
    request: PlanRequest,
    readonly layout: ParameterLayout,
    maxBindingSize: number,
  ) {
    this.#limit = Math.min(Math.floor(maxBindingSize / 256) * 64, TEXTURE_LIMIT);
    this.#choose = request.choose ?? chooserOf({ kind: "software" });
    const { updates = [] } = request;
    const kept = new Set(Object.values(request.fetches)),
      taken = updates.flatMap((u) => [...u.values.values()]);
    const nodes: Node[] = reachable(tape.nodes, [...kept, ...taken]);
    this.#backward = backwardOf(nodes);
    this.#isTraining = updates.length > 0 || this.#backward.size > 0;
    this.#halves = request.precision === "f16" ? halfValues(nodes, [...kept, ...taken]) : new Set();
    for (const step of fuse(nodes, new Set([...kept, ...taken]))) this.#lower(step);
    this.#placeUpdates(updates);
    for (const update of updates) this.#update(update);
    this.#placeAll(kept);
    this.#checkBindings(maxBindingSize);
    const launches = this.launches.map(({ launch }) => launch);
    const size = (value: Value) => this.region(value).size;
    const { slots, operands } = planTextures(launches, size, (value) => this.bytesEach(value));
    this.textures = slots;
    this.textureOperands = operands;
  }

  /** Where a value lies. */
  region(value: Value): Region {
    const window = this.#windows.get(value);
    if (!window) return this.#regions.get(this.#root(value))!;
    const { memory, offset } = this.region(window.of);
    const bytes = this.bytesEach(value);
    return { memory, offset: offset + bytes * window.first, size: bytes * sizeOf(value.shape) };
  }

  /** Bytes of an element of a value. */
  bytesEach(value: Value): number {
    return this.#halves.has(this.#root(value)) ? 2 : value.dtype === "u8" ? 1 : 4;
  }

  /** Bytes of a value on the device, rounded up so that whole vec4 can be read and written. */
  bytesOf(value: Value): number {
    return Math.max(256, Math.ceil(sizeOf(value.shape) * this.bytesEach(value) / 256) * 256);
  }

  /** Bytes of blocks, textures, sources and what updates take: all that the program needs beside the parameters. */
  get bytes(): number {
    const updates = [...this.#regions.values()].some((r) => r.memory.kind === "updates");
    const arena = updates ? 4 * this.layout.pages.reduce((a, b) => a + b, 0) : 0;
    const sizes = [
      ...this.blocks.map((b) => b.bytes),
      ...this.textures.map(bytesOfSlot),
      ...this.sources.map((v) => this.bytesOf(v)),
    ];
    return sizes.reduce((a, b) => a + b, arena);
  }

  /** The value in whose memory `value` lies. */
  #root(value: Value): Value {
    let root = value;
    for (;;) {
      const next = this.#aliases.get(root) ?? this.#windows.get(root)?.of;
      if (!next) return root;
      root = next;
    }
  }

  /** A value that is not on the tape: scratch, or a part of another. */
  #temporary(label: string, shape: readonly number[]): Value {
    return { tape: this.tape, id: -1, shape, dtype: "f32", label };
  }

  #emitter(origin: Origin, hasShortSums = false): Emitter<Value> {
    const label = labelOf(origin);
    return {
      limit: this.#limit,
      hasShortSums,
      choose: this.#choose,
      emit: ({ kernel, ...rest }) => {
        const halves = rest.buffers.flatMap((value, i) => this.bytesEach(value) === 2 ? [i + 1] : []);
        const launch = { ...rest, kernel: withHalfStorage(kernel, halves) };
        this.launches.push({ launch, origin, label: `${label} (${launch.kernel.name})` });
      },
      scratch: (elements, copiesOf) => {
        const scratch = this.#temporary(`${label}/scratch`, [elements]);
        if (copiesOf && this.bytesEach(copiesOf) === 2) this.#halves.add(scratch);
        return scratch;
      },
      window: (value, first, count) => this.#window(value, first, [count]),
    };
  }

  #window(of: Value, first: number, shape: readonly number[]): Value {
    const window = { ...this.#temporary(of.label, shape), dtype: of.dtype };
    this.#windows.set(window, { of, first });
    return window;
  }

  #lower({ node, inputs, outputs, epilogue, isSensitive }: Step): void {
    const { operation, attributes, scope } = node;
    if (!operation.lower || operation.inPlace) this.#aliases.set(outputs[0], inputs[0]);
    if (!operation.lower) return;
    const shapes = (values: readonly Value[]) => values.map((v) => v.shape);
    const origin = { scope, operation: operation.name, inputs: shapes(inputs), outputs: shapes(outputs) };
    const context = { inputs, outputs, attributes, epilogue, isSensitive, firstImage: 0 };
    const hasShortSums = this.#isTraining && !this.#backward.has(node);
    lowerInParts(this.#emitter(origin, hasShortSums), operation, context, {
      limit: this.#limit,
      images: (v, first, count) =>
        this.#window(v, first * sizeOf(v.shape.slice(1)), [count, ...v.shape.slice(1)]),
      bytesEach: (v) => this.bytesEach(v),
      scratchLike: (v) => this.#temporary(`${labelOf(origin)}/part`, v.shape),
    });
  }

  /**
   * Places what updates take in an arena laid out like the parameters. A dispatch may not read one part of the arena and
   * write another: what is read so is copied into the arena, as is what is no result of this program.
   */
  #placeUpdates(updates: readonly Update[]): void {
    const roots = new Map<string, Value>();
    for (const { values, shadows } of updates) {
      if (!shadows) { for (const [name, v] of values) roots.set(name, this.#root(v)); }
    }
    const all = [...roots.values()], placeable = new Set(all.filter((r) => r.node));
    for (const { launch: { buffers, writes } } of this.launches) {
      const touched = buffers.map((b) => this.#root(b));
      if (!touched.some((root, i) => writes.includes(i) && placeable.has(root))) continue;
      touched.forEach((root, i) => writes.includes(i) || placeable.delete(root));
    }
    for (const [name, root] of roots) {
      const { page, first, count } = this.layout.place(name);
      const region: Region = { memory: { kind: "updates", page }, offset: 4 * first, size: 4 * count };
      if (placeable.has(root) && all.indexOf(root) === all.lastIndexOf(root)) {
        this.#regions.set(root, region);
        continue;
      }
      const copy = this.#temporary(`updates/${name}`, root.shape), shapes = [root.shape];
      this.#regions.set(copy, region);
      const emitter = this.#emitter({
        scope: name,
        operation: "copyUpdate",
        inputs: shapes,
        outputs: shapes,
      });
      for (let at = 0; at < count; at += this.#limit) {
        const size = Math.min(this.#limit, count - at), part = (v: Value) => this.#window(v, at, [size]);
        pointwise(emitter, "scale", size, { a: part(root), y: part(copy) });
      }
    }
  }

  /** Steps over all variables of an update in as few ranges as bindings allow. */
  #update(update: Update): void {
    const { rule, options, rate, values, decays, shadows, treatment } = update;
    const arena = ({ name, initial }: UpdateSlot) => (page: number): Memory => ({
      kind: "arena",
      slot: name,
      initial,
      page,
    });
    const variables = arena({ name: "", initial: 0 });
    const taken = shadows ? variables : (page: number): Memory => ({ kind: "updates", page });
    const memories = [taken, shadows ? arena(shadows) : variables, ...rule.slots.map(arena)];
    const ranges = this.layout.runs(values.keys(), this.#limit).map((run) => {
      const { page, first, count } = run;
      const [taken, parameters, ...slots] = memories.map((memory) => {
        const range = this.#temporary("update", [count]);
        this.#regions.set(range, { memory: memory(page), offset: 4 * first, size: 4 * count });
        return range;
      });
      return { count, decays: this.#decays(run, decays), values: taken, parameters, slots };
    });
    const emitter = (operation: string, shapes: readonly number[][]) =>
      this.#emitter({ scope: "update", operation, inputs: shapes, outputs: shapes });
    const factor = treatment
      ? this.#temporary("gradient factor", [1])
      : this.tape.constant(Float32Array.of(1), [1]);
    if (treatment) {
      const shapes = ranges.map(({ count }) => [count]);
      gradientFactor(emitter("gradientFactor", shapes), ranges, treatment, factor);
    }
    for (const { count, ...range } of ranges) {
      applyUpdate(emitter(rule.kernel.name, [[count]]), rule, count, options, { ...range, rate, factor });
    }
  }

  /** The weight decay of each block of a run of parameters. */
  #decays({ page, first, count }: Run, decays: ReadonlyMap<string, number> = new Map()): Value {
    const table = new Float32Array(count / ALIGNMENT);
    for (const [name, decay] of decays) {
      const place = this.layout.place(name), from = (place.first - first) / ALIGNMENT;
      if (place.page === page) {
        table.fill(decay, Math.max(0, from), Math.max(0, from + Math.ceil(place.count / ALIGNMENT)));
      }
    }
    return this.tape.constant(table, [table.length]);
  }

  /** Gives every value that some launch touches its memory. */
  #placeAll(kept: ReadonlySet<Value>): void {
    const lives = new Map<Value, { first: number; last: number }>();
    this.launches.forEach(({ launch }, i) => {
      for (const value of launch.buffers) {
        const root = this.#root(value), life = lives.get(root);
        if (life) life.last = i;
        else lives.set(root, { first: i, last: i });
      }
    });
    for (const value of kept) {
      const root = this.#root(value);
      lives.set(root, { first: lives.get(root)?.first ?? 0, last: this.launches.length });
    }
    for (const value of this.tape.feeds.values()) {
      if (!lives.has(value)) lives.set(value, { first: 0, last: 0 });
    }
    const planned: Value[] = [];
    for (const value of lives.keys()) {
      if (this.#regions.has(value)) continue;
      const { source } = value;
      if (source?.kind === "variable") {
        const { page, first, count } = this.layout.place(source.variable.name);
        const memory = { kind: "arena", slot: "", initial: 0, page } as const;
        this.#regions.set(value, { memory, offset: 4 * first, size: 4 * count });
      } else if (source) {
        this.sources.push(value);
        this.#regions.set(value, { memory: { kind: "source", value }, offset: 0, size: this.bytesOf(value) });
      } else planned.push(value);
    }
    const items = planned.map((value) => ({ bytes: this.bytesOf(value), ...lives.get(value)! }));
    const { blockOf, blocks } = planMemory(items);
    blocks.forEach((bytes, b) => this.blocks.push({ bytes, label: planned[blockOf.indexOf(b)].label }));
    planned.forEach((value, i) => {
      const memory = { kind: "block", index: blockOf[i] } as const;
      this.#regions.set(value, { memory, offset: 0, size: this.bytesOf(value) });
    });
  }

  #checkBindings(most: number): void {
    for (const { launch, label } of this.launches) {
      for (const value of launch.buffers) {
        const { size, offset } = this.region(value);
        if (size <= most && offset % 256 === 0) continue;
        throw new RangeError(
          `Cannot bind ${value.label} [${value.shape}] in ${label}: its ${size} bytes cannot be cut to fit this device's ` +
            `maxStorageBufferBindingSize of ${most}; use a smaller batch or image size`,
        );
      }
    }
  }
}
