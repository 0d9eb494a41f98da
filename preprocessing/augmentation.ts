/**
 * Augmentation beyond TF-Slim's: MixUp, CutMix and random erasing, chosen for each image of a batch.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { symmetricBeta } from "../random/beta.ts";
import type { Draws } from "../random/philox.ts";
import type { RandAugment } from "./rand_augment.ts";
import type { PixelBox } from "./sampling.ts";

/** What is done to images in training; what is left out is not. */
export interface Augmentation {
  /** Several random operations of one strength on each image, in place of the family's changes of colour. */
  readonly randAugment?: RandAugment;
  /** Alpha of MixUp: images are blended with others of the batch (Zhang et al., "mixup", 2018). */
  readonly mixup?: number;
  /** Alpha of CutMix: boxes of others are pasted (Yun et al., "CutMix", 2019). With both, each takes half of the images. */
  readonly cutmix?: number;
  /** Probability that a box of an image becomes noise (Zhong et al., "Random Erasing Data Augmentation", 2017). */
  readonly randomErasing?: number;
}

/** What an image gets from another one of its batch. */
export interface Mixing {
  /** Place of the other. */
  readonly partner: number;
  /** Share of the image's own values in those outside of the pasted box. */
  readonly share: number;
  /** Where the other is pasted. */
  readonly pasted: PixelBox;
  /** Share of the image's own class. */
  readonly labelShare: number;
}

/** A box that becomes noise, and which. */
export interface Erasing {
  /** The box. */
  readonly erased: PixelBox;
  /** Decides the noise, 32 bits. */
  readonly noise: number;
}

const NOWHERE: PixelBox = [0, 0, 0, 0];
/** Of erased boxes: share of the image's area, and largest height by width or width by height. */
const ERASED_AREA = [0.02, 1 / 3] as const, ERASED_ASPECT = 1 / 0.3;
/** Boxes tried before an image is left as it is. */
const MAX_ATTEMPTS = 10;

/** Whether images get something of others. */
export function mixes({ mixup = 0, cutmix = 0 }: Augmentation): boolean {
  return mixup > 0 || cutmix > 0;
}

/**
 * Who is mixed with whom: every image of a batch has another one as its partner, if there are two.
 *
 * @param draws of the batch
 * @returns for each place that of its partner
 */
export function choosePartners(places: number, draws: Draws): number[] {
  const shift = places > 1 ? 1 + draws.below(places - 1) : 0;
  return Array.from({ length: places }, (_, place) => (place + shift) % places);
}

/** How an image is mixed with its partner. */
export function chooseMixing(
  { mixup = 0, cutmix = 0 }: Augmentation,
  [height, width]: readonly [number, number],
  partner: number,
  draws: Draws,
): Mixing {
  if (cutmix === 0 || (mixup > 0 && draws.chance())) {
    const share = symmetricBeta(draws, mixup);
    return { partner, share, pasted: NOWHERE, labelShare: share };
  }
  // A box of the image's shape around a point anywhere, so that it may be cut off; what is left of it counts.
  const side = Math.sqrt(1 - symmetricBeta(draws, cutmix));
  const axis = (size: number): [start: number, length: number] => {
    const length = Math.floor(side * size), start = draws.below(size) - (length >> 1);
    return [Math.max(0, start), Math.min(size, start + length) - Math.max(0, start)];
  };
  const [top, h] = axis(height), [left, w] = axis(width);
  return { partner, share: 1, pasted: [top, left, h, w], labelShare: 1 - h * w / (height * width) };
}

/** Which part of an image becomes noise; undefined for none. */
export function chooseErasing(
  { randomErasing = 0 }: Augmentation,
  [height, width]: readonly [number, number],
  draws: Draws,
): Erasing | undefined {
  if (!draws.chance(randomErasing)) return undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const area = draws.uniform(...ERASED_AREA) * height * width;
    const aspect = Math.exp(draws.uniform(-1, 1) * Math.log(ERASED_ASPECT));
    const h = Math.round(Math.sqrt(area * aspect)), w = Math.round(Math.sqrt(area / aspect));
    if (h < 1 || w < 1 || h >= height || w >= width) continue;
    return { erased: [draws.below(height - h + 1), draws.below(width - w + 1), h, w], noise: draws.bits() };
  }
}
