/**
 * Our operations in jax-js, on images [n, c, h, w]. A rule uses up its operands.
 *
 * @module
 */
import { pair, type WindowOptions } from "../kernels/window.ts";
import type { Value } from "../tape/tape.ts";
import type { Rule } from "./interpret.ts";
import type { Jax, JaxArray } from "./jax_api.ts";
import {
  type ConvolutionAttributes,
  framedWindow,
  type Margins,
  pixelCounts,
  type PoolAttributes,
} from "./windows.ts";

type Normalization = Readonly<{ epsilon: number; center: boolean; scale: boolean }>;
type Lrn = Record<"depthRadius" | "bias" | "alpha" | "beta", number>;

/** By the names of our operations. `kind` says what the net is for. */
export function jaxRules(jax: Jax, kind: "infer" | "train"): Record<string, Rule<JaxArray>> {
  const { lax, nn, numpy } = jax;
  const framed = (x: JaxArray, { top, bottom, left, right }: Margins) =>
    top + bottom + left + right === 0 ? x : numpy.pad(x, [[0, 0], [0, 0], [top, bottom], [left, right]]);
  const convolve = (x: JaxArray, w: JaxArray, window: WindowOptions, groups: number) =>
    lax.convGeneralDilated(x, w, pair(window.stride ?? 1), window.padding ?? "SAME", {
      rhsDilation: pair(window.rate ?? 1),
      featureGroupCount: groups,
    });
  const perChannel = (v: JaxArray) => v.reshape([-1, 1, 1]);
  return {
    conv2d: ([x, w], { window }: ConvolutionAttributes) => convolve(x, w, window, 1),
    depthwiseConv2d: kind === "train"
      ? depthwiseThenStride(jax)
      : ([x, w], { window }: ConvolutionAttributes) => convolve(x, w, window, x.shape[1]),
    matmul: ([a, b]) => numpy.dot(a, b),
    biasAdd: ([x, bias]) => x.add(x.shape.length === 4 ? perChannel(bias) : bias),
    relu: ([x]) => nn.relu(x),
    relu6: ([x]) => nn.relu6(x),
    batchNorm: ([x, ...variables], { epsilon, center, scale }: Normalization) => {
      const centred = x.ref.sub(x.mean([0, 2, 3], { keepdims: true }));
      const variance = centred.ref.mul(centred.ref).mean([0, 2, 3], { keepdims: true });
      const inverse = numpy.reciprocal(numpy.sqrt(variance.add(epsilon)));
      const y = centred.mul(scale ? inverse.mul(perChannel(variables.at(-1)!)) : inverse);
      return center ? y.add(perChannel(variables[0])) : y;
    },
    maxPool2d: ([x], a: PoolAttributes, { inputs: [of] }) => {
      const { kernel, stride, margins } = framedWindow(of, a);
      if (!isNonNegative(of) && Object.values(margins).some((m) => m > 0)) {
        throw new Error("it pads with zeros, which would win over negative values");
      }
      return lax.reduceWindow(framed(x, margins), numpy.max, kernel, stride);
    },
    avgPool2d: ([x], a: PoolAttributes, { inputs: [of] }) => {
      const window = framedWindow(of, a), { kernel, stride, margins, isWhole, out } = window;
      if (isWhole) return x.mean([2, 3], { keepdims: true });
      const sums = lax.reduceWindow(framed(x, margins), numpy.sum, kernel, stride);
      return sums.mul(numpy.array(pixelCounts(window).map((count) => 1 / count)).reshape(out));
    },
    localResponseNormalization: ([x], a: Lrn) => normalizeAcross(jax, x, a),
    add: ([a, b]) => a.add(b),
    concat: (xs) => numpy.concatenate(xs, 1),
    pad: ([x], margins: Margins) => framed(x, margins),
    reshape: ([x], { shape }: { shape: readonly number[] }) => x.reshape(shape), // weights follow: see layouts.ts
  };
}

/** Whether no element is negative, so that zeros in the padding never win. */
function isNonNegative({ node }: Value): boolean {
  return /^relu/.test(node?.operation.name ?? "");
}

/**
 * A depthwise convolution with the stride taken afterwards, for training: on WebGPU the gradient of jax-js 0.1.25 for the
 * images of a strided one is wrong.
 */
function depthwiseThenStride(jax: Jax): Rule<JaxArray> {
  return ([x, w], { window }: ConvolutionAttributes, { inputs: [of, { shape: kernel }], output }) => {
    const { size, stride: [sy, sx], pad, out } = framedWindow(of, {
      kernel: [kernel[0], kernel[1]],
      ...window,
    });
    const [n, , , channels] = output.shape, [oh, ow] = out;
    const padding = size.map((side, i) => {
      const rows = out[i] * [sy, sx][i]; // whole strides
      return [pad[i], rows - 1 + kernel[i] - side - pad[i]];
    });
    const options = { featureGroupCount: of.shape[3] };
    const dense = jax.lax.convGeneralDilated(x, w, [1, 1], padding, options);
    const split = dense.reshape([n, channels, oh, sy, ow, sx]);
    return split.slice([], [], [], [0, 1], [], [0, 1]).reshape([n, channels, oh, ow]);
  };
}

/** x / (bias + alpha * sum of squares of 2 * radius + 1 channels) ^ beta */
function normalizeAcross(jax: Jax, x: JaxArray, { depthRadius: radius, bias, alpha, beta }: Lrn): JaxArray {
  const { numpy } = jax, channels = x.shape[1];
  const padded = numpy.pad(x.ref.mul(x.ref), [[0, 0], [radius, radius], [0, 0], [0, 0]]);
  let sum = padded.ref.slice([], [0, channels]);
  for (let i = 1; i <= 2 * radius; i++) sum = sum.add(padded.ref.slice([], [i, i + channels]));
  padded.dispose();
  return x.mul(numpy.exp(numpy.log(sum.mul(alpha).add(bias)).mul(-beta)));
}
