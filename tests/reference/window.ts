/** Reference of the windowed operations: every output visits every tap of its window that lies inside the image. */
import { type Tensor, tensor } from "./tensor.ts";

type Pair = readonly [number, number];

/** Where windows lie. */
export interface Windows {
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly rate?: Pair;
  readonly padding?: "SAME" | "VALID" | readonly [rows: Pair, columns: Pair];
}

/** One tap of one window. */
interface Tap {
  /** Pixel of the output: image, row and column flattened. */
  readonly output: number;
  /** Pixel of the input. */
  readonly input: number;
  /** Cell of the window. */
  readonly cell: number;
}

/** Output size and padding before the image of one axis, as TF defines them. */
export function axis(
  size: number,
  kernel: number,
  stride: number,
  rate: number,
  padding: string | Pair,
): Pair {
  const reach = (kernel - 1) * rate + 1;
  if (padding === "VALID") return [Math.ceil((size - reach + 1) / stride), 0];
  if (typeof padding !== "string") {
    return [Math.ceil((padding[0] + size + padding[1] - reach + 1) / stride), padding[0]];
  }
  const out = Math.ceil(size / stride);
  return [out, Math.floor(Math.max(0, (out - 1) * stride + reach - size) / 2)];
}

/** Shape of the output, with `channels` channels. */
export function outShape(x: readonly number[], w: Windows, channels: number): number[] {
  const [stride, rate, padding] = [w.stride ?? [1, 1], w.rate ?? [1, 1], w.padding ?? "SAME"];
  const [rows, columns] = typeof padding === "string" ? [padding, padding] : padding;
  const [oh] = axis(x[1], w.kernel[0], stride[0], rate[0], rows);
  const [ow] = axis(x[2], w.kernel[1], stride[1], rate[1], columns);
  return [x[0], oh, ow, channels];
}

/** All taps inside the image, window after window, each window's from top left to bottom right. */
function visit([n, h, w]: readonly number[], windows: Windows, each: (tap: Tap) => void): void {
  const { kernel, stride = [1, 1], rate = [1, 1], padding = "SAME" } = windows;
  const [rows, columns] = typeof padding === "string" ? [padding, padding] : padding;
  const [oh, top] = axis(h, kernel[0], stride[0], rate[0], rows);
  const [ow, left] = axis(w, kernel[1], stride[1], rate[1], columns);
  for (let output = 0; output < n * oh * ow; output++) {
    const image = Math.floor(output / (oh * ow)), oy = Math.floor(output / ow) % oh, ox = output % ow;
    for (let cell = 0; cell < kernel[0] * kernel[1]; cell++) {
      const y = oy * stride[0] + Math.floor(cell / kernel[1]) * rate[0] - top;
      const x = ox * stride[1] + (cell % kernel[1]) * rate[1] - left;
      if (y >= 0 && y < h && x >= 0 && x < w) each({ output, input: (image * h + y) * w + x, cell });
    }
  }
}

/** One product of a convolution: places in x, w and y. */
type Product = (input: number, weight: number, output: number) => void;

/** Output and gradients of a convolution. */
export interface Convolution {
  /** Channels of the output, for weights of that shape. */
  readonly outputs: (weights: readonly number[]) => number;
  readonly forward: (x: Tensor, w: Tensor, windows: Windows) => Tensor;
  /** dx, of that shape. */
  readonly inputGradient: (shape: readonly number[], w: Tensor, dy: Tensor, windows: Windows) => Tensor;
  /** dw, of that shape. */
  readonly weightGradient: (x: Tensor, shape: readonly number[], dy: Tensor, windows: Windows) => Tensor;
}

