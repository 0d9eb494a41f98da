/**
 * Normalizations and softmax of a graph.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { booleanAttribute, floatAttribute, integerAttribute } from "../../formats/graph_def/attributes.ts";
import { batchNorm, batchNormInference } from "../../tape/ops/batch_norm.ts";
import { softmax } from "../../tape/ops/losses.ts";
import { localResponseNormalization } from "../../tape/ops/lrn.ts";
import { computed, type Rule } from "./operand.ts";
import { assertNhwc } from "./windows.ts";

/** Inputs: x, gamma, beta, mean, variance; in a graph for training the last two are empty. */
const fusedBatchNorm: Rule = (c) => {
  assertNhwc(c.node);
  const [x, gamma, beta] = [c.value(0), c.value(1), c.value(2)];
  const options = { epsilon: floatAttribute(c.node, "epsilon") ?? 1e-4, ...c.scoped };
  if (booleanAttribute(c.node, "is_training") ?? true) {
    return computed(batchNorm(x, { beta, gamma }, options).y);
  }
  return computed(batchNormInference(x, { beta, gamma, mean: c.value(3), variance: c.value(4) }, options));
};

const lrn: Rule = (c) =>
  computed(localResponseNormalization(c.value(0), {
    ...c.scoped,
    depthRadius: integerAttribute(c.node, "depth_radius") ?? 5,
    bias: floatAttribute(c.node, "bias") ?? 1,
    alpha: floatAttribute(c.node, "alpha") ?? 1,
    beta: floatAttribute(c.node, "beta") ?? 0.5,
  }));

/** The rules of this file. */
export const normalizations: Readonly<Record<string, Rule>> = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: lrn,
  Softmax: (c) => computed(softmax(c.value(0), c.scoped)),
};
