/** Reference of batch normalization over all but the last dimension. */
import { map, type Tensor, tensor } from "./tensor.ts";

/** Mean and variances of each channel; `variance` is divided by the count, `unbiased` by the count less one. */
export function moments(x: Tensor): { mean: Tensor; variance: Tensor; unbiased: Tensor } {
  const channels = x.shape[x.shape.length - 1], count = x.data.length / channels;
  const mean = tensor([channels]), squares = tensor([channels]);
  x.data.forEach((v, i) => mean.data[i % channels] += v / count);
  x.data.forEach((v, i) => squares.data[i % channels] += (v - mean.data[i % channels]) ** 2);
  const over = (divisor: number) => map(squares, (v) => v / divisor);
  return { mean, variance: over(count), unbiased: over(Math.max(count - 1, 1)) };
}

/** What shifts, scales and steadies the normalized values. */
export interface Options {
  readonly beta?: Tensor;
  readonly gamma?: Tensor;
  readonly epsilon: number;
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta. */
export function batchNorm(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  { beta, gamma, epsilon }: Options,
): Tensor {
  const channels = mean.data.length;
  return map(x, (v, i) => {
    const c = i % channels, normalized = (v - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon);
    return normalized * (gamma?.data[c] ?? 1) + (beta?.data[c] ?? 0);
  });
}

/** Gradients; `follows` says whether mean and variance are those of x itself. */
export function batchNormGradients(
  x: Tensor,
  dy: Tensor,
  mean: Tensor,
  variance: Tensor,
  { gamma, epsilon }: Options,
  follows: boolean,
): { dx: Tensor; dbeta: Tensor; dgamma: Tensor } {
  const channels = mean.data.length, count = x.data.length / channels;
  const xhat = batchNorm(x, mean, variance, { epsilon });
  const dbeta = tensor([channels]), dgamma = tensor([channels]);
  dy.data.forEach((v, i) => {
    dbeta.data[i % channels] += v;
    dgamma.data[i % channels] += v * xhat.data[i];
  });
  const share = follows ? 1 / count : 0;
  const dx = map(dy, (v, i) => {
    const c = i % channels, scale = (gamma?.data[c] ?? 1) / Math.sqrt(variance.data[c] + epsilon);
    return scale * (v - share * (dbeta.data[c] + xhat.data[i] * dgamma.data[c]));
  });
  return { dx, dbeta, dgamma };
}
