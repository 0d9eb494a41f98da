/**
 * Matrix product with its gradients.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../../kernels/kernel.ts";
import { matmul as emitMatmul } from "../../kernels/matmul.ts";
import { defineOperation, type Operation, type Value } from "../tape.ts";

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Options of {@linkcode matmul}. */
export interface MatmulOptions extends Partial<Attributes> {
  readonly scope?: string;
}

const operation: Operation<Attributes> = defineOperation<Attributes>({
  name: "matmul",
  infer: ([a, b], { transposeA, transposeB }) => {
    if (a.length !== 2 || b.length !== 2) throw new RangeError("both operands need 2 dimensions");
    const [m, k] = transposeA ? [a[1], a[0]] : a, [k2, n] = transposeB ? [b[1], b[0]] : b;
    if (k !== k2) throw new RangeError(`the inner dimensions ${k} and ${k2} differ`);
    return [[m, n]];
  },
  gradient: ({ node, inputs: [a, b], gradients: [dy], attributes: { transposeA, transposeB }, wanted }) => {
    if (!dy) return [];
    const { scope } = node;
    const da = () =>
      transposeA
        ? matmul(b, dy, { transposeA: transposeB, transposeB: true, scope })
        : matmul(dy, b, { transposeB: !transposeB, scope });
    const db = () =>
      transposeB
        ? matmul(dy, a, { transposeA: true, transposeB: transposeA, scope })
        : matmul(a, dy, { transposeA: !transposeA, scope });
    return [wanted[0] ? da() : undefined, wanted[1] ? db() : undefined];
  },
  macs: ([a], [y], { transposeA }) => sizeOf(y) * a[transposeA ? 0 : 1],
  batch: ({ transposeA, transposeB }) => {
    if (!transposeA) return { shared: [1], outputs: "map" };
    return transposeB ? undefined : { outputs: "sum" };
  },
  lower: (e, { inputs: [a, b], outputs: [y], attributes, epilogue }) => {
    const [m, n] = y.shape, k = attributes.transposeA ? a.shape[0] : a.shape[1];
    emitMatmul(e, { m, n, k, a, b, y, ...epilogue, ...attributes });
  },
  epilogue: () => "all",
});

/**
 * Matrix product, as `tf.linalg.matmul`.
 *
 * @param a [m, k], or [k, m] with `transposeA`
 * @param b [k, n], or [n, k] with `transposeB`
 * @returns [m, n]
 * @throws {RangeError} where the inner dimensions differ
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transposeA = false, transposeB = false, scope } = options;
  return a.tape.apply(operation, [a, b], { transposeA, transposeB }, scope)[0];
}
