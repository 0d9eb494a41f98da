/**
 * Our operations in TensorFlow.js.
 *
 * @module
 */
import type { Rule } from "./interpret.ts";
import type { Tf, TfTensor } from "./tfjs_api.ts";
import type { ConvolutionAttributes, Margins, PoolAttributes } from "./windows.ts";

type Normalization = Readonly<{ epsilon: number; center: boolean; scale: boolean }>;
type Lrn = Record<"depthRadius" | "bias" | "alpha" | "beta", number>;

/** By the names of our operations; biases and activations are fused into dense ones. */
export function tfjsRules(tf: Tf): Record<string, Rule<TfTensor>> {
  const convolution = (apply: typeof tf.fused.conv2d): Rule<TfTensor> =>
  (
    [x, filter, bias],
    { window: { stride = 1, rate = 1, padding = "SAME" } }: ConvolutionAttributes,
    { activation },
  ) =>
    apply({
      x,
      filter,
      bias,
      activation,
      strides: stride,
      dilations: rate,
      pad: String(padding).toLowerCase(),
    });
  const pooling = (apply: typeof tf.maxPool): Rule<TfTensor> =>
  (
    [x],
    { kernel, stride = 1, padding = "SAME" }: PoolAttributes,
  ) => apply(x, kernel, stride, String(padding).toLowerCase());
  return {
    conv2d: convolution(tf.fused.conv2d),
    depthwiseConv2d: convolution(tf.fused.depthwiseConv2d),
    matmul: ([a, b, bias], _, { activation }) => tf.fused.matMul({ a, b, bias, activation }),
    biasAdd: ([x, bias]) => tf.add(x, bias),
    relu: ([x]) => tf.relu(x),
    relu6: ([x]) => tf.relu6(x),
    batchNorm: ([x, ...variables], { epsilon, center, scale }: Normalization) => {
      const { mean, variance } = tf.moments(x, x.shape.slice(0, -1).map((_, i) => i));
      const offset = center ? variables[0] : undefined, factor = scale ? variables.at(-1) : undefined;
      return tf.batchNorm(x, mean, variance, offset, factor, epsilon);
    },
    maxPool2d: pooling(tf.maxPool),
    avgPool2d: pooling(tf.avgPool),
    localResponseNormalization: ([x], { depthRadius, bias, alpha, beta }: Lrn) =>
      tf.localResponseNormalization(x, depthRadius, bias, alpha, beta),
    add: ([a, b]) => tf.add(a, b),
    concat: (xs) => tf.concat(xs, xs[0].shape.length - 1),
    pad: ([x], { top, bottom, left, right }: Margins) =>
      tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]]),
    reshape: ([x], { shape }: { shape: readonly number[] }) => tf.reshape(x, shape),
  };
}
