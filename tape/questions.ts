/**
 * Where a program has a choice between kernels that compute the same: the questions that its planning asks, each with an
 * operation that asks it, so that the answers can be timed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { chooserOf, type Preferences, shapeClass, WAYS } from "../kernels/choices.ts";
import { absorbPadding } from "./padding.ts";
import { fuse, reachable, type Step } from "./fuse.ts";
import { ParameterLayout } from "./parameter_layout.ts";
import { Plan, type PlanRequest } from "./plan.ts";
import { type Operation, type Shape, Tape, type Value } from "./tape.ts";

/** A choice that planning has, and the heaviest operation of the program that has it. */
export interface Question {
  /** What an answer is for: operation and shape class. */
  readonly name: string;
  readonly ways: readonly string[];
  /** The way where nothing is forced or measured. */
  readonly usual: string;
  readonly step: Pick<Step, "node" | "isSensitive">;
  /** Ways to force so that planning the operation comes to this choice. */
  readonly given: readonly string[];
  /** Estimated floating point operations of the operation. */
  readonly work: number;
}

/** What the questions depend on besides the program. */
export interface PlanTarget {
  readonly kind: Preferences["kind"];
  readonly subgroups: boolean;
  /** Bytes of the largest storage binding. */
  readonly maxBindingSize: number;
}

/** A question as it comes up in planning an operation. */
interface Asked extends Question {
  readonly operation: string;
  readonly sizes: readonly number[];
}

/**
 * The questions that planning a program asks, whatever the answers; one for each name. What comes up only after another
 * choice, such as the tiles of the products that a convolution is made of, is before it in the list. Choices of accuracy are
 * left out.
 */
export function questionsOf(
  tape: Tape,
  { fetches, updates = [] }: Pick<PlanRequest, "fetches" | "updates">,
  target: PlanTarget,
): Question[] {
  const targets = new Set([
    ...Object.values(fetches),
    ...updates.flatMap(({ values }) => [...values.values()]),
  ]);
  const questions = new Map<string, Asked>(), ranks = new Map<string, number>(), seen = new Set<string>();
  for (const step of fuse(absorbPadding(reachable(tape.nodes, targets), targets), targets)) {
    const asked = ask(step, [], target), key = JSON.stringify(asked.map((a) => [a.operation, a.sizes]));
    if (asked.length === 0 || seen.has(key)) continue;
    seen.add(key);
    for (const list of [asked, ...WAYS.map((way) => ask(step, [way], target))]) {
      const operations = new Set(list.map(({ operation }) => operation));
      [...operations].forEach((o, rank) => ranks.set(o, Math.max(rank, ranks.get(o) ?? 0)));
      for (const question of list) {
        const known = questions.get(question.name);
        if (!known || known.work < asked[0].work) {
          questions.set(question.name, { ...question, work: asked[0].work });
        }
      }
    }
  }
  return [...questions.values()].sort((a, b) => ranks.get(b.operation)! - ranks.get(a.operation)!);
}

/** What planning an operation alone asks, in order. */
function ask(
  step: Question["step"],
  forced: readonly string[],
  { kind, subgroups, maxBindingSize }: PlanTarget,
): Asked[] {
  const { operation } = step.node;
  if (!operation.lower || operation.inPlace) return [];
  const choose = chooserOf({ kind, forced }), usually = chooserOf({ kind });
  const { tape, fetches } = isolate(step), asked: Omit<Asked, "work">[] = [];
  const plan = new Plan(
    tape,
    {
      fetches,
      kind,
      subgroups,
      choose: (operation, sizes, ways, byDefault) => {
        const name = shapeClass(operation, sizes), usual = usually(operation, sizes, ways, byDefault);
        const given = forced.filter((way) => !ways.some((w) => w === way));
        asked.push({ name, operation, sizes, ways, usual, step, given });
        return choose(operation, sizes, ways, byDefault);
      },
    },
    new ParameterLayout(tape.variables),
    maxBindingSize,
  );
  const work = plan.launches.reduce((sum, { launch }) => sum + launch.work, 0);
  return asked.map((question) => ({ ...question, work }));
}

/** An operation on a tape of its own, on its first `images` images where its batch can be cut. */
export function isolate(
  { node, isSensitive }: Question["step"],
  images = Infinity,
): { tape: Tape; fetches: Record<string, Value> } {
  const { operation, inputs, outputs, attributes, scope } = node;
  const tape = new Tape(), rule = operation.batch?.(attributes);
  const cut = (shape: Shape, isBatched: boolean) =>
    isBatched && images < shape[0] ? [images, ...shape.slice(1)] : shape;
  const feeds = inputs.map((v, i) =>
    tape.feed(`input ${i}`, cut(v.shape, rule !== undefined && !rule.shared?.includes(i)), v.dtype)
  );
  const alone: Operation<unknown> = {
    ...operation,
    infer: () => outputs.map((v) => cut(v.shape, rule?.outputs === "map")),
    lower: (e, context) => operation.lower!(e, { ...context, isSensitive }),
  };
  const results = tape.apply(alone, feeds, attributes, scope);
  return { tape, fetches: Object.fromEntries(results.entries()) };
}
