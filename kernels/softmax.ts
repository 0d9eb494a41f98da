/**
 * Plans softmax and softmax cross-entropy with its gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, spread } from "./kernel.ts";
import softmaxCode from "./softmax.wgsl" with { type: "text" };
import lossCode from "./softmax_cross_entropy.wgsl" with { type: "text" };
import gradientCode from "./softmax_cross_entropy_gradient.wgsl" with { type: "text" };

const softmaxKernel: Kernel = defineKernel("softmax", softmaxCode);
const lossKernel: Kernel = defineKernel("softmax_cross_entropy", lossCode);
const gradientKernel: Kernel = defineKernel("softmax_cross_entropy_gradient", gradientCode);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [softmaxKernel, lossKernel, gradientKernel];

/** Emits y = softmax of x, both [rows, classes]. */
export function softmax<T>(e: Emitter<T>, rows: number, classes: number, b: { x: T; y: T }): void {
  e.emit({
    kernel: softmaxKernel,
    params: { rows, classes },
    buffers: [b.x, b.y],
    writes: [1],
    workgroups: spread(Math.ceil(rows / 64)),
    work: 12 * rows * classes,
  });
}

/** Emits losses [rows] and probabilities [rows, classes] from logits [rows, classes] and labels [rows] (int32). */
export function softmaxCrossEntropy<T>(
  e: Emitter<T>,
  rows: number,
  classes: number,
  smoothing: number,
  b: { logits: T; labels: T; losses: T; probabilities: T },
): void {
  e.emit({
    kernel: lossKernel,
    params: { rows, classes, smoothing },
    buffers: [b.logits, b.labels, b.losses, b.probabilities],
    writes: [2, 3],
    workgroups: spread(Math.ceil(rows / 64)),
    work: 16 * rows * classes,
  });
}

/** Emits dlogits [rows, classes] from probabilities, labels and dloss [rows]. */
export function softmaxCrossEntropyGradient<T>(
  e: Emitter<T>,
  rows: number,
  classes: number,
  smoothing: number,
  b: { probabilities: T; labels: T; dloss: T; dlogits: T },
): void {
  e.emit({
    kernel: gradientKernel,
    params: { rows, classes, smoothing },
    buffers: [b.probabilities, b.labels, b.dloss, b.dlogits],
    writes: [3],
    workgroups: spread(Math.ceil(rows * classes / 64)),
    work: 4 * rows * classes,
  });
}
