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
import { ALIGNMENT, ParameterLayout } from "./parameter_layout.ts";
import type { Shape, Variable } from "./tape.ts";

/** Variables and slots in device memory. */
export class Parameters {
  readonly #gpu: Gpu;
  readonly #arenas = new Map<string, readonly GPUBuffer[]>();
  #version = 0;
  /** Where the variables lie in each arena. */
  readonly layout: ParameterLayout;

  constructor(gpu: Gpu, variables: ReadonlyMap<string, Variable>) {
    this.#gpu = gpu;
    this.layout = new ParameterLayout(
      variables,
      Math.floor(gpu.limits.maxBufferSize / (4 * ALIGNMENT)) * ALIGNMENT,
    );
  }

  /** Names in TF-Slim's order of creation. */
  get names(): string[] {
    return this.layout.names;
  }

  /** Slots made so far. */
  get slots(): string[] {
    return [...this.#arenas.keys()].filter((name) => name !== "");
  }

  /** Another number after each change: programs keep what they have computed from the parameters of a version. */
  get version(): number {
    return this.#version;
  }

  /** Says that something else has changed an arena, or is about to: a program that was submitted. */
  change(): void {
    this.#version++;
  }

  /** Shape of a variable. */
  shape(name: string): Shape {
    return this.layout.shape(name);
  }

  /** The pages of a slot's arena, made and filled with `initial` when first asked for; "" is that of the values. */
  arena(slot = "", initial = 0): readonly GPUBuffer[] {
    const known = this.#arenas.get(slot);
    if (known) return known;
    const label = slot ? `parameters/${slot}` : "parameters";
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const pages: GPUBuffer[] = [];
    this.#arenas.set(slot, pages);
    for (const elements of this.layout.pages) {
      const buffer = this.#gpu.createBuffer({ label, size: 4 * elements, usage });
      pages.push(buffer);
      if (initial === 0) continue;
      const block = new Float32Array(Math.min(elements, 1 << 20)).fill(initial);
      for (let i = 0; i < elements; i += block.length) {
        this.#gpu.upload(buffer, block.subarray(0, elements - i), 4 * i);
      }
    }
    return pages;
  }

  /** Gives every variable the value of its initializer. */
  initialize(seed: number): void {
    for (const name of this.names) {
      const v = this.layout.variable(name);
      this.write(name, v.initialize(v.shape, seed, name));
    }
  }

  /** Writes a variable or one of its slots. Throws a TypeError if the number of values is not the shape's. */
  write(name: string, data: Float32Array, slot = ""): void {
    const { page, first, count } = this.layout.place(name);
    if (data.length !== count) {
      throw new TypeError(
        `Cannot write ${slot ? `${name}/${slot}` : name}: shape [${
          this.shape(name)
        }] has ${count} values, got ${data.length}`,
      );
    }
    this.#gpu.upload(this.arena(slot)[page], data, 4 * first);
    this.change();
  }

  /** Reads a variable or one of its slots, row-major, as of all work submitted before. */
  async read(name: string, slot = ""): Promise<Float32Array> {
    const arena = this.#arenas.get(slot);
    if (!arena) throw new RangeError(`Cannot read ${name}/${slot}: there is no slot ${slot}`);
    const { page, first, count } = this.layout.place(name);
    return new Float32Array(await this.#gpu.download(arena[page], 4 * first, 4 * count));
  }

  /** Gives a slot the values of another, such as "", those of the variables. */
  copy(from: string, to: string): void {
    const sources = this.arena(from), targets = this.arena(to);
    const encoder = this.#gpu.device.createCommandEncoder();
    sources.forEach((source, page) => encoder.copyBufferToBuffer(source, 0, targets[page], 0, source.size));
    this.#gpu.device.queue.submit([encoder.finish()]);
    this.change();
  }

  /** Frees the device memory. */
  destroy(): void {
    for (const buffer of [...this.#arenas.values()].flat()) this.#gpu.destroyBuffer(buffer);
    this.#arenas.clear();
  }
}
