/**
 * The textures that a program's launches read operands from: one for each place of a texture among a kernel's bindings, large
 * enough for all launches, since no two run at once.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Kernel } from "../kernels/kernel.ts";
import { TEXTURE_WIDTH, textureRows } from "../kernels/texture.ts";

/** A texture of a program. */
export interface TextureSlot {
  readonly bytesPerTexel: 8 | 16;
  readonly rows: number;
}

/** An operand of a launch that is read as a texture. */
export interface TextureOperand<T> {
  readonly value: T;
  readonly slot: TextureSlot;
}

interface Use<T> {
  readonly kernel: Kernel;
  readonly buffers: readonly T[];
}

/** The slots of all launches, and the operands of each by binding. `sizeOf` tells a value's bytes, `bytesEach` an element's. */
export function planTextures<T>(
  launches: readonly Use<T>[],
  sizeOf: (value: T) => number,
  bytesEach: (value: T) => number,
): { slots: TextureSlot[]; operands: ReadonlyMap<number, TextureOperand<T>>[] } {
  const slots = new Map<string, { bytesPerTexel: 8 | 16; rows: number }>();
  const operands = launches.map(({ kernel, buffers }) =>
    new Map(kernel.textures.map((binding, place) => {
      const value = buffers[binding - 1], bytesPerTexel = bytesEach(value) === 2 ? 8 : 16;
      const key = `${place} ${bytesPerTexel}`, slot = slots.get(key) ?? { bytesPerTexel, rows: 0 };
      slot.rows = Math.max(slot.rows, textureRows(Math.ceil(sizeOf(value) / bytesPerTexel)));
      slots.set(key, slot);
      return [binding, { value, slot }];
    }))
  );
  return { slots: [...slots.values()], operands };
}

/** Bytes of a texture. */
export function bytesOfSlot({ bytesPerTexel, rows }: TextureSlot): number {
  return bytesPerTexel * rows * TEXTURE_WIDTH;
}
