/**
 * The way of a batch into a program: where pictures are sampled is chosen, what is sampled is packed and uploaded.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Batch } from "../datasets/reader.ts";
import { PICTURE_WORDS } from "../kernels/image.ts";
import type { Net } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { BatchPacker } from "../preprocessing/batch_images.ts";
import type { PictureFeeds, Preprocessing, PreprocessingOptions } from "../preprocessing/preprocessing.ts";
import { getPreprocessing } from "../preprocessing/preprocessing_factory.ts";
import type { Picture } from "../preprocessing/sampling.ts";
import { Draws, hash32 } from "../random/philox.ts";
import type { Program } from "../tape/program.ts";
import type { Tape, Value } from "../tape/tape.ts";

/** What decides how a classifier's images are prepared. */
export interface ImageOptions {
  /** May be left out where preprocessing and size are given. */
  readonly modelName?: string;
  /** Left out: the net's own. */
  readonly preprocessingName?: string;
  /** Whether pictures in colour become grey: the net gets images of one channel. @default {false} */
  readonly useGrayscale?: boolean;
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
}

/** What is fed of a batch. */
export interface PicturesOfBatch extends Pick<Batch, "index"> {
  readonly images: readonly Picture[];
}

const STREAM = hash32("preprocessing");

/** Prepares the images of a classifier: records how, and feeds programs that have it recorded. */
export class ImageFeeder {
  readonly #family: Preprocessing;
  readonly #preprocessing: PreprocessingOptions;
  readonly #packer = new BatchPacker();

  constructor(readonly options: ImageOptions) {
    const { isTraining, useGrayscale, modelName = "" } = options;
    const sideOf = (net: Net) => net.publishedImageSize ?? net.defaultImageSize;
    const side = options.imageSize ?? sideOf(getNet(modelName));
    this.#family = getPreprocessing(options.preprocessingName ?? getNet(modelName).preprocessing);
    this.#preprocessing = { height: side, width: side, isTraining, useGrayscale };
  }

  /** Images of a clone: its share of the batch. */
  get share(): number {
    const { batchSize, numClones = 1 } = this.options, share = batchSize / numClones;
    if (Number.isInteger(share)) return share;
    throw new RangeError(
      `Cannot share a batch of ${batchSize} among ${numClones} clones: it does not divide evenly`,
    );
  }

  /** Records the images of clone i. Feeds: `images<i>`, packed pictures, and `pictures<i>`, their records. */
  record(tape: Tape, clone: number): Value {
    const { height, width } = this.#preprocessing, { channels } = this.options, { share } = this;
    const feeds: PictureFeeds = {
      packed: tape.bytesFeed(`images${clone}`, share * height * width * channels),
      pictures: tape.feed(`pictures${clone}`, [share, PICTURE_WORDS], "u32"),
      channels,
    };
    return this.#family.record(feeds, this.#preprocessing);
  }

  /** Feeds the images of a batch; its number decides the distortions, whatever the number of clones. */
  feed(program: Program, { index, images }: PicturesOfBatch): void {
    const { numClones = 1, seed = 0 } = this.options, { share } = this;
    for (let clone = 0; clone < numClones && program.takes(`images${clone}`); clone++) {
      const own = images.slice(clone * share, (clone + 1) * share);
      const prepared = own.map((picture, i) => {
        const draws = new Draws(seed, { stream: STREAM, step: index, place: clone * share + i });
        return { picture, ...this.#family.choose(picture, this.#preprocessing, draws) };
      });
      const { pixels, pictures } = this.#packer.pack(prepared, share);
      program.feed(`images${clone}`, pixels);
      program.feed(`pictures${clone}`, pictures);
    }
  }
}
