/**
 * Plans the end of a training step: what optimizers and moving averages change, in as few launches as bindings allow.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "../kernels/emitter.ts";
import { gradientFactor, type GradientTreatment } from "../kernels/gradient_factor.ts";
import { applyUpdate, type UpdateRule, type UpdateSlot } from "../kernels/optimizers.ts";
import { pointwise } from "../kernels/pointwise.ts";
import type { LabelledLaunch, Memory } from "./memory.ts";
import type { Origin } from "./origin.ts";
import { ALIGNMENT, type ParameterLayout, type Run } from "./parameter_layout.ts";
import type { Places } from "./places.ts";
import type { Tape, Value } from "./tape.ts";

/** A change of variables, or of a slot, at the end of a program: an optimizer's, or that of moving averages. */
export interface Update {
  readonly rule: UpdateRule;
  /** The rule's constants, by the names of its kernel's parameters. */
  readonly options: Readonly<Record<string, number>>;
  /** What the rule's kernel takes as its rate: shape [2], or [1] for moving averages. */
  readonly rate: Value;
  /** For each variable to update, by name: its gradient, or what it follows. */
  readonly values: ReadonlyMap<string, Value>;
  /** What is done to gradients before; left out: nothing. */
  readonly treatment?: GradientTreatment<Value>;
  /** A slot that follows the variables; then they are the values, and do not change. */
  readonly shadows?: UpdateSlot;
  /** Weight decay by name: the gradient of each gets so many times the variable added. */
  readonly decays?: ReadonlyMap<string, number>;
}

/** What planning updates needs of the planner. */
export interface UpdatePlanner {
  readonly tape: Tape;
  readonly layout: ParameterLayout;
  readonly places: Places;
  /** Elements of the largest storage binding. */
  readonly limit: number;
  /** Those planned so far, which compute the gradients. */
  readonly launches: readonly LabelledLaunch[];
  emitter(origin: Origin): Emitter<Value>;
}

/** Emits all updates of a program. */
export function planUpdates(planner: UpdatePlanner, updates: readonly Update[]): void {
  const pages = planner.layout.pages.map((count, page) => pageOfUpdates(planner, page, count));
  placeUpdates(planner, pages, updates);
  for (const update of updates) planUpdate(planner, pages, update);
}

/**
 * What updates take, laid out like a page of the parameters. It shares memory with values that live before or after, unless there
 * are gaps in it: updates run over these as well, and they have to stay zero.
 */
function pageOfUpdates({ tape, layout, places }: UpdatePlanner, page: number, count: number): Value {
  const label = `updates ${page}`;
  return layout.hasGaps(page) ? tape.state(label, [count]) : places.temporary(label, [count]);
}

/**
 * Places what updates take in pages laid out like the parameters'. A dispatch may not read one part of a page and write
 * another: what is read so is copied into its page, as is what is no result of this program.
 */
function placeUpdates(planner: UpdatePlanner, pages: readonly Value[], updates: readonly Update[]): void {
  const { layout, limit, places } = planner, roots = new Map<string, Value>();
  for (const { values, shadows } of updates) {
    if (!shadows) { for (const [name, v] of values) roots.set(name, places.root(v)); }
  }
  const all = [...roots.values()], placeable = new Set(all.filter((r) => r.node));
  for (const { launch: { buffers, writes } } of planner.launches) {
    const touched = buffers.map((b) => places.root(b));
    if (!touched.some((root, i) => writes.includes(i) && placeable.has(root))) continue;
    touched.forEach((root, i) => writes.includes(i) || placeable.delete(root));
  }
  for (const [name, root] of roots) {
    const { page, first, count } = layout.place(name);
    if (placeable.has(root) && all.indexOf(root) === all.lastIndexOf(root)) {
      places.lay(root, pages[page], first);
      continue;
    }
    const copy = places.temporary(`updates/${name}`, root.shape), shapes = [root.shape];
    places.lay(copy, pages[page], first);
    const emitter = planner.emitter({
      scope: name,
      operation: "copyUpdate",
      inputs: shapes,
      outputs: shapes,
    });
    for (let at = 0; at < count; at += limit) {
      const size = Math.min(limit, count - at), part = (v: Value) => emitter.window(v, at, size);
      pointwise(emitter, "scale", size, { a: part(root), y: part(copy) });
    }
  }
}

/** Steps over all variables of an update in as few ranges as bindings allow. */
function planUpdate(planner: UpdatePlanner, pages: readonly Value[], update: Update): void {
  const { rule, options, rate, values, decays, shadows, treatment } = update;
  const arena = ({ name, initial }: UpdateSlot) => (page: number): Memory => ({
    kind: "arena",
    slot: name,
    initial,
    page,
  });
  const variables = arena({ name: "", initial: 0 }),
    kept = [shadows ? arena(shadows) : variables, ...rule.slots.map(arena)];
  const ranges = planner.layout.runs(values.keys(), planner.limit).map((run) => {
    const { page, first, count } = run;
    const placed = (memory: (page: number) => Memory) => {
      const range = planner.places.temporary("update", [count]);
      planner.places.place(range, memory(page), 4 * first);
      return range;
    };
    const [parameters, ...slots] = kept.map(placed),
      taken = shadows ? placed(variables) : planner.places.window(pages[page], first, [count]);
    return { count, decays: decaysOf(planner, run, decays), values: taken, parameters, slots };
  });
  const emitter = (operation: string, shapes: readonly number[][]) =>
    planner.emitter({ scope: "update", operation, inputs: shapes, outputs: shapes });
  const factor = treatment
    ? planner.places.temporary("gradient factor", [1])
    : planner.tape.constant(Float32Array.of(1), [1]);
  if (treatment) {
    const shapes = ranges.map(({ count }) => [count]);
    gradientFactor(emitter("gradientFactor", shapes), ranges, treatment, factor);
  }
  for (const { count, ...range } of ranges) {
    applyUpdate(emitter(rule.kernel.name, [[count]]), rule, count, options, { ...range, rate, factor });
  }
}

/** The weight decay of each block of a run of parameters. */
function decaysOf(
  { tape, layout }: UpdatePlanner,
  { page, first, count }: Run,
  decays: ReadonlyMap<string, number> = new Map(),
): Value {
  const table = new Float32Array(count / ALIGNMENT);
  for (const [name, decay] of decays) {
    const place = layout.place(name), from = (place.first - first) / ALIGNMENT;
    if (place.page === page) {
      table.fill(decay, Math.max(0, from), Math.max(0, from + Math.ceil(place.count / ALIGNMENT)));
    }
  }
  return tape.constant(table, [table.length]);
}
