/**
 * The way of a batch into a program: where pictures are sampled is chosen, what is sampled is packed and uploaded.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Batch } from "../datasets/reader.ts";
import type { Box as Part } from "../formats/pixels.ts";
import { DISTORTION_WORDS } from "../kernels/distort.ts";
import { PICTURE_WORDS } from "../kernels/image.ts";
import type { Net } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import {
  type Augmentation,
  chooseErasing,
  chooseMixing,
  choosePartners,
  mixes,
} from "../preprocessing/augmentation.ts";
import { BatchPacker, type PreparedPicture } from "../preprocessing/batch_images.ts";
import type { PictureFeeds, Preprocessing, PreprocessingOptions } from "../preprocessing/preprocessing.ts";
import { getPreprocessing } from "../preprocessing/preprocessing_factory.ts";
import { chooseDistortions } from "../preprocessing/rand_augment.ts";
import { neededPart, type PictureAbout, type SourcePicture } from "../preprocessing/sampling.ts";
import { plainView, seenFrom, type View } from "../preprocessing/views.ts";
import { Draws, hash32 } from "../random/philox.ts";
import { mixImages } from "../tape/ops/image.ts";
import type { Program } from "../tape/program.ts";
import type { Tape, Value } from "../tape/tape.ts";
import type { MixedLabels } from "./losses.ts";

/** What decides how a classifier's images are prepared. */
export interface ImageOptions {
  /** May be left out where preprocessing and size are given. */
  readonly modelName?: string;
  /** Left out: the net's own. */
  readonly preprocessingName?: string;
  /** Whether pictures in colour become grey: the net gets images of one channel. @default {false} */
  readonly useGrayscale?: boolean;
  /** Inception's in training: only bilinear resizing and changes of brightness and saturation. @default {true} */
  readonly fastMode?: boolean;
  /** In training: what TF-Slim does not do. @default {nothing} */
  readonly augmentation?: Augmentation;
  /** Channels of the data set's images. */
  readonly channels: number;
  /** Side of the images that the net gets. Left out: the net's own. */
  readonly imageSize?: number;
  readonly batchSize: number;
  readonly isTraining: boolean;
  /** Copies of the net that share the batch. @default {1} */
  readonly numClones?: number;
  /** Decides the distortions. @default {0} */
  readonly seed?: number;
  /** In evaluation: what is looked at. @default {what evaluation sees anyway} */
  readonly views?: readonly View[];
}

/** What is fed of a batch. */
export interface PicturesOfBatch extends Pick<Batch, "index"> {
  readonly images: readonly SourcePicture[];
}

/** Labels on a tape: of each image, and of what is mixed in where images are. */
export interface LabelFeeds {
  /** Class numbers [n], int32. */
  readonly labels: Value;
  readonly mixed?: MixedLabels;
}

const STREAM = hash32("preprocessing"), PARTNERS = hash32("partners");

/** Prepares the images of a classifier: records how, and feeds programs that have it recorded. */
export class ImageFeeder {
  readonly #family: Preprocessing;
  readonly #preprocessing: PreprocessingOptions;
  readonly #packer = new BatchPacker();

  constructor(readonly options: ImageOptions) {
    const { isTraining, useGrayscale, fastMode, modelName = "" } = options;
    const sideOf = (net: Net) => net.publishedImageSize ?? net.defaultImageSize;
    const side = options.imageSize ?? sideOf(getNet(modelName));
    const augmentation = isTraining ? options.augmentation : undefined;
    this.#family = getPreprocessing(options.preprocessingName ?? getNet(modelName).preprocessing);
    this.#preprocessing = { height: side, width: side, isTraining, useGrayscale, fastMode, augmentation };
  }

  /** Images of a clone: its share of the batch. */
  get share(): number {
    const { batchSize, numClones = 1 } = this.options, share = batchSize / numClones;
    if (Number.isInteger(share)) return share;
    throw new RangeError(
      `Cannot share a batch of ${batchSize} among ${numClones} clones: it does not divide evenly`,
    );
  }

