/** References of preprocessing in float64: sampling by TF's continuous definitions, changes of colour, standardization. */
import type { Sampling, SourcePicture } from "../../preprocessing/sampling.ts";
import type { ResizeMethod } from "../../preprocessing/resize_taps.ts";
import { type Tensor, tensor } from "./tensor.ts";

/** Places of outputs are float32, as in TF; what follows from them is not rounded. */
const { fround } = Math;

/** Weight of the input at `input`, any whole number, in the output that spans `at` to `next`, `scale` of them. */
const WEIGHTS: Readonly<
  Record<ResizeMethod, (input: number, at: number, next: number, scale: number) => number>
> = {
  nearest: (input, at) => input === Math.floor(at) ? 1 : 0,
  bilinear: (input, at) => Math.max(0, 1 - Math.abs(input - at)),
  bicubic: (input, at) => {
    const lower = Math.floor(at),
      d = Math.abs(input - lower - Math.round(1024 * (at - lower)) / 1024),
      a = -0.75;
    if (d >= 2) return 0;
    return d <= 1 ? (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 : a * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
  },
  area: (input, at, next, scale) => {
    const isWithin = input < at && input + 1 > next; // then it is all there is, whatever next - at was rounded to
    return isWithin ? 1 : Math.max(0, Math.min(input + 1, next) - Math.max(input, at)) / scale;
  },
};

/** Value of output `o` of a row of inputs; inputs beyond the ends are those at the ends. */
function resized(
  o: number,
  from: number,
  to: number,
  method: ResizeMethod,
  value: (input: number) => number,
) {
  if (from === to) return value(o);
  const scale = fround(from / to), at = fround(o * scale), next = fround((o + 1) * scale);
  let sum = 0;
  for (let input = Math.floor(at) - 1; input < next + 3; input++) {
    sum += WEIGHTS[method](input, at, next, scale) * value(Math.min(Math.max(input, 0), from - 1));
  }
  return sum;
}

/** The image that a sampling shows of a picture, [height, width, channels]. */
export function sampled({ data, width, channels }: SourcePicture, s: Sampling): Tensor {
  const [top, left, h, w] = s.crop, y = tensor([...s.size, channels]);
  for (let i = 0; i < s.size[0]; i++) {
    for (let j = 0; j < s.size[1]; j++) {
      const row = i + s.corner[0], column = (s.flip ? s.size[1] - 1 - j : j) + s.corner[1];
      if (row < 0 || row >= s.resized[0] || column < 0 || column >= s.resized[1]) continue;
      for (let c = 0; c < channels; c++) {
        y.data[(i * s.size[1] + j) * channels + c] = resized(
          row,
          h,
          s.resized[0],
          s.method,
          (r) =>
            resized(
              column,
              w,
              s.resized[1],
              s.method,
              (k) => data[((top + r) * width + left + k) * channels + c],
            ),
        );
      }
    }
  }
  return y;
}

type Color = [number, number, number];

/** Hue in turns, saturation, value (Smith, "Color Gamut Transform Pairs", 1978). */
export function toHsv([r, g, b]: Color): Color {
  const v = Math.max(r, g, b), range = v - Math.min(r, g, b);
  if (range === 0) return [0, 0, v];
  const sixths = v === r ? (g - b) / range : v === g ? 2 + (b - r) / range : 4 + (r - g) / range;
  return [(sixths / 6 + 1) % 1, v > 0 ? range / v : 0, v];
}

/** The colour of hue, saturation and value. */
export function fromHsv([h, s, v]: Color): Color {
  const at = (n: number) => {
    const k = (n + 6 * h) % 6;
    return v - v * s * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [at(5), at(3), at(1)];
}

/** Changes by letter as colorChanges() takes them; `mean` is that of each channel over the image. */
export const changes: Readonly<Record<string, (color: Color, amount: number, mean: Color) => Color>> = {
  b: (color, amount) => color.map((v) => v + amount) as Color,
  s: (color, amount) => {
    const [h, s, v] = toHsv(color);
    return fromHsv([h, Math.min(1, Math.max(0, s * amount)), v]);
  },
  h: (color, amount) => {
    const least = Math.min(...color), [h] = toHsv(color), range = Math.max(...color) - least;
    return fromHsv([((h + amount) % 1 + 1) % 1, 1, 1]).map((v) => least + v * range) as Color; // also of values below 0
  },
  c: (color, amount, mean) => color.map((v, i) => (v - mean[i]) * amount + mean[i]) as Color,
};
