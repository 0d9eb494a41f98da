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
  /** Logits of an auxiliary head, [n, classes]: its cross-entropy counts 0.4. */
  readonly auxLogits?: Value;
  /** Class numbers [n], int32. */
  readonly labels: Value;
}

/** A recorded loss and its parts, all of shape []. */
export interface ClassificationLoss {
  /** What is minimised: `data`, plus regularization. */
  readonly total: Value;
  /** The part that needs images: the mean over the clones. */
  readonly data: Value;
  /** Mean over each clone's examples. */
  readonly crossEntropies: readonly Value[];
  /** The same for the auxiliary heads, weighted; empty where the net has none. */
  readonly auxiliaryLosses: readonly Value[];
}

/** Weight of an auxiliary head's loss, as in TF-Slim's training script. */
const AUXILIARY_WEIGHT = 0.4;

/**
 * Records the loss of one or several clones. Each clone's mean is divided by the number of clones; regularization is added
 * once, undivided.
 */
export function classificationLoss(
  clones: readonly Clone[],
  regularization: readonly RegularizationLoss[],
  { labelSmoothing = 0 }: { labelSmoothing?: number } = {},
): ClassificationLoss {
  const crossEntropy = (logits: Value, labels: Value, scope: string) =>
    mean(softmaxCrossEntropy(logits, labels, { labelSmoothing, scope }), { scope: `${scope}/value` });
  const crossEntropies = clones.map((c) => crossEntropy(c.logits, c.labels, "softmax_cross_entropy_loss"));
  const auxiliaryLosses = clones.flatMap(({ auxLogits, labels }) => {
    if (!auxLogits) return [];
    const loss = crossEntropy(auxLogits, labels, "aux_loss");
    return scale(loss, AUXILIARY_WEIGHT, { scope: "aux_loss" });
  });
  const losses = [...crossEntropies, ...auxiliaryLosses];
  const shares = clones.length === 1
    ? losses
    : losses.map((loss) => scale(loss, 1 / clones.length, { scope: "scaled_clone_loss" }));
  const sum = (parts: readonly Value[]) => parts.reduce((a, b) => add(a, b, { scope: "total_loss" }));
  const data = sum(shares), total = sum([data, ...regularization.map((r) => r.value)]);
  return { total, data, crossEntropies, auxiliaryLosses };
}
