/**
 * Splits operations over their batch where a tensor is larger than a storage binding may be.
 *
 * An operation says how its parts make up the whole (`Operation.batch`); it is then lowered once for each part of the
 * images, on windows of its operands. A window must begin at a multiple of 256 bytes, which decides the sizes of parts.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "../kernels/emitter.ts";
import { type Launch, sizeOf } from "../kernels/kernel.ts";
import { pointwise } from "../kernels/pointwise.ts";
import { unitOf } from "../kernels/rearrange.ts";
import type { LowerContext, Operation, Value } from "./tape.ts";

/** What splitting needs of the planner. */
export interface Splitter {
  /** Elements of the largest storage binding. */
  readonly limit: number;
  /** `count` images of a value, from image `first` on. */
  images(value: Value, first: number, count: number): Value;
  /** Bytes of an element of a value. */
  bytesEach(value: Value): number;
  /** A value of the same shape that lives only within the operation. */
  scratchLike(value: Value): Value;
}

type Launches = Launch<Value>[];

/** Lowers an operation, in parts if it must. */
export function lowerInParts(
  e: Emitter<Value>,
  operation: Operation<unknown>,
  context: LowerContext<unknown>,
  splitter: Splitter,
): void {
  const launches = attempt(e, splitter, (e) => operation.lower!(e, context)) ??
    cut(e, operation, context, splitter);
  if (launches) launches.forEach((launch) => e.emit(launch));
  else operation.lower!(e, context); // the planner says which binding is too large
}

/** The launches that `lower` emits; undefined where one of them would bind more than the limit, or from a place amiss. */
function attempt(
  e: Emitter<Value>,
  { limit, bytesEach }: Splitter,
  lower: (e: Emitter<Value>) => void,
): Launches | undefined {
  const launches: Launches = [];
  let isAligned = true;
  lower({
    ...e,
    emit: (launch) => launches.push(launch),
    window: (value, first, count) => {
      isAligned &&= first * bytesEach(value) % 256 === 0;
      return e.window(value, first, count);
    },
  });
  const words = ({ shape, dtype }: Value) => dtype === "u8" ? sizeOf(shape) / 4 : sizeOf(shape);
  const fits = launches.every(({ buffers }) => buffers.every((v) => words(v) <= limit));
  return fits && isAligned ? launches : undefined;
}

/** The launches of all parts of the batch; undefined where there are no parts small enough. */
function cut(
  e: Emitter<Value>,
  operation: Operation<unknown>,
  context: LowerContext<unknown>,
  splitter: Splitter,
): Launches | undefined {
  const { inputs, outputs } = context, rule = operation.batch?.(context.attributes);
  if (!rule) return;
  const split = inputs.filter((_, i) => !rule.shared?.includes(i));
  const batched = rule.outputs === "map" ? [...split, ...outputs] : split, images = batched[0].shape[0];
  const unit = imagesOfUnit(batched);
  for (let most = Math.ceil(images / 2 / unit) * unit;; most = Math.ceil(most / 2 / unit) * unit) {
    const launches = attempt(e, splitter, (e) => {
      const sums: Value[][] = outputs.map(() => []);
      for (let first = 0; first < images; first += most) {
        const part = (v: Value) => splitter.images(v, first, Math.min(most, images - first));
        const results = rule.outputs === "map"
          ? outputs.map(part)
          : outputs.map((y) => splitter.scratchLike(y));
        results.forEach((result, i) => sums[i].push(result));
        const operands = inputs.map((v, i) => rule.shared?.includes(i) ? v : part(v));
        const { addend } = context.epilogue;
        const epilogue = { ...context.epilogue, addend: addend && part(addend) };
        operation.lower!(e, { ...context, epilogue, inputs: operands, outputs: results, firstImage: first });
      }
      if (rule.outputs === "sum") outputs.forEach((y, i) => sum(e, sums[i], y, splitter));
    });
    if (launches || most <= unit) return launches;
  }
}

/** Images whose windows begin where windows may begin. */
function imagesOfUnit(values: readonly Value[]): number {
  const units = values.map((v) => unitOf(sizeOf(v.shape.slice(1))));
  return Math.max(...units); // all of them powers of two
}

/** Adds up values of one shape in order. */
function sum(e: Emitter<Value>, parts: readonly Value[], y: Value, { limit, scratchLike }: Splitter): void {
  const count = sizeOf(y.shape);
  let sum = parts[0];
  for (const [i, part] of parts.entries()) {
    if (i === 0) continue;
    const next = i === parts.length - 1 ? y : scratchLike(y);
    for (let first = 0; first < count; first += limit) {
      const [a, b, to] = [sum, part, next].map((v) => e.window(v, first, Math.min(limit, count - first)));
      pointwise(e, "add", to.shape[0], { a, b, y: to });
    }
    sum = next;
  }
}
