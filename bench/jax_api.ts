/**
 * Types of the part of `@jax-js/jax` that the bench uses; written down here so that checking them downloads nothing.
 *
 * @module
 */

/** An array is freed by its last use; `ref` is one more use. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(x: JaxArray | number): JaxArray;
  sub(x: JaxArray | number): JaxArray;
  mul(x: JaxArray | number): JaxArray;
  sum(): JaxArray;
  mean(axes: number[], options: { keepdims: boolean }): JaxArray;
  slice(...ranges: ([] | [number, number])[]): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}
/** Arrays by name. */
export type Arrays = Record<string, JaxArray>;

/** What the bench uses of `@jax-js/jax`. */
export interface Jax {
  init(device: "webgpu"): Promise<string[]>;
  defaultDevice(device: "webgpu"): void;
  getWebGPUDevice(): GPUDevice & { readonly adapterInfo: GPUAdapterInfo };
  blockUntilReady<T>(arrays: T): Promise<T>;
  jit<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R;
  grad<A extends unknown[]>(f: (of: Arrays, ...args: A) => JaxArray): (of: Arrays, ...args: A) => Arrays;
  valueAndGrad<A extends unknown[]>(
    f: (of: Arrays, ...args: A) => JaxArray,
  ): (of: Arrays, ...args: A) => [JaxArray, Arrays];
  vjp(
    f: (x: JaxArray) => JaxArray,
    of: JaxArray[],
  ): [JaxArray, ((dy: JaxArray) => JaxArray[]) & { dispose(): void }];
  tree: {
    ref<T>(arrays: T): T;
    dispose(arrays: unknown): void;
    map(f: (...leaves: JaxArray[]) => JaxArray, ...trees: Arrays[]): Arrays;
  };
  lax: {
    convGeneralDilated(
      x: JaxArray,
      w: JaxArray,
      strides: readonly number[],
      padding: string | readonly (readonly number[])[],
      options?: { rhsDilation?: readonly number[]; featureGroupCount?: number },
    ): JaxArray;
    reduceWindow(
      x: JaxArray,
      f: (x: JaxArray) => JaxArray,
      size: readonly number[],
      strides: readonly number[],
    ): JaxArray;
  };
  nn: { relu(x: JaxArray): JaxArray; relu6(x: JaxArray): JaxArray; logSoftmax(x: JaxArray): JaxArray };
  numpy: {
    array(data: Float32Array): JaxArray;
    zeros(shape: readonly number[]): JaxArray;
    max(x: JaxArray): JaxArray;
    sum(x: JaxArray): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    dot(a: JaxArray, b: JaxArray): JaxArray;
    concatenate(xs: readonly JaxArray[], axis: number): JaxArray;
    pad(x: JaxArray, widths: readonly (readonly number[])[]): JaxArray;
    exp(x: JaxArray): JaxArray;
    log(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    reciprocal(x: JaxArray): JaxArray;
  };
}
