/**
 * Where a program has a choice between kernels that compute the same: the questions that its planning asks, each with an
 * operation that asks it, so that the answers can be timed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { chooserOf, type Preferences, shapeClass, WAYS } from "../kernels/choices.ts";
import { reachable } from "./fuse.ts";
import { ParameterLayout } from "./parameter_layout.ts";
import { Plan, type PlanRequest } from "./plan.ts";
import { type Node, type Shape, Tape, type Value } from "./tape.ts";

/** A choice that planning has, and the heaviest operation of the program that has it. */
export interface Question {
  /** What an answer is for: operation and shape class. */
  readonly name: string;
  readonly ways: readonly string[];
  /** The way where nothing is forced or measured. */
  readonly usual: string;
  readonly node: Node;
  /** Ways to force so that planning the node comes to this choice. */
  readonly given: readonly string[];
  /** Estimated floating point operations of the node. */
  readonly work: number;
}

/** What the questions depend on besides the program. */
export interface PlanTarget {
  readonly kind: Preferences["kind"];
  /** Bytes of the largest storage binding. */
  readonly maxBindingSize: number;
}

/** A question as it comes up in planning a node. */
interface Asked extends Question {
  readonly operation: string;
  readonly sizes: readonly number[];
}

/**
 * The questions that planning a program asks, whatever the answers; one for each name. What comes up only after another
 * choice, such as the tiles of the products that a convolution is made of, is before it in the list.
 */
export function questionsOf(
  tape: Tape,
  { fetches, updates = [] }: Pick<PlanRequest, "fetches" | "updates">,
  target: PlanTarget,
): Question[] {
  const targets = [...Object.values(fetches), ...updates.flatMap(({ values }) => [...values.values()])];
  const questions = new Map<string, Asked>(), ranks = new Map<string, number>(), seen = new Set<string>();
  for (const node of reachable(tape.nodes, targets)) {
    const asked = ask(node, [], target), key = JSON.stringify(asked.map((a) => [a.operation, a.sizes]));
    if (asked.length === 0 || seen.has(key)) continue;
    seen.add(key);
    for (const list of [asked, ...WAYS.map((way) => ask(node, [way], target))]) {
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

/** What planning a node alone asks, in order. */
function ask(node: Node, forced: readonly string[], { kind, maxBindingSize }: PlanTarget): Asked[] {
  if (!node.operation.lower || node.operation.inPlace) return [];
  const choose = chooserOf({ kind, forced }), usually = chooserOf({ kind });
  const { tape, fetches } = isolate(node), asked: Omit<Asked, "work">[] = [];
  const plan = new Plan(
    tape,
    {
      fetches,
      choose: (operation, sizes, ways, byDefault) => {
        const name = shapeClass(operation, sizes), usual = usually(operation, sizes, ways, byDefault);
        const given = forced.filter((way) => !ways.some((w) => w === way));
        asked.push({ name, operation, sizes, ways, usual, node, given });
        return choose(operation, sizes, ways, byDefault);
      },
    },
    new ParameterLayout(tape.variables),
    maxBindingSize,
  );
  const work = plan.launches.reduce((sum, { launch }) => sum + launch.work, 0);
  return asked.map((question) => ({ ...question, work }));
}

/** A node on a tape of its own, on its first `images` images where its batch can be cut. */
export function isolate(
  { operation, inputs, outputs, attributes, scope }: Node,
  images = Infinity,
): { tape: Tape; fetches: Record<string, Value> } {
  const tape = new Tape(), rule = operation.batch?.(attributes);
  const cut = (shape: Shape, isBatched: boolean) =>
    isBatched && images < shape[0] ? [images, ...shape.slice(1)] : shape;
  const feeds = inputs.map((v, i) =>
    tape.feed(`input ${i}`, cut(v.shape, rule !== undefined && !rule.shared?.includes(i)), v.dtype)
  );
  const infer = () => outputs.map((v) => cut(v.shape, rule?.outputs === "map"));
  const results = tape.apply({ ...operation, infer }, feeds, attributes, scope);
  return { tape, fetches: Object.fromEntries(results.entries()) };
}
