/**
 * What the checkpoint formats have in common: a list of tensors, and a way to read one.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "../errors.ts";
import type { Extent } from "./protos.ts";
import type { Dtype, Tensor } from "./tensor.ts";
import { type DataOf, elementsOf, type NumericDtype, numericTypes } from "./tensor.ts";

/** What a checkpoint says about one tensor. */
export interface TensorInfo {
  /** Data type. */
  dtype: Dtype;
  /** Shape of the whole, if it is stored in slices. */
  shape: number[];
}

/** A checkpoint of any format. */
export interface Bundle {
  /** How it is stored. */
  readonly format: "V1" | "V2" | "SafeTensors";
  /** Its tensors by name. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Further tensors, of types that are not supported here: name and type. */
  readonly unsupported: ReadonlyMap<string, string>;
  /** Texts that come with the tensors; TensorFlow's formats have none. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** Reads one of them. */
  read(name: string): Promise<Tensor>;
}

/** Whether numbers from a file can be the shape of a tensor. */
export function isShape(shape: readonly number[]): boolean {
  return shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    Number.isSafeInteger(elementsOf(shape));
}

/** A slice's data within its tensor. */
export interface Piece {
  /** One extent a dimension. */
  slice: readonly Extent[];
  /** The values, row-major. */
  data: DataOf[Dtype];
}

/** The shape of a slice, or `undefined` if it does not lie within the tensor. */
export function sliceShape(slice: readonly Extent[], shape: readonly number[]): number[] | undefined {
  if (slice.length !== shape.length) return undefined;
  const sizes = slice.map(({ start, length }, d) => length ?? shape[d] - start);
  const fits = sizes.every((size, d) =>
    slice[d].start >= 0 && size >= 0 && slice[d].start + size <= shape[d]
  );
  return fits ? sizes : undefined;
}

/** Puts the slices of a partitioned tensor together; {@linkcode assertCovered} comes before. */
export function assemble({ dtype, shape }: TensorInfo, pieces: readonly Piece[]): Tensor {
  const parts = dtype === "string" ? 1 : numericTypes[dtype].parts;
  const whole = pieces.length > 0 && isWhole(pieces[0].slice, shape)
    ? pieces[0].data
    : emptyData(dtype, elementsOf(shape));
  for (const { slice, data } of pieces) {
    if (data !== whole) copySlice(data, slice, whole, shape, parts);
  }
  return { dtype, shape: [...shape], data: whole } as Tensor;
}

/** Checks that slices make up the whole tensor, none of it twice. */
export function assertCovered(
  name: string,
  shape: readonly number[],
  slices: readonly Extent[][],
  path: string,
): void {
  let covered = 0;
  const shapes: number[][] = [];
  for (const slice of slices) {
    const sizes = sliceShape(slice, shape);
    if (sizes === undefined) {
      throw damagedTensor(
        name,
        path,
        `one of its slices does not lie within its shape [${shape.join(", ")}]`,
      );
    }
    covered += elementsOf(sizes);
    shapes.push(sizes);
  }
  if (covered !== elementsOf(shape)) {
    throw damagedTensor(name, path, `its slices hold ${covered} of ${elementsOf(shape)} values`);
  }
  const startsBefore = (i: number, j: number, d: number) =>
    slices[i][d].start < slices[j][d].start + shapes[j][d];
  for (let i = 0; i < slices.length; i++) {
    for (let j = 0; j < i; j++) {
      if (shape.every((_, d) => startsBefore(i, j, d) && startsBefore(j, i, d))) {
        throw damagedTensor(name, path, "two of its slices overlap");
      }
    }
  }
}

/** The error of a tensor that cannot be read although the rest of the checkpoint may be. */
export function damagedTensor(name: string, path: string, reason: string, offset?: number): DataLossError {
  return new DataLossError(
    `Cannot read tensor "${name}" from "${path}": ${reason}; copy the checkpoint again or use an older one`,
    { path, offset },
  );
}

function isWhole(slice: readonly Extent[], shape: readonly number[]): boolean {
  return slice.every(({ start, length }, d) => start === 0 && (length === undefined || length === shape[d]));
}

function emptyData(dtype: Dtype, count: number): DataOf[Dtype] {
  if (dtype === "string") return new Array<Uint8Array>(count);
  const { size, parts, array } = numericTypes[dtype as NumericDtype];
  return new array(new ArrayBuffer(count * size), 0, count * parts);
}

/** Copies a slice row by row; a value takes `parts` array elements. */
function copySlice(
  from: DataOf[Dtype],
  slice: readonly Extent[],
  to: DataOf[Dtype],
  shape: readonly number[],
  parts: number,
): void {
  const sizes = sliceShape(slice, shape)!;
  const rank = shape.length;
  const run = (rank === 0 ? 1 : sizes[rank - 1]) * parts;
  const rows = rank === 0 ? 1 : elementsOf(sizes.slice(0, -1));
  for (let row = 0; row < rows; row++) {
    let at = 0, rest = row, stride = rank === 0 ? 1 : shape[rank - 1];
    if (rank > 0) at = slice[rank - 1].start;
    for (let d = rank - 2; d >= 0; d--) {
      at += (slice[d].start + rest % sizes[d]) * stride;
      rest = Math.floor(rest / sizes[d]);
      stride *= shape[d];
    }
    for (let i = 0; i < run; i++) to[at * parts + i] = from[row * run + i];
  }
}
