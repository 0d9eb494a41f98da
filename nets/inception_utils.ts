/**
 * What the Inception nets share: their arg scope, and the modules, which are layers of a chain made of chains.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ArgScope } from "../layers/arguments.ts";
import { varianceScaling } from "../layers/initializers.ts";
import { concat } from "../tape/ops/arrange.ts";
import { type Chain, type Layer, recordChain } from "./chain.ts";

/** `inception_arg_scope`: weights decayed, batch normalization without gamma, initial values of He et al. (2015). */
export function inceptionArgScope({ weightDecay }: { weightDecay: number }): ArgScope {
  return {
    conv2d: { weightsInitializer: varianceScaling(), normalizer: "batchNorm", weightDecay },
    fullyConnected: { weightDecay },
    batchNorm: { decay: 0.9997, epsilon: 0.001 },
  };
}

/** An Inception module: chains side by side in the scopes `Branch_0`, `Branch_1`, ..., joined along the channels. */
export function mixed(...branches: (Chain | Layer)[]): Layer {
  return (s, x, scope) => {
    const module = s.scope(scope);
    const outputs = branches.map((branch, i) => {
      const name = `Branch_${i}`;
      return typeof branch === "function"
        ? branch(module, x, name)
        : recordChain(module.scope(name), x, branch);
    });
    return concat(outputs, { scope: module.name });
  };
}

/** A branch that ends in several layers side by side, joined along the channels. */
export function fork(stem: Chain, ends: Chain): Layer {
  return (s, x, scope) => {
    const branch = s.scope(scope), y = recordChain(branch, x, stem);
    return concat(Object.entries(ends).map(([end, layer]) => layer(branch, y, end)), { scope: branch.name });
  };
}
