/**
 * The textures that a program's launches read operands from: one for each place of a texture among a kernel's bindings, large
 * enough for all launches, since no two run at once; and some of their own for operands that stay what they are.
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
  /** Whether the texture holds it from run to run, and is not copied to before the launch. */
  readonly isKept: boolean;
}

/** A launch and one of its operands that it reads as a texture. */
export interface TextureUse<T> {
  readonly launch: number;
  readonly binding: number;
  /** Place of the texture among the kernel's. */
  readonly place: number;
  readonly value: T;
  /** The texture that it would have for itself: the same for all that read the same bytes. */
  readonly own: TextureSlot;
}

/** All uses of textures, in order. `partOf` tells which bytes a value has, `bytesEach` how many an element. */
export function textureUses<T>(
  launches: readonly { readonly kernel: Kernel; readonly buffers: readonly T[] }[],
  partOf: (value: T) => { readonly root: T; readonly offset: number; readonly size: number },
  bytesEach: (value: T) => number,
): TextureUse<T>[] {
  const known = new Map<T, Map<string, TextureSlot>>();
  return launches.flatMap(({ kernel, buffers }, launch) =>
    kernel.textures.map((binding, place) => {
      const value = buffers[binding - 1], { root, offset, size } = partOf(value);
      const slots = known.get(root) ?? new Map<string, TextureSlot>(), key = `${offset} ${size}`;
      const bytesPerTexel = bytesEach(value) === 2 ? 8 : 16;
      const own = slots.get(key) ?? { bytesPerTexel, rows: textureRows(Math.ceil(size / bytesPerTexel)) };
      known.set(root, slots.set(key, own));
      return { launch, binding, place, value, own };
    })
  );
}

/** The textures that launches share, by {@linkcode keyOf}, where some operands are kept in their own. */
export function sharedTextures<T>(
  uses: readonly TextureUse<T>[],
  kept: ReadonlySet<TextureSlot>,
): Map<number, TextureSlot> {
  const shared = new Map<number, TextureSlot>();
  for (const use of uses) {
    if (kept.has(use.own)) continue;
    const key = keyOf(use), known = shared.get(key);
    if (!known || known.rows < use.own.rows) shared.set(key, use.own);
  }
  return shared;
}

/** Operands of one place and element type take turns in one texture. */
function keyOf<T>({ place, own }: TextureUse<T>): number {
  return 16 * place + own.bytesPerTexel;
}

/** All textures, and the operands of each launch that has some, by binding. */
export function planTextures<T>(
  uses: readonly TextureUse<T>[],
  kept: ReadonlySet<TextureSlot> = new Set(),
): { slots: TextureSlot[]; operands: Map<number, Map<number, TextureOperand<T>>> } {
  const shared = new Map<number, TextureSlot>();
  for (const [key, largest] of sharedTextures(uses, kept)) shared.set(key, { ...largest });
  const operands = new Map<number, Map<number, TextureOperand<T>>>();
  for (const use of uses) {
    const { launch, binding, value, own } = use, isKept = kept.has(own);
    const ofLaunch = operands.get(launch) ?? new Map<number, TextureOperand<T>>();
    operands.set(
      launch,
      ofLaunch.set(binding, { value, slot: isKept ? own : shared.get(keyOf(use))!, isKept }),
    );
  }
  return { slots: [...kept, ...shared.values()], operands };
}

/** Bytes of textures. */
export function bytesOfTextures(slots: Iterable<TextureSlot>): number {
  let bytes = 0;
  for (const { bytesPerTexel, rows } of slots) bytes += bytesPerTexel * rows * TEXTURE_WIDTH;
  return bytes;
}
