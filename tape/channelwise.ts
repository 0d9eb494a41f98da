/**
 * Operations that compute each channel alone, on images of which there are copies in fours: they read and leave such copies, so
 * that what lies between convolutions does not take the ends off rows that the next one wants back.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "../kernels/emitter.ts";
import { computeInFours, packRows, withoutZeros } from "../kernels/fours.ts";
import { quarters, sizeOf } from "../kernels/kernel.ts";
import type { Places } from "./places.ts";
import type { LowerContext, Operation, Value } from "./tape.ts";

/** Rows are at most a quarter zeros. */
const LEAST_SHARE = 0.75;

/**
 * The operation on copies in fours of inputs and outputs, where all images that it takes are there so, or will be once they are fed.
 * Vectors of a number for each channel are copied, which costs little.
 */
export function computedInFours<A>(operation: Operation<A>, places: Places): Operation<A> {
  if (!operation.channelwise) return operation;
  return {
    ...operation,
    lower: (e, context) => lowersInFours(e, operation, context, places) || operation.lower!(e, context),
  };
}

/** Lowers it so where that pays. Returns whether it did. */
function lowersInFours<A>(
  e: Emitter<Value>,
  operation: Operation<A>,
  context: LowerContext<A>,
  places: Places,
): boolean {
  const { inputs, outputs: [y] } = context, images = inputs.filter(({ shape }) => shape.length > 1);
  const columns = inputs[0].shape.at(-1) ?? 1, columns4 = 4 * quarters(columns);
  const isThere = (v: Value) => e.inFours(v, columns) !== undefined || v.source?.kind === "feed";
  const isOdd = columns < columns4 && columns >= LEAST_SHARE * columns4;
  if (!isOdd || images.length === 0 || !images.every(isThere)) return false;
  const rows = ({ shape }: Value) => sizeOf(shape) / columns;
  const widened = (v: Value, wide: Value) => places.view(wide, [...v.shape.slice(0, -1), columns4]);
  const operands = inputs.map((v) => widened(v, packRows(e, v, rows(v), columns)));
  const compute = (wide: Value) =>
    operation.lower!(withoutZeros(e, columns, columns4), {
      ...context,
      inputs: operands,
      outputs: [widened(y, wide)],
    });
  computeInFours(e, [rows(y), columns], y, compute);
  return true;
}
