/** Reference of RandAugment's operations in float64: as Pillow's, but for values between whole numbers. */
import type { Distortion } from "../../preprocessing/rand_augment.ts";
import { type Tensor, tensor } from "./tensor.ts";

const OUTSIDE = 128;
const clamp = (v: number) => Math.min(255, Math.max(0, v));

/** A picture as a function of place; beyond it is grey. */
function places({ shape: [height, width, channels], data }: Tensor) {
  return (row: number, column: number, c: number) =>
    row < 0 || column < 0 || row >= height || column >= width
      ? OUTSIDE
      : data[(row * width + column) * channels + c];
}

function luminance(at: ReturnType<typeof places>, row: number, column: number, channels: number): number {
  return [0.299, 0.587, 0.114].reduce((sum, weight, c) => sum + weight * at(row, column, c % channels), 0);
}

/** What an operation makes of each value of a channel. */
function tableOf(d: Distortion, values: readonly number[], mean: number): (v: number) => number {
  const { kind, amount = 0 } = d, sorted = values.map(Math.round).sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)!];
  const below = (v: number) => sorted.filter((other) => other < v).length;
  const step = Math.floor(below(most) / 255);
  switch (kind) {
    case "autoContrast":
      return (v) => most > least ? (v - least) * 255 / (most - least) : v;
    case "equalize":
      return (v) => step === 0 ? v : Math.floor((Math.floor(step / 2) + below(v)) / step);
    case "contrast":
      return (v) => mean + (v - mean) * amount;
    case "brightness":
      return (v) => v * amount;
    case "posterize":
      return (v) => Math.floor(v / amount) * amount;
    default: // solarize
      return (v) => v >= amount ? 255 - v : v;
  }
}

/** An image [height, width, channels] of 0..255 after an operation. */
export function distorted(x: Tensor, d: Distortion): Tensor {
  const { shape: [height, width, channels] } = x, at = places(x), y = tensor(x.shape), { amount = 0 } = d;
  const each = (value: (row: number, column: number, c: number) => number) => {
    for (let i = 0; i < x.data.length; i++) {
      const place = Math.floor(i / channels);
      y.data[i] = clamp(value(Math.floor(place / width), place % width, i % channels));
    }
    return y;
  };
  if (d.kind === "identity") return each(at);
  if (d.kind === "color") {
    return each((row, column, c) => {
      const gray = luminance(at, row, column, channels);
      return gray + (at(row, column, c) - gray) * amount;
    });
  }
  if (d.kind === "sharpness") {
    return each((row, column, c) => {
      const isEdge = row === 0 || column === 0 || row === height - 1 || column === width - 1,
        v = at(row, column, c);
      let smooth = 4 * v;
      for (const i of [-1, 0, 1]) for (const j of [-1, 0, 1]) smooth += at(row + i, column + j, c);
      return isEdge ? v : smooth / 13 + (v - smooth / 13) * amount;
    });
  }
  if (d.kind === "move") {
    const [a, b, e, f, g, h] = d.places!, middle = [(height - 1) / 2, (width - 1) / 2];
    return each((row, column, c) => {
      const i = row - middle[0], j = column - middle[1];
      const r = a * i + b * j + e + middle[0], s = f * i + g * j + h + middle[1];
      let sum = 0;
      for (const p of [0, 1]) {
        for (const q of [0, 1]) {
          const top = Math.floor(r), left = Math.floor(s);
          sum += (p ? r - top : 1 - r + top) * (q ? s - left : 1 - s + left) * at(top + p, left + q, c);
        }
      }
      return sum;
    });
  }
  let sum = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) sum += Math.round(luminance(at, row, column, channels));
  }
  const tables = Array.from(
    { length: channels },
    (_, c) =>
      tableOf(d, Array.from(x.data).filter((_, i) => i % channels === c), Math.round(sum / (height * width))),
  );
  return each((row, column, c) => tables[c](Math.round(at(row, column, c))));
}
