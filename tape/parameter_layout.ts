/**
 * Where variables lie in the arenas of parameters, gradients and slots, which are all laid out alike.
 *
 * Trainable variables come first, then those that only follow averages: so an optimizer step is one range of a page, and the
 * moving averages are another. Arenas are cut into pages between variables: the gradients of a page need memory from the first of
 * them on, while activations that others still need lie where those will be.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import type { Shape, Variable } from "./tape.ts";

/** Elements to which every variable's place is rounded up: 256 bytes, WebGPU's strictest binding alignment. */
export const ALIGNMENT = 64;

/** Most elements of a page that holds several variables, and most of one that holds several kinds of them. */
const PAGE = 2 ** 21, MIXED = 2 ** 18;

/** Neighbouring elements of a page. */
export interface Run {
  readonly page: number;
  readonly first: number;
  readonly count: number;
}

/** Whether a variable needs no rounding up. */
function fills({ shape }: Variable): boolean {
  return sizeOf(shape) % ALIGNMENT === 0;
}

/** The places of a net's variables; a pure function of their shapes. */
export class ParameterLayout {
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #places = new Map<string, Run>();
  readonly #pages: number[] = [0];
  readonly #withGaps = new Set<number>();

  /** `most`: elements of the largest buffer. */
  constructor(variables: ReadonlyMap<string, Variable>, most = Infinity) {
    this.#variables = new Map(variables);
    const all = [...variables.values()], trainable = all.filter((v) => v.trainable);
    const kinds = [
      trainable.filter(fills),
      trainable.filter((v) => !fills(v)),
      all.filter((v) => !v.trainable),
    ];
    for (const kind of kinds) this.#lay(kind, Math.min(PAGE, most));
  }

  /** Gives variables of a kind their places. */
  #lay(variables: readonly Variable[], most: number): void {
    if (variables.length > 0 && this.#pages.at(-1)! > MIXED) this.#pages.push(0);
    for (const v of variables) {
      const count = sizeOf(v.shape), room = Math.ceil(count / ALIGNMENT) * ALIGNMENT;
      if (this.#pages.at(-1)! > 0 && this.#pages.at(-1)! + room > most) this.#pages.push(0);
      const page = this.#pages.length - 1;
      this.#places.set(v.name, { page, first: this.#pages[page], count });
      this.#pages[page] += room;
      if (!fills(v)) this.#withGaps.add(page);
    }
  }

  /** Names in TF-Slim's order of creation. */
  get names(): string[] {
    return [...this.#variables.keys()];
  }

  /** Elements of each page. */
  get pages(): readonly number[] {
    return this.#pages;
  }

  /** Elements of an arena. */
  get elements(): number {
    return this.#pages.reduce((a, b) => a + b);
  }

  /** Whether variables of a page leave elements between them, which are zero in every arena. */
  hasGaps(page: number): boolean {
    return this.#withGaps.has(page);
  }

  /** A variable. Throws a RangeError that lists the known names. */
  variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw new RangeError(`Cannot find variable ${name}: the net has ${this.names.join(", ")}`);
    return variable;
  }

  /** Shape of a variable. */
  shape(name: string): Shape {
    return this.variable(name).shape;
  }

  /** Where a variable lies in any of the arenas. */
  place(name: string): Run {
    this.variable(name);
    return this.#places.get(name)!;
  }

  /** The fewest runs that hold just the given variables, none longer than `most` elements. */
  runs(names: Iterable<string>, most: number): Run[] {
    const wanted = new Set(names), runs: { page: number; first: number; count: number }[] = [];
    for (const [name, { page, first, count }] of this.#places) {
      if (!wanted.has(name)) continue;
      const room = Math.ceil(count / ALIGNMENT) * ALIGNMENT, last = runs.at(-1);
      if (last && last.page === page && last.first + last.count === first) last.count += room;
      else runs.push({ page, first, count: room });
    }
    return runs.flatMap(({ page, first, count }) =>
      Array.from({ length: Math.ceil(count / most) }, (_, i) => ({
        page,
        first: first + i * most,
        count: Math.min(most, count - i * most),
      }))
    );
  }
}
