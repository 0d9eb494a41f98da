/**
 * Finds the fastest of several kernels that compute the same, on an adapter and for the shapes of a program.
 *
 * Nothing tunes by itself: another answer means other roundings, and a training must repeat bit for bit.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { Executor } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { timeRepeated } from "../gpu/stopwatch.ts";
import { type Choose, chooserOf, type Preferences } from "../kernels/choices.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { compile } from "./compile.ts";
import { Parameters } from "./parameters.ts";
import { isolate, type Question } from "./questions.ts";

/** What was measured. */
export interface Answer {
  readonly question: Question;
  /** Milliseconds of each way, the least of all rounds. */
  readonly times: ReadonlyMap<string, number>;
  /** The usual way, unless another is clearly faster. */
  readonly chosen: string;
}

/** One way, ready to be timed. */
export interface Candidate {
  /** Milliseconds of one run, out of as many as last about `milliseconds`. */
  time(milliseconds: number): Promise<number>;
  destroy(): void;
}

/** Prepares the question's operation with ways chosen by `choose`. */
export type OpenCandidate = (question: Question, choose: Choose) => Promise<Candidate>;

/** How to tune. */
export interface TuneOptions {
  readonly kind: Preferences["kind"];
  readonly open: OpenCandidate;
  /** Choices that were measured before. */
  readonly known?: ReadonlyMap<string, string>;
  /** Told after each question. */
  readonly onAnswer?: (answer: Answer) => void;
}

/**
 * Rounds: how many milliseconds each candidate is run for, and how many times the least time so far excludes one. The first
 * is only a look; of the others the least counts, as other programs disturb some.
 */
const ROUNDS = [
  { milliseconds: 10, hopeless: 3 },
  { milliseconds: 50, hopeless: 1.25 },
  { milliseconds: 50, hopeless: 1.25 },
  { milliseconds: 50, hopeless: 1.25 },
];
/** How many times as fast as the usual way another must be: measurements err, and choices should not change with each. */
const MARGIN = 1.1;

/** Times all ways of all questions. An answer counts in the questions that come after it. */
export async function tune(
  questions: readonly Question[],
  { kind, open, known, onAnswer }: TuneOptions,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions) {
    const measured = choicesOf(answers, known), candidates = new Map<string, Candidate>();
    try {
      for (const way of question.ways) {
        const choose = chooserOf({ kind, measured, forced: [way, ...question.given] });
        candidates.set(way, await open(question, choose));
      }
      let times = await race(candidates);
      const better = winner(times, question.usual);
      if (better !== question.usual) { // once more: it may have been luck
        const two = [better, question.usual].map((way) => [way, candidates.get(way)!] as const);
        times = new Map([...times, ...await race(new Map(two))]);
      }
      answers.push({ question, times, chosen: winner(times, question.usual) });
    } finally {
      candidates.forEach((candidate) => candidate.destroy());
    }
    onAnswer?.(answers.at(-1)!);
  }
  return answers;
}

/** The fastest way, or the usual one where that is hardly slower. */
function winner(times: ReadonlyMap<string, number>, usual: string): string {
  const [way, least] = [...times].reduce((best, next) => next[1] < best[1] ? next : best);
  return MARGIN * least < times.get(usual)! ? way : usual;
}

/** Least time of each candidate, by turns. */
async function race(candidates: ReadonlyMap<string, Candidate>): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  let left = [...candidates];
  for (const [round, { milliseconds, hopeless }] of ROUNDS.entries()) {
    for (const [way, candidate] of left) {
      const time = await candidate.time(milliseconds), before = round > 1 ? times.get(way)! : Infinity;
      times.set(way, Math.min(time, before));
    }
    const least = Math.min(...times.values());
    left = left.filter(([way]) => times.get(way)! < hopeless * least);
    if (left.length === 1) break;
  }
  return times;
}

/**
 * Answers as programs take them ({@linkcode Preferences.measured}), on top of those known before. Usual ways are left out: they
 * follow the sizes more closely than a shape class does.
 */
export function choicesOf(
  answers: readonly Answer[],
  known: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const choices = new Map(known);
  for (const { question: { name, usual }, chosen } of answers) {
    if (chosen === usual) choices.delete(name);
    else choices.set(name, chosen);
  }
  return choices;
}

/**
 * Most work of a run: heavier operations run on some of their images, though on no fewer pixels than fill tiles and make up
 * for the transformation of weights.
 */
const MOST_WORK = { gpu: 1e10, software: 3e8 }, LEAST_PIXELS = 512;

/** Images on which a question's operation is tried. */
function imagesOf({ step: { node }, work }: Question, most: number): number {
  const { inputs, operation, attributes } = node;
  const rule = operation.batch?.(attributes), batched = inputs.find((_, i) => !rule?.shared?.includes(i));
  if (!rule || !batched) return Infinity;
  const [images, ...shape] = batched.shape, pixels = sizeOf(shape.slice(0, -1));
  return Math.max(Math.ceil(LEAST_PIXELS / pixels), Math.floor(images * most / work));
}

/** Prepares candidates on a device. */
export function candidatesOn(gpu: Gpu): OpenCandidate {
  const compiled = new Set<string>();
  return async (question, choose) => {
    const { tape, fetches } = isolate(question.step, imagesOf(question, MOST_WORK[gpu.adapter.kind]));
    const parameters = new Parameters(gpu, tape.variables), label = question.name;
    const program = await compile(gpu, tape, { fetches, parameters, choose, label });
    const names = program.plan.launches.map(({ launch }) => launch.kernel.name);
    if (names.some((name) => !compiled.has(name))) program.run(); // first runs compile
    names.forEach((name) => compiled.add(name));
    const once = [...program.intake, ...program.commands]; // elsewhere its operands are not fed
    const submit = (repetitions: number) => {
      const commands = Array.from({ length: repetitions }, () => once).flat();
      new Executor(gpu, commands, { label }).run();
    };
    let estimate = Infinity;
    return {
      time: async (milliseconds) => estimate = await timeRepeated(gpu, submit, milliseconds, estimate),
      destroy: () => {
        program.destroy();
        parameters.destroy();
      },
    };
  };
}
