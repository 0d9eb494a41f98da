/** Reference of matrix products, bias and pointwise operations. */
import { count, map, type Tensor, tensor } from "./tensor.ts";

/** op(a) op(b), op transposing where asked. */
export function matmul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape, n = transposeB ? b.shape[0] : b.shape[1];
  const y = tensor([m, n]);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        sum += a.data[transposeA ? l * m + i : i * k + l] * b.data[transposeB ? j * k + l : l * n + j];
      }
      y.data[i * n + j] = sum;
    }
  }
  return y;
}

/** a + factor * b. */
export function add(a: Tensor, b: Tensor, factor = 1): Tensor {
  return map(a, (v, i) => v + factor * b.data[i]);
}

/** a * b. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return map(a, (v, i) => v * b.data[i]);
}

/** x + bias of the last dimension. */
export function biasAdd(x: Tensor, bias: Tensor): Tensor {
  return map(x, (v, i) => v + bias.data[i % bias.data.length]);
}

/** Sum over all but the last dimension. */
export function biasGradient(dy: Tensor): Tensor {
  const channels = dy.shape[dy.shape.length - 1], db = tensor([channels]);
  dy.data.forEach((v, i) => db.data[i % channels] += v);
  return db;
}

/** max(x, 0), and no more than `most`. */
export function relu(x: Tensor, most = Infinity): Tensor {
  return map(x, (v) => Math.min(Math.max(v, 0), most));
}

/** dy where x is strictly between 0 and `most`. */
export function reluGradient(x: Tensor, dy: Tensor, most = Infinity): Tensor {
  return map(dy, (v, i) => x.data[i] > 0 && x.data[i] < most ? v : 0);
}

/** 1 / (1 + exp(-x)). */
export function sigmoid(x: Tensor): Tensor {
  return map(x, (v) => 1 / (1 + Math.exp(-v)));
}

/** x * relu6(x + 3) times 1 / 6 in float32. */
export function hardSwish(x: Tensor): Tensor {
  return map(x, (v) => v * Math.min(Math.max(v + 3, 0), 6) * Math.fround(1 / 6));
}

/** relu6(x + 3) times 0.16667 in float32. */
export function hardSigmoid(x: Tensor): Tensor {
  return map(x, (v) => Math.min(Math.max(v + 3, 0), 6) * Math.fround(0.16667));
}

/** x [n, height, width, channels] * by [n, 1, 1, channels]. */
export function gate(x: Tensor, by: Tensor): Tensor {
  const channels = x.shape[3], block = count(x.shape.slice(1));
  return map(x, (v, i) => v * by.data[Math.floor(i / block) * channels + i % channels]);
}

/** Gradient of gate for `by`: dy * x summed over height and width. */
export function gateGradient(x: Tensor, dy: Tensor): Tensor {
  const [n, , , channels] = x.shape, block = count(x.shape.slice(1)), dby = tensor([n, 1, 1, channels]);
  dy.data.forEach((v, i) => dby.data[Math.floor(i / block) * channels + i % channels] += v * x.data[i]);
  return dby;
}

/** Mean of all elements, shape []. */
export function mean(x: Tensor): Tensor {
  return tensor([], [x.data.reduce((a, b) => a + b, 0) / count(x.shape)]);
}

/** Sum of all elements, each times its weight, shape []. */
export function weightedSum(x: Tensor, weights: Tensor): Tensor {
  return tensor([], [x.data.reduce((a, v, i) => a + v * weights.data[i], 0)]);
}

/** factor * sum(w^2) / 2, shape []. */
export function l2Loss(w: Tensor, factor: number): Tensor {
  return tensor([], [factor / 2 * w.data.reduce((a, b) => a + b * b, 0)]);
}
