/** Compares tensors of checkpoints with the values or samples that reference files list. */

import { bfloat16ToNumber, halfToNumber, type Tensor } from "../../formats/checkpoint/tensor.ts";
import { type ExactChecks, fromHex } from "./report.ts";

type Value = number | bigint | string | boolean | [number | string, number | string];

/** A tensor as `contents.json` describes it: all its values, or samples and sums. */
export interface TensorAbout {
  dtype: string;
  shape: number[];
  values?: Value[];
  values_hex?: string[];
  /** Flat indices of `sample_values`, or of `values`. */
  sample_index?: number[];
  index?: number[];
  sample_values?: Value[];
  sum?: number | string;
  sum_abs?: number | string;
}

/** Compares type, shape, values and sums. */
export function checkTensor(checks: ExactChecks, tensor: Tensor, about: TensorAbout, name: string): void {
  checks.equal([tensor.dtype, tensor.shape], [about.dtype, about.shape], `type and shape of ${name}`);
  if (about.values_hex) {
    checks.equal(tensor.data, about.values_hex.map(fromHex), `values of ${name}`);
    return;
  }
  const values = about.sample_values ?? about.values;
  if (values === undefined) return checks.check(false, `the reference lists no values of ${name}`);
  const index = about.sample_index ?? about.index ?? values.map((_, i) => i);
  if (index === about.sample_index || index === about.index) {
    checks.equal(index.length, values.length, `samples of ${name}`);
  } else checks.equal(countOf(tensor), values.length, `number of values of ${name}`);
  for (const [i, at] of index.entries()) {
    checks.equal(valueAt(tensor, at), expectedValue(tensor, values[i]), `${name}[${at}]`);
  }
  if (about.sum !== undefined) checkSums(checks, tensor, about, name);
}

function countOf({ dtype, data }: Tensor): number {
  return dtype === "complex64" || dtype === "complex128" ? data.length / 2 : data.length;
}

function valueAt(tensor: Tensor, at: number) {
  switch (tensor.dtype) {
    case "float16":
      return halfToNumber(tensor.data[at]);
    case "bfloat16":
      return bfloat16ToNumber(tensor.data[at]);
    case "bool":
      return tensor.data[at] === 1;
    case "complex64":
    case "complex128":
      return [tensor.data[2 * at], tensor.data[2 * at + 1]];
    default:
      return tensor.data[at];
  }
}

/** The reference's number in the tensor's precision; decimal digits stand for the nearest float32 unless it is a double. */
function expectedValue({ dtype }: Tensor, value: Value) {
  if (typeof value === "boolean") return value;
  if (Array.isArray(value)) {
    return value.map((part) => dtype === "complex64" ? Math.fround(Number(part)) : Number(part));
  }
  if (dtype === "int64" || dtype === "uint64") return BigInt(value);
  const isSingle = dtype === "float32" || dtype === "float16" || dtype === "bfloat16";
  return isSingle ? Math.fround(Number(value)) : Number(value);
}

/**
 * Compares sums with the reference's, which added in pairs: each value went through some 20 additions that each lose half a
 * unit at most. Ours are compensated (Neumaier 1974) and lose nothing to speak of.
 */
function checkSums(checks: ExactChecks, tensor: Tensor, about: TensorAbout, name: string): void {
  const values = Array.from({ length: countOf(tensor) }, (_, i) => Number(valueAt(tensor, i)));
  const sum = compensatedSum(values), magnitudes = compensatedSum(values.map(Math.abs));
  const tolerance = 32 * 2 ** -53 * magnitudes;
  for (
    const [what, got, wanted] of [["sum", sum, about.sum], [
      "sum of magnitudes",
      magnitudes,
      about.sum_abs,
    ]] as const
  ) {
    if (wanted === undefined) continue;
    const close = Object.is(got, Number(wanted)) || Math.abs(got - Number(wanted)) <= tolerance;
    checks.check(close, `${what} of ${name}: ${got} instead of ${wanted}`);
  }
}

function compensatedSum(values: readonly number[]): number {
  let sum = 0, lost = 0;
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  return Number.isFinite(lost) ? sum + lost : sum;
}
