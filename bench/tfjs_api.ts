/**
 * Types of the part of `@tensorflow/tfjs` that the bench uses; written down here so that checking them downloads nothing.
 *
 * @module
 */
import type { Pair } from "../kernels/window.ts";
import type { Activation } from "./interpret.ts";

/** A tensor on the device, freed by hand. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What the fused operations take. */
export interface TfEpilogue {
  readonly bias?: TfTensor;
  /** Left out: none. */
  readonly activation?: Activation;
}
/** What fused convolutions take; images are [n, h, w, c]. */
export interface TfConvolution extends TfEpilogue {
  readonly x: TfTensor;
  readonly filter: TfTensor;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pad: string;
}

/** What the bench uses of `@tensorflow/tfjs`. */
export interface Tf {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  backend(): {
    readonly device: GPUDevice & { readonly adapterInfo: GPUAdapterInfo };
  };
  engine(): {
    runKernel(name: string, inputs: Record<string, TfTensor>, attributes: Record<string, unknown>): TfTensor;
  };
  tidy<T>(run: () => T): T;
  dispose(tensors: unknown): void;
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  variable(value: TfTensor, trainable: boolean, name: string): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  relu6(x: TfTensor): TfTensor;
  concat(xs: readonly TfTensor[], axis: number): TfTensor;
  pad(x: TfTensor, margins: readonly (readonly [number, number])[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  conv2d(x: TfTensor, w: TfTensor, strides: Pair, padding: string): TfTensor;
  depthwiseConv2d(x: TfTensor, w: TfTensor, strides: Pair, padding: string): TfTensor;
  maxPool(x: TfTensor, size: Pair, strides: Pair, padding: string): TfTensor;
  avgPool(x: TfTensor, size: Pair, strides: Pair, padding: string): TfTensor;
  moments(x: TfTensor, axes: readonly number[]): { mean: TfTensor; variance: TfTensor };
  batchNorm(
    x: TfTensor,
    mean: TfTensor,
    variance: TfTensor,
    offset: TfTensor | undefined,
    scale: TfTensor | undefined,
    epsilon: number,
  ): TfTensor;
  localResponseNormalization(
    x: TfTensor,
    radius: number,
    bias: number,
    alpha: number,
    beta: number,
  ): TfTensor;
  fused: {
    conv2d(of: TfConvolution): TfTensor;
    depthwiseConv2d(of: TfConvolution): TfTensor;
    matMul(of: TfEpilogue & { readonly a: TfTensor; readonly b: TfTensor }): TfTensor;
  };
  losses: {
    softmaxCrossEntropy(targets: TfTensor, logits: TfTensor): TfTensor;
  };
  train: {
    momentum(rate: number, momentum: number): {
      minimize(loss: () => TfTensor, returnCost: true, variables: TfTensor[]): TfTensor;
      dispose(): void;
    };
  };
}
