/**
 * The buffers and textures that a program makes for itself.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { TextureCopy } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { TEXTURE_WIDTH } from "../kernels/texture.ts";
import type { Memory } from "./memory.ts";
import type { Parameters } from "./parameters.ts";
import type { Plan } from "./plan.ts";
import type { Placement } from "./program.ts";
import type { Value } from "./tape.ts";
import type { TextureOperand, TextureSlot } from "./textures.ts";

/** Room that a feed gets when it has to grow, as a multiple of what is needed. */
const ROOM = 1.25;

function isGrowing({ source }: Value): boolean {
  return source?.kind === "feed" && !!source.grows;
}

/** The buffers and textures of a planned program. */
export class Buffers {
  readonly owned: (GPUBuffer | GPUTexture)[] = [];
  readonly #known = new Map<unknown, GPUBuffer>();
  readonly #textures = new Map<TextureSlot, GPUTexture>();

  constructor(readonly gpu: Gpu, readonly plan: Plan, readonly parameters: Parameters) {}

  /** A buffer that goes with the program. */
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
  textureCopy({ value, slot }: Pick<TextureOperand<Value>, "value" | "slot">): TextureCopy {
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
    const key = memory.kind === "source" ? memory.value : memory.index;
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
    const { value } = memory,
      buffer = this.make(value.label, this.plan.bytesOf(value), usage | GPUBufferUsage.COPY_DST);
    if (value.source?.kind === "constant") this.gpu.upload(buffer, value.source.data);
    return buffer;
  }
}
