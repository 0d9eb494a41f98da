/**
 * Runs a recorded net with the operations of another library.
 *
 * @module
 */
import { reachable } from "../tape/fuse.ts";
import type { Value } from "../tape/tape.ts";

/** One operation to run. */
export interface Step {
  /** Name of the operation. */
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly attributes: unknown;
  /** What the library is to apply to the result at once. */
  readonly activation?: Activation;
}
/** An activation that libraries fuse into dense operations. */
export type Activation = "relu" | "relu6";

/** An operation in the library: its result from its operands. */
export type Rule<T> = (inputs: readonly T[], attributes: never, step: Step) => T;

/** A library. */
export interface Library<T> {
  /** By the names of our operations. */
  readonly rules: Readonly<Record<string, Rule<T>>>;
  /** The library's value of a feed or variable. */
  readonly source: (value: Value) => T;
  /** What a rule gets of an operand, which is used again unless `isLast`. @default the operand */
  readonly use?: (operand: T, isLast: boolean) => T;
  /** Called with a result that is not used again. */
  readonly free?: (result: T) => void;
}

/** The operations that a value needs, in order. */
export function stepsTo(target: Value): Step[] {
  return reachable(target.tape.nodes, [target]).map((
    { operation: { name }, inputs, outputs, attributes },
  ) => ({
    name,
    inputs,
    output: outputs[0],
    attributes,
  }));
}

/** How often each value is an operand. */
export function usesOf(steps: readonly Step[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  for (const input of steps.flatMap(({ inputs }) => inputs)) uses.set(input, (uses.get(input) ?? 0) + 1);
  return uses;
}

/** The feeds and variables among the operands. */
export function sourcesOf(steps: readonly Step[]): Value[] {
  return [...usesOf(steps).keys()].filter(({ source }) => source !== undefined);
}

/** Runs the steps and returns the result of the last. @throws {Error} where the library has no rule for one */
export function interpret<T>(steps: readonly Step[], library: Library<T>): T {
  const { rules, source, use = (operand) => operand, free = () => {} } = library;
  const found = new Map<Value, T>(), left = usesOf(steps);
  let result: T | undefined;
  for (const step of steps) {
    const rule = rules[step.name];
    if (!rule) throw new Error(`there is no rule for ${step.name}`);
    const operands = step.inputs.map((value) => {
      if (!found.has(value)) found.set(value, source(value));
      const count = left.get(value)! - 1;
      left.set(value, count);
      return use(found.get(value)!, count === 0);
    });
    result = rule(operands, step.attributes as never, step);
    found.set(step.output, result);
    for (const value of new Set(step.inputs)) {
      if (value.node && left.get(value) === 0) free(found.get(value)!);
    }
  }
  return result!;
}
