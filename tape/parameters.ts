/**
 * The parameters of a net on the device: one arena for the values and one for each optimizer slot, all laid out alike.
 *
 * Programs on different tapes (training, evaluation) share parameters by name.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { sizeOf } from "../kernels/kernel.ts";
import type { Shape, Variable } from "./tape.ts";

/** Elements to which every variable's place is rounded up: 256 bytes, WebGPU's strictest binding alignment. */
const ALIGNMENT = 64;

/** A part of a buffer, in bytes. */
export interface Placement {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A run of neighbouring variables, in elements. */
export interface Run {
  readonly first: number;
  readonly count: number;
}

/** Variables and slots in device memory. */
export class Parameters {
  readonly #gpu: Gpu;
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #first = new Map<string, number>();
  readonly #elements: number;
  readonly #arenas = new Map<string, GPUBuffer>();

  constructor(gpu: Gpu, variables: ReadonlyMap<string, Variable>) {
    this.#gpu = gpu;
    this.#variables = new Map(variables);
    let end = 0;
    for (const [name, variable] of variables) {
      this.#first.set(name, end);
      end += Math.ceil(sizeOf(variable.shape) / ALIGNMENT) * ALIGNMENT;
    }
    this.#elements = end;
  }

  /** Names in TF-Slim's order of creation. */
  get names(): string[] {
    return [...this.#variables.keys()];
  }

  /** Slots made so far. */
  get slots(): string[] {
    return [...this.#arenas.keys()].filter((name) => name !== "");
  }

  /** Shape of a variable. */
  shape(name: string): Shape {
    return this.#variable(name).shape;
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw new RangeError(`Cannot find variable ${name}: the net has ${this.names.join(", ")}`);
    return variable;
  }

  /** The arena of a slot, made and filled with `initial` when first asked for; "" is that of the values. */
  arena(slot = "", initial = 0): GPUBuffer {
    const known = this.#arenas.get(slot);
    if (known) return known;
    const buffer = this.#gpu.createBuffer({
      label: slot ? `parameters/${slot}` : "parameters",
      size: 4 * this.#elements,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#arenas.set(slot, buffer);
    if (initial !== 0) {
      const block = new Float32Array(Math.min(this.#elements, 1 << 20)).fill(initial);
      for (let i = 0; i < this.#elements; i += block.length) {
        this.#gpu.upload(buffer, block.subarray(0, this.#elements - i), 4 * i);
      }
    }
    return buffer;
  }

  /** Where a variable lies in an arena laid out like this one. */
  place(name: string, buffer: GPUBuffer): Placement {
    const size = 4 * sizeOf(this.#variable(name).shape);
    return { buffer, offset: 4 * this.#first.get(name)!, size };
  }

  /** The fewest runs that hold just the given variables, none longer than `most` elements. */
  runs(names: Iterable<string>, most: number): Run[] {
    const wanted = new Set(names), runs: { first: number; count: number }[] = [];
    for (const [name, variable] of this.#variables) {
      if (!wanted.has(name)) continue;
      const first = this.#first.get(name)!, count = Math.ceil(sizeOf(variable.shape) / ALIGNMENT) * ALIGNMENT;
      const last = runs.at(-1);
      if (last && last.first + last.count === first) last.count += count;
      else runs.push({ first, count });
    }
    return runs.flatMap((run) => {
      const pieces: Run[] = [];
      for (let at = 0; at < run.count; at += most) {
        pieces.push({ first: run.first + at, count: Math.min(most, run.count - at) });
      }
      return pieces;
    });
  }

  /** Elements of an arena. */
  get elements(): number {
    return this.#elements;
  }

  /** Gives every variable the value of its initializer. */
  initialize(seed: number): void {
    for (const [name, v] of this.#variables) this.write(name, v.initialize(v.shape, seed, name));
  }

  /** Writes a variable or one of its slots. Throws a TypeError if the number of values is not the shape's. */
  write(name: string, data: Float32Array, slot = ""): void {
    const { offset, size } = this.place(name, this.arena(slot));
    if (data.byteLength !== size) {
      throw new TypeError(
        `Cannot write ${slot ? `${name}/${slot}` : name}: shape [${this.shape(name)}] has ${
          size / 4
        } values, got ${data.length}`,
      );
    }
    this.#gpu.upload(this.arena(slot), data, offset);
  }

  /** Reads a variable or one of its slots, row-major, as of all work submitted before. */
  async read(name: string, slot = ""): Promise<Float32Array> {
    const arena = this.#arenas.get(slot);
    if (!arena) throw new RangeError(`Cannot read ${name}/${slot}: there is no slot ${slot}`);
    const { offset, size } = this.place(name, arena);
    return new Float32Array(await this.#gpu.download(arena, offset, size));
  }

  /** Frees the device memory. */
  destroy(): void {
    for (const buffer of this.#arenas.values()) this.#gpu.destroyBuffer(buffer);
    this.#arenas.clear();
  }
}
