/**
 * An image classifier on a tape: byte images in, preprocessing, net, logits out.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { getPreprocessing } from "../preprocessing/preprocessing_factory.ts";
import type { Precision } from "../tape/plan.ts";
import type { Tape, Value } from "../tape/tape.ts";
import type { TrainedClone } from "./step.ts";

/** What decides a classifier's shapes and numbers. */
export interface ClassifierOptions {
  readonly modelName: string;
  /** Left out: the net's own. */
  readonly preprocessingName?: string;
  readonly numClasses: number;
  /** Height, width and channels of the data set's images. */
  readonly imageShape: readonly [number, number, number];
  /** Side of the images that the net gets. Left out: the net's own. */
  readonly imageSize?: number;
  readonly batchSize: number;
  readonly isTraining: boolean;
  /** @default {0} */
  readonly weightDecay?: number;
  /** Copies of the net that share the batch. @default {1} */
  readonly numClones?: number;
  /** Decides initial values, dropout and distortions. @default {0} */
  readonly seed?: number;
  /** Left out: the net's own. */
  readonly dropoutKeepProb?: number;
  /** Scopes whose batch normalization uses and keeps its moving statistics in training. */
  readonly keepsStatistics?: (scope: string) => boolean;
  /** How images lie between operations. @default {"f32"} */
  readonly precision?: Precision;
}

/** A recorded copy of the net with its end points. Feeds of copy i: `images<i>` (u8) and `labels<i>` (i32); `step` (u32). */
export interface RecordedClone extends TrainedClone {
  readonly endPoints: ReadonlyMap<string, Value>;
}

/** Records a classifier, one copy after another as they are asked for; they share their variables. */
export function* recordClassifier(tape: Tape, options: ClassifierOptions): Generator<RecordedClone> {
  const { imageShape, batchSize, numClones = 1, seed = 0, ...rest } = options;
  const net = getNet(options.modelName),
    preprocess = getPreprocessing(options.preprocessingName ?? net.preprocessing);
  const side = options.imageSize ?? net.publishedImageSize ?? net.defaultImageSize,
    share = batchSize / numClones;
  if (!Number.isInteger(share)) {
    throw new RangeError(
      `Cannot share a batch of ${batchSize} among ${numClones} clones: it does not divide evenly`,
    );
  }
  const step = tape.feed("step", [1], "u32");
  for (let i = 0; i < numClones; i++) {
    const { numClasses, isTraining, dropoutKeepProb, weightDecay, keepsStatistics } = rest;
    const bytes = tape.feed(`images${i}`, [share, ...imageShape], "u8");
    const images = preprocess(bytes, { height: side, width: side, isTraining, step, seed: seed + i });
    const recorded = buildNet(tape, net, images, {
      numClasses,
      isTraining,
      dropoutKeepProb,
      weightDecay,
      keepsStatistics,
      seed: seed + i,
    });
    yield { ...recorded, labels: tape.feed(`labels${i}`, [share], "i32") };
  }
}
