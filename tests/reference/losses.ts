/** Reference of softmax, cross-entropy and local response normalization. */
import { map, type Tensor, tensor } from "./tensor.ts";

/** Softmax over the last dimension. */
export function softmax(x: Tensor): Tensor {
  const classes = x.shape[x.shape.length - 1], y = tensor(x.shape);
  for (let first = 0; first < x.data.length; first += classes) {
    const row = x.data.subarray(first, first + classes), most = Math.max(...row);
    const sum = row.reduce((a, v) => a + Math.exp(v - most), 0);
    row.forEach((v, c) => y.data[first + c] = Math.exp(v - most) / sum);
  }
  return y;
}

/** Smoothed one-hot rows; a label that is no class gives a row without a one. */
export function targets(labels: ArrayLike<number>, classes: number, smoothing: number): Tensor {
  const shape = [labels.length, classes];
  return map(tensor(shape), (_, i) => {
    const hit = labels[Math.floor(i / classes)] === i % classes;
    return (hit ? 1 - smoothing : 0) + smoothing / classes;
  });
}

/** -sum over classes of target * log(softmax(logits)), one value an example. */
export function softmaxCrossEntropy(logits: Tensor, labels: ArrayLike<number>, smoothing: number): Tensor {
  const classes = logits.shape[1],
    wanted = targets(labels, classes, smoothing),
    losses = tensor([labels.length]);
  for (let n = 0; n < labels.length; n++) {
    const row = logits.data.subarray(n * classes, (n + 1) * classes), most = Math.max(...row);
    const logSum = Math.log(row.reduce((a, v) => a + Math.exp(v - most), 0));
    row.forEach((v, c) => losses.data[n] += wanted.data[n * classes + c] * (logSum - (v - most)));
  }
  return losses;
}

/** (softmax - target) * dloss, as TF's kernel has it: for a label that is no class too, whose target does not sum to 1. */
export function softmaxCrossEntropyGradient(
  logits: Tensor,
  labels: ArrayLike<number>,
  smoothing: number,
  dloss: Tensor,
): Tensor {
  const classes = logits.shape[1], wanted = targets(labels, classes, smoothing);
  return map(softmax(logits), (p, i) => (p - wanted.data[i]) * dloss.data[Math.floor(i / classes)]);
}

/** Options of local response normalization. */
export interface Lrn {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** bias + alpha * sum of squares over the channels within the radius. */
function lrnScale(x: Tensor, { depthRadius, bias, alpha }: Lrn): Tensor {
  return map(x, (_, i) => {
    let sum = 0;
    neighbours(x, i, depthRadius, (j) => sum += x.data[j] ** 2);
    return bias + alpha * sum;
  });
}

/** Calls `each` for the elements of the same pixel at most `radius` channels away. */
function neighbours(x: Tensor, i: number, radius: number, each: (j: number) => void): void {
  const channels = x.shape[x.shape.length - 1], c = i % channels;
  for (let d = Math.max(0, c - radius); d <= Math.min(channels - 1, c + radius); d++) each(i - c + d);
}

/** x * scale^(-beta). */
export function lrn(x: Tensor, options: Lrn): Tensor {
  const scale = lrnScale(x, options);
  return map(x, (v, i) => v * scale.data[i] ** -options.beta);
}

/**
 * dx of lrn: y[j] depends on x[i] of its neighbourhood through x[i] itself where i = j and through scale[j].
 * `sign` 1 in place of -1 adds what is subtracted where beta is positive: with magnitudes, the scale of the rounding.
 */
export function lrnGradient(x: Tensor, dy: Tensor, options: Lrn, sign = -1): Tensor {
  const scale = lrnScale(x, options), { depthRadius, alpha, beta } = options, dx = tensor(x.shape);
  x.data.forEach((v, j) => {
    dx.data[j] += dy.data[j] * scale.data[j] ** -beta;
    neighbours(x, j, depthRadius, (i) => {
      dx.data[i] += sign * dy.data[j] * v * beta * scale.data[j] ** (-beta - 1) * 2 * alpha * x.data[i];
    });
  });
  return dx;
}
