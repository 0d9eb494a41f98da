/**
 * The record of a scalar over the last steps, so that the host reads it only now and then.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { history as emitHistory } from "../../kernels/history.ts";
import { defineOperation, type Operation, type Value } from "../tape.ts";

const operation: Operation<null> = defineOperation<null>({
  name: "history",
  dtypes: ["f32", "f32", "u32"],
  infer: ([ring]) => {
    if (ring.length !== 1) throw new RangeError("the record needs 1 dimension");
    return [ring];
  },
  inPlace: true,
  lower: (e, { inputs: [ring, x, step] }) => emitHistory(e, ring.shape[0], { x, step, ring }),
});

/**
 * The values of a scalar at the last `size` runs: that of step s is at s % size.
 *
 * @param x a scalar []
 * @param step the step, uint32 [1]
 */
export function history(x: Value, step: Value, size: number): Value {
  const ring = x.tape.state(`${x.label}/history`, [size]);
  return x.tape.apply(operation, [ring, x, step], null, `${x.label}/history`)[0];
}
