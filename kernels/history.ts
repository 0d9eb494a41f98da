/**
 * Plans the record of a scalar over steps.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel } from "./kernel.ts";
import code from "./history.wgsl" with { type: "text" };

const kernel: Kernel = defineKernel("history", code);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [kernel];

/** Emits ring[step % size] = x. */
export function history<T>(e: Emitter<T>, size: number, b: { x: T; step: T; ring: T }): void {
  e.emit({
    kernel,
    params: { size },
    buffers: [b.x, b.step, b.ring],
    writes: [2],
    workgroups: [1, 1, 1],
    work: 1,
  });
}
