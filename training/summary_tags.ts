/**
 * The summaries of a training under the tags that TF-Slim's training script gives them.
 *
 * TensorFlow makes every tag unique among the graph's names, whatever their case: the first comer has the plain name, later
 * ones get `_1`, `_2` and so on. So the histogram of the variable `LeNet/conv1/weights` is `LeNet/conv1/weights_1`.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What decides which summaries a training has. */
export interface SummarySetup {
  /** Names of the first clone's end points. */
  readonly endPoints: Iterable<string>;
  /** Names of the net's variables, trained or not, without an optimizer's slots. */
  readonly variables: Iterable<string>;
  /** Names of a clone's losses without regularization: `softmax_cross_entropy_loss/value`, `aux_loss/value`. */
  readonly losses: Iterable<string>;
  /** Whether weights are regularized. */
  readonly hasRegularization: boolean;
  /** Copies of the net that share the batch. @default {1} */
  readonly numClones?: number;
}

/**
 * What a summary shows. Losses are those of the first clone.
 *
 * - `activations`: the values of the end point `name`
 * - `sparsity`: the fraction of zeros among them
 * - `variable`: the values of the variable `name`
 * - `loss`: the loss `name`
 * - `clone_loss`: the sum of its losses, divided by the number of clones
 * - `regularization_loss`: the sum over all regularized variables
 * - `learning_rate`, `total_loss`: of the step, the latter over all clones and with regularization
 */
export type SummarySource =
  | { readonly of: "activations" | "sparsity" | "variable" | "loss"; readonly name: string }
  | { readonly of: "clone_loss" | "regularization_loss" | "learning_rate" | "total_loss" };

/** A summary to be written. */
export type SummaryTag = SummarySource & {
  readonly tag: string;
  readonly kind: "scalar" | "histogram";
};

/** Lists the summaries of a training. */
export function summaryTags(setup: SummarySetup): SummaryTag[] {
  const { endPoints, hasRegularization, numClones = 1 } = setup;
  const variables = [...setup.variables], losses = [...setup.losses];
  const unique = uniqueNames([...variables, "total_loss"]);
  const clone = numClones > 1 ? "clone_0/" : "";
  const tags: SummaryTag[] = [];
  const scalar = (name: string, source: SummarySource) =>
    tags.push({ ...source, tag: unique(name), kind: "scalar" });
  const histogram = (name: string, source: SummarySource) =>
    tags.push({ ...source, tag: unique(name), kind: "histogram" });
  // The second slash is in the original: a clone's scope ends with one, and is joined with another.
  scalar(`${clone}Losses/${clone && `${clone}/`}clone_loss`, { of: "clone_loss" });
  if (hasRegularization) scalar(`${clone}Losses/regularization_loss`, { of: "regularization_loss" });
  for (const name of endPoints) {
    histogram(`activations/${name}`, { of: "activations", name });
    scalar(`sparsity/${name}`, { of: "sparsity", name });
  }
  for (const name of losses) scalar(`losses/${clone}${name}`, { of: "loss", name });
  for (const name of variables) histogram(name, { of: "variable", name });
  scalar("learning_rate", { of: "learning_rate" });
  scalar("total_loss", { of: "total_loss" });
  return tags;
}

/** A function that gives each name or, where it is taken, the name with the first free number. */
function uniqueNames(taken: Iterable<string>): (name: string) => string {
  const used = new Set([...taken].map((name) => name.toLowerCase()));
  return (name) => {
    let free = name;
    for (let i = 1; used.has(free.toLowerCase()); i++) free = `${name}_${i}`;
    used.add(free.toLowerCase());
    return free;
  };
}
