/**
 * Dropout.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { dropout as emitDropout, type DropoutOptions } from "../../kernels/dropout.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { defineOperation, type Operation, type Value } from "../tape.ts";

const operation: Operation<DropoutOptions> = defineOperation<DropoutOptions>({
  name: "dropout",
  dtypes: ["f32", "u32"],
  infer: ([x, step], { keep }) => {
    if (!(keep > 0 && keep <= 1)) throw new RangeError(`the keep probability ${keep} is outside (0, 1]`);
    if (sizeOf(step) !== 1) throw new RangeError("the step must be one number");
    return [x];
  },
  gradient: ({ node, inputs: [, step], gradients: [dy], attributes }) =>
    dy ? dy.tape.apply(operation, [dy, step], attributes, node.scope) : [],
  lower: (e, { inputs: [x, step], outputs: [y], attributes }) =>
    emitDropout(e, sizeOf(x.shape), attributes, { x, step, y }),
});

/**
 * Dropout, as `tf.nn.dropout`: keeps each value with probability `keep` and divides it by `keep`.
 *
 * @param x any shape
 * @param step the training step, uint32 [1]; with `seed` and `operation` it determines the mask
 */
export function dropout(
  x: Value,
  step: Value,
  { scope, ...options }: DropoutOptions & { scope?: string },
): Value {
  return x.tape.apply(operation, [x, step], options, scope)[0];
}
