/**
 * What a net is: one record with its builder and everything that tools need to know about it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ArgScope } from "../layers/arguments.ts";
import { Layers } from "../layers/layers.ts";
import type { Identity, MovingAverage, RegularizationLoss } from "../layers/scope.ts";
import type { Tape, Value } from "../tape/tape.ts";

/** Options that every net takes. */
export interface CommonOptions {
  /** 0: features only, no logits. */
  readonly numClasses: number;
  readonly isTraining: boolean;
  /** Probability of keeping a value in dropout (NASNet: `dense_dropout_keep_prob`); left out: the net's own. */
  readonly dropoutKeepProb?: number;
}

/** Options that some nets take, under TF-Slim's names; left out: the net's own. */
export interface VariantOptions {
  /** Stop after the base: no pooling, no logits; the result is the final end point. */
  readonly baseOnly?: boolean;
  /** Last end point of the base. */
  readonly finalEndpoint?: string;
  /** Whether features are averaged over height and width before the logits, whatever the image size. */
  readonly globalPool?: boolean;
  /** Ratio of image size to feature map size; smaller ones replace strides by dilated convolutions. */
  readonly outputStride?: number;
  /** Whether logits are [n, numClasses] instead of [n, height, width, numClasses]. */
  readonly spatialSqueeze?: boolean;
  /** Factor of all depths. */
  readonly depthMultiplier?: number;
  /** Least depth after multiplication. */
  readonly minDepth?: number;
  /** Whether a MobileNet's last layer keeps its depth, however small `depthMultiplier` is. */
  readonly finegrainClassificationMode?: boolean;
  readonly createAuxLogits?: boolean;
  /** Padding of the convolutions that stand for fully connected layers. */
  readonly fcConvPadding?: "SAME" | "VALID";
  /** Probability of keeping a path in NASNet's scheduled drop path. */
  readonly dropPathKeepProb?: number;
  /** Steps over which drop path grows to its full strength. */
  readonly totalTrainingSteps?: number;
  /** Symmetric padding before strided convolutions, as other frameworks do, in place of "SAME". */
  readonly useExplicitPadding?: boolean;
  readonly useSeparableConv?: boolean;
  /** Whether "SAME" replaces "VALID", so that feature maps stay aligned with the image. */
  readonly alignFeatureMaps?: boolean;
  /** relu6 in place of relu in NASNet. */
  readonly useBoundedActivation?: boolean;
}

/** Name of an option that only some nets take. */
export type VariantOption = keyof VariantOptions;

/** Options of a net's builder. */
export interface NetOptions extends CommonOptions, VariantOptions {}

/** A net of the library. */
export interface Net {
  /** Registry name, as TF-Slim's factory spells it. */
  readonly name: string;
  readonly defaultImageSize: number;
  /** Side of the images that its published checkpoints take, where that is another. */
  readonly publishedImageSize?: number;
  /** Channels of the images it was designed for; others work as well. */
  readonly channels: number;
  /** Family of its preprocessing. */
  readonly preprocessing: string;
  /** Classes of its published checkpoints: 1001 counts the background as class 0. Small nets: those of their data set. */
  readonly numClasses: number;
  /** Scopes of the layers whose shape follows the number of classes. */
  readonly headScopes: readonly string[];
  readonly paper: string;
  /** Trainable parameters with `numClasses` classes at the default size in training, auxiliary head included. */
  readonly parameters: number;
  /** Multiply-accumulate operations for one image of the default size in inference, with `numClasses` classes. */
  readonly macs: number;
  /** The variant options that it takes. */
  readonly options: readonly VariantOption[];
  /** Default of its own arg scope; the training script has another. */
  readonly argScope: (options: { weightDecay: number }) => ArgScope;
  /** Records the net and its end points; returns logits [n, numClasses], or features if numClasses is 0. */
  readonly build: (s: Layers, images: Value, options: NetOptions) => Value;
}

/** A recorded net. */
export interface BuiltNet {
  /** Logits [n, numClasses], or features. */
  readonly logits: Value;
  /** Logits of the auxiliary head, where the net has one. */
  readonly auxLogits?: Value;
  readonly endPoints: ReadonlyMap<string, Value>;
  readonly regularizationLosses: readonly RegularizationLoss[];
  /** What batch normalization moves after each training step. */
  readonly movingAverages: readonly MovingAverage[];
  /** Where TF's graph has one more name for a value. */
  readonly identities: readonly Identity[];
}

/** Records a net on a tape. Recording twice on one tape shares the variables. */
export function buildNet(
  tape: Tape,
  net: Net,
  images: Value,
  options: NetOptions & {
    weightDecay?: number;
    seed?: number;
    /** Scopes whose batch normalization uses and keeps its moving statistics in training. */
    keepsStatistics?: (scope: string) => boolean;
  },
): BuiltNet {
  const { weightDecay = 0, seed = 0, keepsStatistics, ...rest } = options;
  checkOptions(net, rest, images);
  const root = Layers.root(tape, seed, keepsStatistics).with({
    batchNorm: { isTraining: rest.isTraining },
    dropout: { isTraining: rest.isTraining },
  }).with(net.argScope({ weightDecay }));
  const logits = net.build(root, images, rest);
  const { endPoints, regularizationLosses, movingAverages, identities } = root;
  const auxLogits = endPoints.get("AuxLogits");
  return { logits, auxLogits, endPoints, regularizationLosses, movingAverages, identities };
}

function checkOptions(net: Net, options: NetOptions, images: Value): void {
  const { numClasses, isTraining: _, dropoutKeepProb: __, ...variants } = options;
  const cannot = `Cannot build ${net.name}`;
  if (!Number.isInteger(numClasses) || numClasses < 0) {
    throw new RangeError(`${cannot} with ${numClasses} classes: a whole number of at least 0 is needed`);
  }
  if (images.shape.length !== 4) {
    throw new RangeError(
      `${cannot} on [${images.shape}]: images need 4 dimensions [n, height, width, channels]`,
    );
  }
  for (const [name, value] of Object.entries(variants)) {
    if (value === undefined || (net.options as readonly string[]).includes(name)) continue;
    throw new RangeError(
      `${cannot} with ${name}: ${
        net.options.length > 0 ? `it takes ${net.options.join(", ")}` : "it has no variants"
      }`,
    );
  }
}

/** The value, if it is one of those allowed; else throws a RangeError that lists them. */
export function oneOf<T>(scope: string, option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new RangeError(`Cannot build ${scope} with ${option} ${value}: it must be ${allowed.join(", ")}`);
}
