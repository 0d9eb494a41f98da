/**
 * What a net is: one record with its builder and everything that tools need to know about it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type ArgScope, type RegularizationLoss, Scope } from "../layers/scope.ts";
import type { Tape, Value } from "../tape/tape.ts";

/** Options that every net takes. */
export interface NetOptions {
  /** 0: features only, no logits. */
  readonly numClasses: number;
  readonly isTraining: boolean;
  /** Probability of keeping a value in dropout; left out: the net's own. */
  readonly dropoutKeepProb?: number;
}

/** A net of the library. */
export interface Net {
  /** Registry name, as TF-Slim's factory spells it. */
  readonly name: string;
  readonly defaultImageSize: number;
  /** Channels of the images it was designed for; others work as well. */
  readonly channels: number;
  /** Family of its preprocessing. */
  readonly preprocessing: string;
  /** Scopes of the layers whose shape follows the number of classes. */
  readonly headScopes: readonly string[];
  readonly paper: string;
  /** Default of its own arg scope; the training script has another. */
  readonly argScope: (options: { weightDecay: number }) => ArgScope;
  /** Records the net and its end points; returns logits [n, numClasses], or features if numClasses is 0. */
  readonly build: (s: Scope, images: Value, options: NetOptions) => Value;
}

/** A recorded net. */
export interface BuiltNet {
  /** Logits [n, numClasses], or features. */
  readonly logits: Value;
  readonly endPoints: ReadonlyMap<string, Value>;
  readonly regularizationLosses: readonly RegularizationLoss[];
}

/** Records a net on a tape. Recording twice on one tape shares the variables. */
export function buildNet(
  tape: Tape,
  net: Net,
  images: Value,
  options: NetOptions & { weightDecay?: number; seed?: number },
): BuiltNet {
  const root = Scope.root(tape, options.seed ?? 0).with(
    net.argScope({ weightDecay: options.weightDecay ?? 0 }),
  );
  const logits = net.build(root, images, options);
  return { logits, endPoints: root.endPoints, regularizationLosses: root.regularizationLosses };
}
