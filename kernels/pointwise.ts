/**
 * Plans pointwise operations: one table of formulas, one kernel.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "./emitter.ts";
import { defineKernel, type Kernel, specialize, spread } from "./kernel.ts";
import code from "./pointwise.wgsl" with { type: "text" };

/** y = formula of a, b (vec4f) and factor (f32). Formulas that do not name b get a in its place. */
const FORMULAS = {
  add: "a + b * factor",
  multiply: "a * b * factor",
  scale: "a * factor",
  relu: "max(a, vec4f(0.0))",
  /** a is the gradient, b the output of relu. */
  reluGradient: "select(vec4f(0.0), a, b > vec4f(0.0))",
  relu6: "clamp(a, vec4f(0.0), vec4f(6.0))",
  /** a is the gradient, b the output of relu6. */
  relu6Gradient: "select(vec4f(0.0), a, (b > vec4f(0.0)) & (b < vec4f(6.0)))",
  /** Beyond 80 float32 has no more digits for the result or, on some adapters, for exp. */
  sigmoid: "1.0 / (1.0 + exp(-clamp(a, vec4f(-80.0), vec4f(80.0))))",
  /** a is the gradient, b the output of sigmoid. */
  sigmoidGradient: "a * b * (1.0 - b)",
  /** TF-Slim has 1 / 6 here, and 0.16667 below. */
  hardSwish: "a * clamp(a + 3.0, vec4f(0.0), vec4f(6.0)) * 0.16666667",
  /** a is the gradient, b the input, here and below. */
  hardSwishGradient:
    "a * (clamp(b + 3.0, vec4f(0.0), vec4f(6.0)) + select(vec4f(0.0), b, abs(b) < vec4f(3.0))) * 0.16666667",
  hardSigmoid: "clamp(a + 3.0, vec4f(0.0), vec4f(6.0)) * 0.16667",
  hardSigmoidGradient: "select(vec4f(0.0), a * 0.16667, abs(b) < vec4f(3.0))",
} as const;

/** Name of a pointwise operation. */
export type Pointwise = keyof typeof FORMULAS;

const names = Object.keys(FORMULAS) as Pointwise[];
/** The case of a formula: it is written out for the four vec4 of an invocation, where a is l[i] and b is r[i]. */
function caseOf(formula: string, index: number): string {
  const lines = [0, 1, 2, 3].map((i) =>
    `l[${i}] = ${formula.replace(/\ba\b/g, `l[${i}]`).replace(/\bb\b/g, `r[${i}]`)};`
  );
  return `case ${index}u: {\n      ${lines.join("\n      ")}\n    }`;
}

const cases = names.map((name, i) => caseOf(FORMULAS[name], i)).join("\n    ");
/** All formulas in one text, since a pipeline takes longer to make than a branch costs. */
const kernel: Kernel = defineKernel(
  "pointwise",
  specialize(code).replace(/case 0u: .*\/\/ formulas/, cases),
);
/** The kernels of this file. */
export const kernels: readonly Kernel[] = [kernel];

/**
 * Emits y [count] = formula. `b` repeats after `period` values (a multiple of 4, or 1); left out: as long as a. With `block` (a
 * multiple of the period) every so many values of y have the next period of b.
 */
export function pointwise<T>(
  e: Emitter<T>,
  name: Pointwise,
  count: number,
  b: { a: T; b?: T; y: T },
  options: { factor?: number; period?: number; block?: number } = {},
): void {
  const count4 = Math.ceil(count / 4), period = options.period ?? 4 * count4;
  e.emit({
    kernel,
    params: {
      formula: names.indexOf(name),
      count4,
      period4: Math.max(1, period >> 2),
      block4: Math.max(1, (options.block ?? 4 * count4) >> 2),
      repeats: period < 4 * count4 || options.block ? 1 : 0,
      single: period === 1 ? 1 : 0,
      factor: options.factor ?? 1,
    },
    buffers: [b.a, b.b ?? b.a, b.y],
    writes: [2],
    workgroups: spread(Math.ceil(count4 / 256)),
    work: 12 * count,
  });
}
