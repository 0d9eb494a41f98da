/**
 * What a dense kernel does to its sums before it stores them (epilogue.wgsl): bias or batch normalization, a residual, an
 * activation.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { defineKernel, type Kernel, type ParamValues } from "./kernel.ts";
import code from "./epilogue.wgsl" with { type: "text" };

/** Activations that an epilogue can apply; the numbers are those of the kernels. */
export const ACTIVATIONS = { none: 0, relu: 1, relu6: 2 } as const;
/** Name of an activation that a dense kernel can apply to its own output. */
export type Activation = keyof typeof ACTIVATIONS;

/** Batch normalization by given statistics, each [channels]; beta is the epilogue's bias. */
export interface Normalization<T> {
  readonly mean: T;
  readonly variance: T;
  readonly gamma?: T;
  readonly epsilon: number;
}

/** y = activation(addend + factor * (normalization of sum, or sum + bias)); what is left out is not done. */
export interface Epilogue<T> {
  readonly bias?: T;
  readonly normalization?: Normalization<T>;
  /** Of y's shape. */
  readonly addend?: T;
  /** Of the sums, where there is an addend. @default {1} */
  readonly factor?: number;
  readonly activation?: Activation;
}

/** The kernels of this file: none, its text is part of others. */
export const kernels: readonly Kernel[] = [];

/** A kernel whose text calls `channel` and `finish`. Its buffers are those of the epilogue, then its own. */
export function defineWithEpilogue(name: string, text: string): Kernel {
  return defineKernel(name, code + text);
}

/** Parameters and buffers of an epilogue; `unused`, any readable buffer, stands where nothing is read. */
export function epilogueOf<T>(e: Epilogue<T>, unused: T): { params: ParamValues; buffers: T[] } {
  const { bias, normalization: norm, addend } = e;
  const flags = [bias, norm, norm?.gamma, addend].map((v, i) => v === undefined ? 0 : 1 << i);
  return {
    params: {
      epilogue: flags.reduce((a, b) => a | b),
      activation: ACTIVATIONS[e.activation ?? "none"],
      epsilon: norm?.epsilon ?? 0,
      factor: e.factor ?? 1,
    },
    buffers: [bias, norm?.mean, norm?.variance, norm?.gamma, addend].map((v) => v ?? unused),
  };
}
