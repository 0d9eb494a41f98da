/**
 * Operands that a kernel reads as a texture: memory as before, one vec4 a texel, row after row of {@linkcode TEXTURE_WIDTH}.
 *
 * A kernel asks for it by declaring `var x: texture_storage_2d<rgba32float, read>` where a buffer would stand. Whoever runs the
 * launch copies that buffer into a texture before, at the speed of memory. Past its end the texture is zero.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Kernel } from "./kernel.ts";
import code from "./texture.wgsl" with { type: "text" };

/** The kernels of this file: none, its text is part of others. */
export const kernels: readonly Kernel[] = [];

/** A kernel's text with `texel` and `lastOf`. */
export function withTextures(text: string): string {
  return code + text;
}

/** Texels of a row; texture.wgsl knows it as `i & 4095u` and `i >> 12u`. */
export const TEXTURE_WIDTH = 4096;

/** Rows that WebGPU guarantees. */
const MOST_ROWS = 8192;

/** Elements of the largest operand, a row less than all: there is always a zero texel past it. */
export const TEXTURE_LIMIT = 4 * TEXTURE_WIDTH * (MOST_ROWS - 1);

/** Rows of a texture for operands of up to so many texels. */
export function textureRows(texels: number): number {
  return Math.floor(texels / TEXTURE_WIDTH) + 1;
}
