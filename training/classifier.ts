/**
 * An image classifier on a tape: pictures in, preprocessing, net, logits out.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import type { Precision } from "../tape/plan.ts";
import type { Tape, Value } from "../tape/tape.ts";
import { ImageFeeder, type ImageOptions } from "./feeding.ts";
import type { TrainedClone } from "./step.ts";

/** What decides a classifier's shapes and numbers. */
export interface ClassifierOptions extends ImageOptions {
  readonly modelName: string;
  readonly numClasses: number;
  /** @default {0} */
  readonly weightDecay?: number;
  /** Decides initial values, dropout and distortions. @default {0} */
  readonly seed?: number;
  /** Left out: the net's own. */
  readonly dropoutKeepProb?: number;
  /** Scopes whose batch normalization uses and keeps its moving statistics in training. */
  readonly keepsStatistics?: (scope: string) => boolean;
  /** How images lie between operations. @default {"f32"} */
  readonly precision?: Precision;
}

/** A recorded copy of the net with its end points. Feeds of copy i: those of {@linkcode ImageFeeder}, `labels<i>` (i32). */
export interface RecordedClone extends TrainedClone {
  readonly endPoints: ReadonlyMap<string, Value>;
  /** What the net gets, [n, height, width, channels]. */
  readonly images: Value;
}

/** Records a classifier, one copy after another as they are asked for; they share their variables. */
export function* recordClassifier(tape: Tape, options: ClassifierOptions): Generator<RecordedClone> {
  const { numClones = 1, seed = 0, numClasses, isTraining, dropoutKeepProb, weightDecay, keepsStatistics } =
    options;
  const feeder = new ImageFeeder(options), net = getNet(options.modelName);
  for (let i = 0; i < numClones; i++) {
    const images = feeder.record(tape, i);
    const recorded = buildNet(tape, net, images, {
      numClasses,
      isTraining,
      dropoutKeepProb,
      weightDecay,
      keepsStatistics,
      seed: seed + i,
    });
    yield { ...recorded, images, ...feeder.recordLabels(tape, i) };
  }
}
