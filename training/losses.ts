/**
 * The loss of a classifier: cross-entropy plus regularization, as TF-Slim's `model_deploy` sums it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { RegularizationLoss } from "../layers/scope.ts";
import { mean, softmaxCrossEntropy } from "../tape/ops/losses.ts";
import { add, scale } from "../tape/ops/pointwise.ts";
import type { Value } from "../tape/tape.ts";

/** One copy of the net over its share of the batch. */
export interface Clone {
  /** [n, classes] */
  readonly logits: Value;
  /** Class numbers [n], int32. */
  readonly labels: Value;
}

/** A recorded loss and its parts, all of shape []. */
export interface ClassificationLoss {
  /** What is minimised: the mean over the clones, plus regularization. */
  readonly total: Value;
  /** Mean over each clone's examples. */
  readonly crossEntropies: readonly Value[];
}

/**
 * Records the loss of one or several clones. Each clone's mean is divided by the number of clones; regularization is added
 * once, undivided.
 */
export function classificationLoss(
  clones: readonly Clone[],
  regularization: readonly RegularizationLoss[],
  { labelSmoothing = 0 }: { labelSmoothing?: number } = {},
): ClassificationLoss {
  const crossEntropies = clones.map(({ logits, labels }) => {
    const scope = "softmax_cross_entropy_loss";
    return mean(softmaxCrossEntropy(logits, labels, { labelSmoothing, scope }), { scope: `${scope}/value` });
  });
  const shares = clones.length === 1
    ? crossEntropies
    : crossEntropies.map((loss) => scale(loss, 1 / clones.length, { scope: "scaled_clone_loss" }));
  const parts = [...shares, ...regularization.map((r) => r.value)];
  return { total: parts.reduce((sum, part) => add(sum, part, { scope: "total_loss" })), crossEntropies };
}
