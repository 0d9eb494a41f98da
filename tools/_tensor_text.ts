/**
 * Tensors for the reader: statistics of their values, and the values as text.
 *
 * @module
 */
import { elementsOf, isReal, numberAt, type RealDtype, type Tensor } from "../formats/checkpoint/tensor.ts";

/** Statistics of real values; those of no finite value are `null`. */
export interface Statistics {
  min: number | null;
  max: number | null;
  mean: number | null;
  /** Standard deviation: the root of the mean square distance from the mean. */
  std: number | null;
  /** How many values are infinite or NaN; the numbers above do without them. */
  non_finite: number;
  /** Share of zeros among all values, 0 to 1. */
  zeros: number;
}

/** Computes statistics in float64; `undefined` for complex numbers and strings. */
export function statisticsOf(tensor: Tensor): Statistics | undefined {
  if (!isReal(tensor.dtype)) return undefined;
  const at = numberAt(tensor as Tensor<RealDtype>), count = tensor.data.length;
  let min = Infinity, max = -Infinity, sum = 0, finite = 0, zeros = 0;
  for (let i = 0; i < count; i++) {
    const value = at(i);
    if (value === 0) zeros++;
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    finite++;
  }
  const about = { non_finite: count - finite, zeros: count === 0 ? 0 : zeros / count };
  if (finite === 0) return { min: null, max: null, mean: null, std: null, ...about };
  const mean = sum / finite;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const distance = at(i) - mean;
    if (Number.isFinite(distance)) squares += distance * distance;
  }
  return { min, max, mean, std: Math.sqrt(squares / finite), ...about };
}

/** Gives a tensor's values one by one as text; floats of up to 32 bits in the fewest digits that tell them apart. */
export function textAt(tensor: Tensor): (index: number) => string {
  switch (tensor.dtype) {
    case "string":
      return (i) => stringText(tensor.data[i]);
    case "complex64":
    case "complex128":
      return (i) => `${tensor.data[2 * i]}${signed(tensor.data[2 * i + 1])}i`;
    case "float32":
    case "float16":
    case "bfloat16": {
      const at = numberAt(tensor);
      return (i) => shortText(at(i));
    }
    default:
      return (i) => String(tensor.data[i]);
  }
}

/** Values a tensor may have to be printed whole, and how many of a dimension stay otherwise, at either end. */
const MOST = 1000, EDGE = 3;

/** A tensor's values in nested brackets, a row a line; of more than 1000 values the first and last of each dimension. */
export function formatValues(tensor: Tensor): string {
  const at = textAt(tensor), isBrief = elementsOf(tensor.shape) > MOST;
  const format = (depth: number, start: number): string => {
    if (depth === tensor.shape.length) return at(start);
    const size = tensor.shape[depth], step = elementsOf(tensor.shape.slice(depth + 1));
    const isCut = isBrief && size > 2 * EDGE;
    const parts = Array.from(
      { length: isCut ? 2 * EDGE : size },
      (_, i) => format(depth + 1, start + (isCut && i >= EDGE ? size - 2 * EDGE + i : i) * step),
    );
    if (isCut) parts.splice(EDGE, 0, "...");
    const isRow = depth === tensor.shape.length - 1;
    return `[${parts.join(isRow ? ", " : `,\n${" ".repeat(depth + 1)}`)}]`;
  };
  return format(0, 0);
}

/** All values for JSON: numbers, or texts where JSON has no such number. */
export function jsonValues(tensor: Tensor): (number | string)[] {
  const at = textAt(tensor);
  return Array.from({ length: elementsOf(tensor.shape) }, (_, i) => {
    const text = at(i), value = Number(text);
    const isExact = isReal(tensor.dtype) && Number.isFinite(value) &&
      (typeof tensor.data[i] === "number" || Number.isSafeInteger(value));
    return isExact ? value : text;
  });
}

function shortText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function signed(value: number): string {
  return value < 0 || Object.is(value, -0) ? String(value) : `+${value}`;
}

/** UTF-8 in quotes, other bytes in hexadecimal digits. */
function stringText(bytes: Uint8Array): string {
  try {
    return JSON.stringify(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return `0x${bytes.toHex()}`;
  }
}
