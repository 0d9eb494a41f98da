/**
 * Products of values, element by element.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../../kernels/kernel.ts";
import { pointwise } from "../../kernels/pointwise.ts";
import { defineOperation, type Operation, type Value } from "../tape.ts";

const operation: Operation<null> = defineOperation<null>({
  name: "multiply",
  infer: ([a, b]) => {
    if (a.join() !== b.join()) throw new RangeError("the shapes differ");
    return [a];
  },
  gradient: ({ node: { scope }, inputs: [a, b], gradients: [dy], wanted }) => [
    dy && wanted[0] ? multiply(dy, b, { scope }) : undefined,
    dy && wanted[1] ? multiply(dy, a, { scope }) : undefined,
  ],
  batch: () => ({ outputs: "map" }),
  lower: (e, { inputs: [a, b], outputs: [y] }) => pointwise(e, "multiply", sizeOf(y.shape), { a, b, y }),
});

/** a * b, both of one shape, as `tf.multiply`: with a sigmoid of itself a value is "swish" (Ramachandran et al. 2017). */
export function multiply(a: Value, b: Value, { scope }: { scope?: string } = {}): Value {
  return a.tape.apply(operation, [a, b], null, scope)[0];
}
