/**
 * What a kernel does to its sums before it stores them: bias or batch normalization and an activation (epilogue.wgsl), and
 * between them, where it is dense, a residual (epilogue_addend.wgsl).
 *
 * This module is browser compatible.
 *
 * @module
 */
import { defineKernel, type Kernel, type ParamValues } from "./kernel.ts";
import code from "./epilogue.wgsl" with { type: "text" };
import addendCode from "./epilogue_addend.wgsl" with { type: "text" };

/** Activations that an epilogue can apply; the numbers are those of the kernels. */
export const ACTIVATIONS = { none: 0, relu: 1, relu6: 2 } as const;
/** Name of an activation that a dense kernel can apply to its own output. */
export type Activation = keyof typeof ACTIVATIONS;

/** The float32 before 6. */
const BELOW_SIX = 6 - 2 ** -21;

/** What an activation gets where it passes gradients on: more than `low`, at most `high`. */
export function passing(activation: Activation) {
  if (activation === "none") return { low: -Infinity, high: Infinity };
  return { low: 0, high: activation === "relu" ? Infinity : BELOW_SIX };
}

/** Batch normalization by given statistics, each [channels]; beta is the epilogue's bias. */
export interface Normalization<T> {
  readonly mean: T;
  readonly variance: T;
  readonly gamma?: T;
  readonly epsilon: number;
}

/** y = activation(normalization of sum, or sum + bias); what is left out is not done. */
export interface ChannelEpilogue<T> {
  readonly bias?: T;
  readonly normalization?: Normalization<T>;
  readonly activation?: Activation;
}

/** y = activation(addend + factor * (normalization of sum, or sum + bias)); what is left out is not done. */
export interface Epilogue<T> extends ChannelEpilogue<T> {
  /** Of y's shape. */
  readonly addend?: T;
  /** Of the sums, where there is an addend. @default {1} */
  readonly factor?: number;
}

/** The kernels of this file: none, its text is part of others. */
export const kernels: readonly Kernel[] = [];

/** A kernel whose text calls `channel` and `finish`. Its buffers are those of the epilogue, then its own. */
export function defineWithEpilogue(name: string, text: string): Kernel {
  return defineKernel(name, code + addendCode + text);
}

/** The same without a residual, for loops where the code of a load counts: the text calls `normalized` and `activated`. */
export function defineWithChannelEpilogue(name: string, text: string): Kernel {
  return defineKernel(name, code + text);
}

/** What a launch has of an epilogue: parameters, buffers, and indices of those that are not read. */
interface EpilogueParts<T> {
  readonly params: ParamValues & { readonly epilogue: number };
  readonly buffers: readonly T[];
  readonly unused: readonly number[];
}

/** The parts of an epilogue; `filler`, any readable buffer, stands where nothing is read. */
export function epilogueOf<T>(e: Epilogue<T>, filler: T): EpilogueParts<T> {
  const { params, buffers, unused } = channelEpilogueOf(e, filler);
  return {
    params: {
      ...params,
      epilogue: params.epilogue | (e.addend === undefined ? 0 : 8),
      factor: e.factor ?? 1,
    },
    buffers: [...buffers, e.addend ?? filler],
    unused: e.addend === undefined ? [...unused, buffers.length] : unused,
  };
}

/** The same without a residual. */
export function channelEpilogueOf<T>(
  { bias, normalization: norm, activation }: ChannelEpilogue<T>,
  filler: T,
): EpilogueParts<T> {
  const parts = [bias, norm?.mean, norm?.variance, norm?.gamma];
  const flags = (bias === undefined ? 0 : 1) | (norm ? 2 : 0) | (norm?.gamma === undefined ? 0 : 4);
  return {
    params: {
      epilogue: flags,
      activation: ACTIVATIONS[activation ?? "none"],
      epsilon: norm?.epsilon ?? 0,
    },
    buffers: parts.map((v) => v ?? filler),
    unused: parts.flatMap((v, i) => v === undefined ? [i] : []),
  };
}
