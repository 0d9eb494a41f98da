/**
 * Values that are known while a graph is put on a tape: weights, and the arithmetic on shapes and constants, which is done
 * at once.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  type DataOf,
  type Dtype,
  elementsOf,
  isReal,
  type RealDtype,
  type Tensor,
  toFloat32,
} from "../../formats/checkpoint/tensor.ts";

/** Arrays of numbers. */
type Numbers = Exclude<DataOf[RealDtype], BigInt64Array | BigUint64Array>;

/** A known value. Floating point numbers are float32, all others whole numbers of up to 2^53. */
export interface HostTensor {
  readonly kind: "float" | "whole";
  readonly shape: readonly number[];
  readonly data: Numbers;
}

const floats: readonly Dtype[] = ["float32", "float64", "float16", "bfloat16"];

/** Takes a tensor of real numbers; throws a TypeError for any other. */
export function hostTensor(tensor: Tensor): HostTensor {
  const { dtype, shape, data } = tensor;
  if (!isReal(dtype)) throw new TypeError(`its values are ${dtype}, which nothing here computes with`);
  if (floats.includes(dtype)) return { kind: "float", shape, data: toFloat32(tensor as Tensor<RealDtype>) };
  const isLong = data instanceof BigInt64Array || data instanceof BigUint64Array;
  return { kind: "whole", shape, data: isLong ? Float64Array.from(data, Number) : data as Numbers };
}

/** A list of whole numbers. */
export function wholes(values: readonly number[], shape: readonly number[] = [values.length]): HostTensor {
  return { kind: "whole", shape, data: Float64Array.from(values) };
}

/** The whole numbers of a value; throws a TypeError if they are something else. */
export function numbersOf({ kind, data }: HostTensor): number[] {
  if (kind !== "whole") throw new TypeError("whole numbers are expected, these are not");
  return Array.from(data);
}

/** The one number of a value, or undefined where there are none or several. */
export function scalarOf({ data }: HostTensor): number | undefined {
  return data.length === 1 ? data[0] : undefined;
}

/** The same values under another shape. */
export function withShape(tensor: HostTensor, shape: readonly number[]): HostTensor {
  return { ...tensor, shape };
}

/** Elements that arithmetic on known values may make at most. */
const mostElements = 1 << 24;

function checkCount(count: number): void {
  if (count <= mostElements) return;
  throw new RangeError(`it would have ${count} elements, more than ${mostElements}`);
}

/** Values made one by one; `of` gets the positions in row-major order. */
export function generate(
  kind: HostTensor["kind"],
  shape: readonly number[],
  of: (index: number) => number,
): HostTensor {
  const count = elementsOf(shape);
  checkCount(count);
  const data = kind === "float" ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = of(i);
  return { kind, shape, data };
}

/** The same number everywhere. */
export function filled(kind: HostTensor["kind"], shape: readonly number[], value: number): HostTensor {
  const count = elementsOf(shape);
  checkCount(count);
  const data = kind === "float" ? new Float32Array(count) : new Float64Array(count);
  return { kind, shape, data: data.fill(value) };
}

/** Elements between neighbours of each dimension; 0 where there is one, so that it repeats. */
function stepsOf(shape: readonly number[], rank: number): number[] {
  const steps = new Array<number>(rank).fill(0);
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    steps[d + rank - shape.length] = shape[d] === 1 ? 0 : step;
    step *= shape[d];
  }
  return steps;
}

/** Positions in a tensor, in the row-major order of another shape. */
export function positions(shape: readonly number[], steps: readonly number[], first = 0): Float64Array {
  checkCount(elementsOf(shape));
  let all = Float64Array.of(first);
  for (const [d, size] of shape.entries()) {
    const next = new Float64Array(all.length * size);
    for (let i = 0; i < next.length; i++) next[i] = all[Math.floor(i / size)] + i % size * steps[d];
    all = next;
  }
  return all;
}

/** The shape that two take together, as NumPy's broadcasting; throws a RangeError if there is none. */
export function commonShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, d) => {
    const [x, y] = [a, b].map((shape) => shape[d - rank + shape.length] ?? 1);
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(`the shapes [${a}] and [${b}] do not go together`);
    }
    return x === 1 ? y : x;
  });
}

/** A function of two values, element by element, the smaller one repeated. */
export function combine(a: HostTensor, b: HostTensor, f: (a: number, b: number) => number): HostTensor {
  if (a.kind !== b.kind) throw new TypeError("its operands have different types");
  const shape = commonShape(a.shape, b.shape), one = [a, b].map(scalarOf);
  if (one[1] !== undefined) return generate(a.kind, shape, (i) => f(a.data[i], one[1]!));
  if (one[0] !== undefined) return generate(a.kind, shape, (i) => f(one[0]!, b.data[i]));
  const [at, bt] = [a, b].map((t) => positions(shape, stepsOf(t.shape, shape.length)));
  return generate(a.kind, shape, (i) => f(a.data[at[i]], b.data[bt[i]]));
}
