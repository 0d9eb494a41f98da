/**
 * An image classifier on a tape: byte images in, preprocessing, net, logits out.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { MovingAverage, RegularizationLoss } from "../layers/scope.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { getPreprocessing } from "../preprocessing/preprocessing_factory.ts";
import type { Precision } from "../tape/plan.ts";
import type { Tape, Value } from "../tape/tape.ts";
import type { Clone } from "./losses.ts";

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
  /** How images lie between operations. @default {"f32"} */
  readonly precision?: Precision;
}

/** A recorded classifier. Feeds: images0, images1, ... (u8), labels0, ... (i32), one pair a clone, and step (u32). */
export interface Classifier {
  readonly clones: readonly Clone[];
  readonly regularizationLosses: readonly RegularizationLoss[];
  /** Of the first clone, as in TF-Slim. */
  readonly movingAverages: readonly MovingAverage[];
  /** Of the first clone. */
  readonly endPoints: ReadonlyMap<string, Value>;
}

/** Records a classifier; the clones share their variables. */
export function recordClassifier(tape: Tape, options: ClassifierOptions): Classifier {
  const { numClasses, imageShape, batchSize, isTraining, numClones = 1, seed = 0 } = options;
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
  const built = Array.from({ length: numClones }, (_, i) => {
    const bytes = tape.feed(`images${i}`, [share, ...imageShape], "u8");
    const images = preprocess(bytes, { height: side, width: side, isTraining, step, seed: seed + i });
    const { dropoutKeepProb, weightDecay } = options;
    const recorded = buildNet(tape, net, images, {
      numClasses,
      isTraining,
      dropoutKeepProb,
      weightDecay,
      seed: seed + i,
    });
    return { ...recorded, labels: tape.feed(`labels${i}`, [share], "i32") };
  });
  const { regularizationLosses, movingAverages, endPoints } = built[0];
  const clones = built.map(({ logits, auxLogits, labels }) => ({ logits, auxLogits, labels }));
  return { clones, regularizationLosses, movingAverages, endPoints };
}
