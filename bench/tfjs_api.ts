/**
 * Types of the part of `@tensorflow/tfjs` that the bench uses; written down here so that checking them downloads nothing.
 *
 * @module
 */

/** A tensor on the device, freed by hand. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What the bench uses of `@tensorflow/tfjs`. */
export interface Tf {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
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
  reshape(x: TfTensor, shape: number[]): TfTensor;
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  conv2d(x: TfTensor, w: TfTensor, stride: number, padding: string): TfTensor;
  maxPool(x: TfTensor, size: number, stride: number, padding: string): TfTensor;
  localResponseNormalization(
    x: TfTensor,
    radius: number,
    bias: number,
    alpha: number,
    beta: number,
  ): TfTensor;
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
