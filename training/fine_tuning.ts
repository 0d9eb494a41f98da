/**
 * Fine-tuning: which variables of a net a checkpoint gives, and why not the others.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What is known of a tensor before it is read. */
export interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What fine-tuning takes from a checkpoint, in the order of the net's variables. */
export interface FineTuningPlan {
  /** Variables that the checkpoint gives. */
  readonly loaded: readonly string[];
  /** In a scope that the user excludes. */
  readonly excluded: readonly string[];
  /** Of the net's head, whose shapes follow the number of classes: here it is another. */
  readonly swapped: readonly string[];
  /** Not in the checkpoint. */
  readonly missing: readonly string[];
  /** Of another shape in the checkpoint, and not of the head: "NAME [3,3] instead of [5,5]". */
  readonly misshapen: readonly string[];
  /** Of the checkpoint, and of no use to the net; optimizer slots, averages and the step aside. */
  readonly unused: readonly string[];
}

/** What is beside the variables in TF's checkpoints of a training. */
const BESIDE =
  /^(global_step|beta[12]_power|.*_power|loss_scale\/.*)$|\/(Momentum|Adam(_1)?|RMSProp(_1)?|Adagrad|Adadelta(_1)?|Ftrl(_1)?|ExponentialMovingAverage)$/;

/** Whether a variable is in one of the scopes; as in TF-Slim, a scope is any beginning of a name. */
export function inScopes(name: string, scopes: readonly string[]): boolean {
  return scopes.some((scope) => name.startsWith(scope));
}

/** Compares a net's variables with a checkpoint's. */
export function planFineTuning(
  variables: readonly Entry[],
  checkpoint: readonly Entry[],
  { excludeScopes = [], headScopes = [] }: {
    excludeScopes?: readonly string[];
    headScopes?: readonly string[];
  },
): FineTuningPlan {
  const offered = new Map(checkpoint.map(({ name, shape }) => [name, shape.join()]));
  const head = headScopes.map((scope) => `${scope}/`);
  const verdict = ({ name, shape }: Entry): Exclude<keyof FineTuningPlan, "unused"> => {
    if (inScopes(name, excludeScopes)) return "excluded";
    const found = offered.get(name);
    if (found === undefined) return "missing";
    if (found === shape.join()) return "loaded";
    return inScopes(name, head) ? "swapped" : "misshapen";
  };
  const verdicts = variables.map((v) => [v, verdict(v)] as const),
    own = new Set(variables.map((v) => v.name));
  const of = (what: string) => verdicts.flatMap(([{ name }, v]) => v === what ? name : []);
  const misshapen = verdicts.flatMap(([{ name, shape }, v]) =>
    v === "misshapen" ? `${name} [${offered.get(name)}] instead of [${shape}]` : []
  );
  return {
    loaded: of("loaded"),
    excluded: of("excluded"),
    swapped: of("swapped"),
    missing: of("missing"),
    misshapen,
    unused: checkpoint.flatMap(({ name }) => own.has(name) || BESIDE.test(name) ? [] : name),
  };
}