/** A convolution by the products of one tap: of pixel `input` with cell `cell` of weights of that shape, for pixel `output`. */
function convolution(
  outputs: Convolution["outputs"],
  products: (tap: Tap, weights: readonly number[], each: Product) => void,
): Convolution {
  const all = (x: readonly number[], w: readonly number[], windows: Windows, each: Product) =>
    visit(x, windows, (tap) => products(tap, w, each));
  return {
    outputs,
    forward(x, w, windows) {
      const y = tensor(outShape(x.shape, windows, outputs(w.shape)));
      all(x.shape, w.shape, windows, (i, k, o) => y.data[o] += x.data[i] * w.data[k]);
      return y;
    },
    inputGradient(shape, w, dy, windows) {
      const dx = tensor(shape);
      all(shape, w.shape, windows, (i, k, o) => dx.data[i] += w.data[k] * dy.data[o]);
      return dx;
    },
    weightGradient(x, shape, dy, windows) {
      const dw = tensor(shape);
      all(x.shape, shape, windows, (i, k, o) => dw.data[k] += x.data[i] * dy.data[o]);
      return dw;
    },
  };
}

/** y[n, oy, ox, j] = sum over taps and channels of x[..., i] * w[..., i, j]. */
export const conv2d = convolution(([, , , o]) => o, ({ input, cell, output }, [, , c, o], each) => {
  for (let i = 0; i < c; i++) {
    for (let j = 0; j < o; j++) each(input * c + i, (cell * c + i) * o + j, output * o + j);
  }
});

/** y[n, oy, ox, i * m + q] = sum over taps of x[..., i] * w[..., i, q]. */
export const depthwiseConv2d = convolution(
  ([, , c, m]) => c * m,
  ({ input, cell, output }, [, , c, m], each) => {
    for (let i = 0; i < c; i++) {
      for (let q = 0; q < m; q++) each(input * c + i, (cell * c + i) * m + q, (output * c + i) * m + q);
    }
  },
);

/** For each output value, the input value that is the window's first maximum; -1 where the window has no tap inside. */
function firstMaxima(x: Tensor, windows: Windows): Int32Array {
  const c = x.shape[3], [n, oh, ow] = outShape(x.shape, windows, c);
  const winners = new Int32Array(n * oh * ow * c).fill(-1);
  visit(x.shape, windows, ({ output, input }) => {
    for (let i = 0; i < c; i++) {
      const at = input * c + i, best = winners[output * c + i];
      if (best < 0 || x.data[at] > x.data[best]) winners[output * c + i] = at;
    }
  });
  return winners;
}

/** Maximum of each window; 0 where it has no tap inside. */
export function maxPool2d(x: Tensor, windows: Windows): Tensor {
  const winners = Array.from(firstMaxima(x, windows), (at) => at < 0 ? 0 : x.data[at]);
  return tensor(outShape(x.shape, windows, x.shape[3]), winners);
}

/** dx of maxPool2d: the first of equal values takes the gradient. */
export function maxPool2dGradient(x: Tensor, dy: Tensor, windows: Windows): Tensor {
  const dx = tensor(x.shape);
  firstMaxima(x, windows).forEach((at, i) => {
    if (at >= 0) dx.data[at] += dy.data[i];
  });
  return dx;
}

/** Number of taps inside the image of each output pixel. */
function tapsInside(shape: readonly number[], windows: Windows): Float64Array {
  const counts = tensor(outShape(shape, windows, 1)).data;
  visit(shape, windows, ({ output }) => counts[output]++);
  return counts;
}

/** Average over the taps inside the image; 0 where there is none. */
export function avgPool2d(x: Tensor, windows: Windows): Tensor {
  const c = x.shape[3], y = tensor(outShape(x.shape, windows, c)), counts = tapsInside(x.shape, windows);
  visit(x.shape, windows, ({ output, input }) => {
    for (let i = 0; i < c; i++) y.data[output * c + i] += x.data[input * c + i] / counts[output];
  });
  return y;
}

/** dx of avgPool2d. */
export function avgPool2dGradient(shape: readonly number[], dy: Tensor, windows: Windows): Tensor {
  const c = shape[3], dx = tensor(shape), counts = tapsInside(shape, windows);
  visit(shape, windows, ({ output, input }) => {
    for (let i = 0; i < c; i++) dx.data[input * c + i] += dy.data[output * c + i] / counts[output];
  });
  return dx;
}
