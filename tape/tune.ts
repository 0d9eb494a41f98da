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
  /** Told after each question. */
  readonly onAnswer?: (answer: Answer) => void;
}

/** Milliseconds of a first look and of each round after it, and how many rounds there are: other programs disturb some. */
const GLANCE = 10, LOOK = 50, ROUNDS = 3;
/** What takes so many times the fastest at the first look is not looked at again. */
const HOPELESS = 3;
/** How many times as fast as the usual way another must be: measurements err, and choices should not change with each. */
const MARGIN = 1.1;

/** Times all ways of all questions. An answer counts in the questions that come after it. */
export async function tune(
  questions: readonly Question[],
  { kind, open, onAnswer }: TuneOptions,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions) {
    const measured = choicesOf(answers), candidates = new Map<string, Candidate>();
    try {
      for (const way of question.ways) {
        const choose = chooserOf({ kind, measured, forced: [way, ...question.given] });
        candidates.set(way, await open(question, choose));
      }
      const times = await race(candidates), usual = times.get(question.usual)!;
      const fastest = [...times].reduce((best, next) => next[1] < best[1] ? next : best);
      const chosen = MARGIN * fastest[1] < usual ? fastest[0] : question.usual;
      answers.push({ question, times, chosen });
    } finally {
      candidates.forEach((candidate) => candidate.destroy());
    }
    onAnswer?.(answers.at(-1)!);
  }
  return answers;
}

/** Least time of each candidate, in rounds by turns. */
async function race(candidates: ReadonlyMap<string, Candidate>): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const [way, candidate] of candidates) times.set(way, await candidate.time(GLANCE));
  const least = Math.min(...times.values());
  const hopeful = [...candidates].filter(([way]) => times.get(way)! < HOPELESS * least);
  hopeful.forEach(([way]) => times.set(way, Infinity)); // a first look is short
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, candidate] of hopeful) {
      times.set(way, Math.min(times.get(way)!, await candidate.time(LOOK)));
    }
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

/** Most work of a run, and least pixels: heavier operations run on some of their images. */
const MOST_WORK = { gpu: 1e10, software: 1e9 }, LEAST_PIXELS = 64;

/** Images on which a question's operation is tried. */
function imagesOf({ node: { inputs, operation, attributes }, work }: Question, most: number): number {
  const rule = operation.batch?.(attributes), batched = inputs.find((_, i) => !rule?.shared?.includes(i));
  if (!rule || !batched) return Infinity;
  const [images, ...shape] = batched.shape, pixels = sizeOf(shape.slice(0, -1));
  return Math.max(Math.ceil(LEAST_PIXELS / pixels), Math.floor(images * most / work));
}

/** Prepares candidates on a device. */
export function candidatesOn(gpu: Gpu): OpenCandidate {
  const compiled = new Set<string>();
  return async (question, choose) => {
    const { tape, fetches } = isolate(question.node, imagesOf(question, MOST_WORK[gpu.adapter.kind]));
    const parameters = new Parameters(gpu, tape.variables), label = question.name;
    const program = await compile(gpu, tape, { fetches, parameters, choose, label });
    const names = program.plan.launches.map(({ launch }) => launch.kernel.name);
    if (names.some((name) => !compiled.has(name))) program.run(); // first runs compile
    names.forEach((name) => compiled.add(name));
    const submit = (repetitions: number) => {
      const commands = Array.from({ length: repetitions }, () => program.commands).flat();
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