  get #augmentation(): Augmentation {
    return this.#preprocessing.augmentation ?? {};
  }

  /**
   * Records the images of clone i. Feeds: `images<i>`, packed pictures, `pictures<i>`, their records, and with RandAugment
   * `distortions<i>`.
   */
  record(tape: Tape, clone: number): Value {
    const { height, width } = this.#preprocessing, { channels } = this.options, { share } = this;
    const { randAugment, randomErasing = 0 } = this.#augmentation;
    const feeds: PictureFeeds = {
      packed: tape.bytesFeed(`images${clone}`, share * height * width * channels),
      pictures: tape.feed(`pictures${clone}`, [share, PICTURE_WORDS], "u32"),
      distortions: randAugment &&
        tape.feed(`distortions${clone}`, [share, randAugment.count, DISTORTION_WORDS], "u32"),
      channels,
    };
    const images = this.#family.record(feeds, this.#preprocessing);
    if (!mixes(this.#augmentation) && randomErasing === 0) return images;
    return mixImages(images, feeds.pictures, this.#family.range(images.shape[3]));
  }

  /**
   * Records the labels of clone i. Feeds: `labels<i>`, and where images are mixed `otherLabels<i>`, `shares<i>` and
   * `otherShares<i>`.
   */
  recordLabels(tape: Tape, clone: number): LabelFeeds {
    const { share } = this, labels = tape.feed(`labels${clone}`, [share], "i32");
    if (!mixes(this.#augmentation)) return { labels };
    const mixed = {
      labels: tape.feed(`otherLabels${clone}`, [share], "i32"),
      ownShares: tape.feed(`shares${clone}`, [share]),
      shares: tape.feed(`otherShares${clone}`, [share]),
    };
    return { labels, mixed };
  }

  /** What is looked at of each image. */
  get views(): readonly View[] {
    return this.options.views ?? [plainView];
  }

  /** The part of a picture that its place in a batch needs: what reading need not decode is left out. */
  part(picture: PictureAbout, batch: number, place: number): Part {
    const { sampling } = this.#choose(picture, this.#drawsAt(batch, place));
    return neededPart(this.views.map((view) => seenFrom(sampling, picture, view)));
  }

  #drawsAt(step: number, place: number): Draws {
    return new Draws(this.options.seed ?? 0, { stream: STREAM, step, place });
  }

  #choose(picture: PictureAbout, draws: Draws): Omit<PreparedPicture, "picture"> {
    return this.#family.choose(picture, this.#preprocessing, draws);
  }

  /**
   * Feeds the images of a batch; its number decides the distortions.
   *
   * @param labels of all places, as the net counts classes; left out: none are fed
   * @param view one of `views`
   */
  feed(
    program: Program,
    { index, images }: PicturesOfBatch,
    labels?: Int32Array,
    view = this.views[0],
  ): void {
    const { numClones = 1 } = this.options, { share } = this;
    for (let clone = 0; clone < numClones && program.takes(`images${clone}`); clone++) {
      const first = clone * share;
      const prepared = this.#prepare(index, first, images.slice(first, first + share), view);
      const { pixels, pictures, distortions } = this.#packer.pack(prepared, share);
      program.feed(`images${clone}`, pixels);
      program.feed(`pictures${clone}`, pictures);
      if (distortions.length > 0) program.feed(`distortions${clone}`, distortions);
      if (labels) feedLabels(program, clone, labels.subarray(first, first + share), prepared);
    }
  }

  /** Chooses for the images of a clone, of which the first is at place `first` of batch `step`. */
  #prepare(step: number, first: number, pictures: readonly SourcePicture[], view: View): PreparedPicture[] {
    const { seed = 0 } = this.options, augmentation = this.#augmentation, { randAugment } = augmentation;
    const { height, width } = this.#preprocessing, size = [height, width] as const;
    const partners = mixes(augmentation)
      ? choosePartners(pictures.length, new Draws(seed, { stream: PARTNERS, step, place: first }))
      : undefined;
    return pictures.map((picture, i) => {
      const draws = this.#drawsAt(step, first + i), chosen = this.#choose(picture, draws);
      return {
        picture,
        ...chosen,
        sampling: seenFrom(chosen.sampling, picture, view),
        distortions: randAugment && chooseDistortions(randAugment, size, draws),
        erasing: chooseErasing(augmentation, size, draws),
        mixing: partners && chooseMixing(augmentation, size, partners[i], draws),
      };
    });
  }
}

/** Feeds the labels of a clone, and where images are mixed those of the partners and the share of each in the loss. */
function feedLabels(
  program: Program,
  clone: number,
  labels: Int32Array,
  prepared: readonly PreparedPicture[],
): void {
  program.feed(`labels${clone}`, labels);
  if (!program.takes(`otherLabels${clone}`)) return;
  const mixings = prepared.map(({ mixing }) => mixing!), count = labels.length;
  program.feed(`otherLabels${clone}`, Int32Array.from(mixings, ({ partner }) => labels[partner]));
  program.feed(`shares${clone}`, Float32Array.from(mixings, ({ labelShare }) => labelShare / count));
  program.feed(
    `otherShares${clone}`,
    Float32Array.from(mixings, ({ labelShare }) => (1 - labelShare) / count),
  );
}
