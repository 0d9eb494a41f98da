/**
 * The loss of a classifier: cross-entropy plus regularization, as TF-Slim's `model_deploy` sums it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { RegularizationLoss } from "../layers/scope.ts";
import { mean, softmaxCrossEntropy, weightedSum } from "../tape/ops/losses.ts";
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
  /** Where images are mixed with others. */
  readonly mixed?: MixedLabels;
}

/** Classes of what is mixed into images. */
export interface MixedLabels {
  /** Class numbers [n], int32. */
  readonly labels: Value;
  /** Weights of the examples' cross-entropies with these, [n], and with their own: all together 1. */
  readonly shares: Value;
  readonly ownShares: Value;
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

/** A clone's part of the loss. */
interface CloneLoss {
  readonly crossEntropy: Value;
  /** Weighted; undefined where the net has no auxiliary head. */
  readonly auxiliaryLoss?: Value;
  /** Their sum, divided by the number of clones. */
  readonly value: Value;
}

/** Weight of an auxiliary head's loss, as in TF-Slim's training script. */
const AUXILIARY_WEIGHT = 0.4;

/** Records the loss of one clone among `numClones`. */
export function cloneLoss(
  { logits, auxLogits, labels, mixed }: Clone,
  { labelSmoothing = 0, numClones = 1 }: { labelSmoothing?: number; numClones?: number } = {},
): CloneLoss {
  const record = (logits: Value, scope: string) => {
    const of = (labels: Value) => softmaxCrossEntropy(logits, labels, { labelSmoothing, scope });
    const value = `${scope}/value`;
    if (!mixed) return mean(of(labels), { scope: value });
    const own = weightedSum(of(labels), mixed.ownShares, { scope: value });
    return add(own, weightedSum(of(mixed.labels), mixed.shares, { scope: value }), { scope: value });
  };
  const crossEntropy = record(logits, "softmax_cross_entropy_loss");
  const auxiliaryLoss = auxLogits &&
    scale(record(auxLogits, "aux_loss"), AUXILIARY_WEIGHT, { scope: "aux_loss" });
  const share = (loss: Value) =>
    numClones === 1 ? loss : scale(loss, 1 / numClones, { scope: "scaled_clone_loss" });
  const value = sum([crossEntropy, ...auxiliaryLoss ? [auxiliaryLoss] : []].map(share));
  return { crossEntropy, auxiliaryLoss, value };
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
  const losses = clones.map((clone) => cloneLoss(clone, { labelSmoothing, numClones: clones.length }));
  const data = sum(losses.map(({ value }) => value));
  return {
    total: sum([data, ...regularization.map((r) => r.value)]),
    data,
    crossEntropies: losses.map(({ crossEntropy }) => crossEntropy),
    auxiliaryLosses: losses.flatMap(({ auxiliaryLoss }) => auxiliaryLoss ?? []),
  };
}

/** Sum of scalars, in order. */
export function sum(parts: readonly Value[]): Value {
  return parts.reduce((a, b) => add(a, b, { scope: "total_loss" }));
}

/**
 * The examples' losses [n], each times its weight, summed and divided by the number of weights that are not 0, as
 * `tf.losses.compute_weighted_loss`; 0 where all of them are.
 */
export function weightedMean(losses: Value, weights: readonly number[]): Value {
  const count = Math.max(1, weights.filter((w) => w !== 0).length);
  const shares = Float32Array.from(weights, (w) => w / count);
  return weightedSum(losses, losses.tape.constant(shares, [weights.length]));
}
