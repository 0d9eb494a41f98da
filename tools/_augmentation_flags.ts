/**
 * Flags of augmentation beyond TF-Slim's preprocessing.
 *
 * @module
 */
import { parseRandAugment } from "../preprocessing/rand_augment.ts";
import type { Augmentation } from "../preprocessing/augmentation.ts";
import { reasonOf } from "../formats/errors.ts";
import { UsageError } from "./_flags.ts";

const augmentation = { group: "Augmentation" } as const;

/** What is done to images in training, beside what the preprocessing does. */
export const augmentationFlags = {
  fast_mode: {
    ...augmentation,
    type: "boolean",
    default: true,
    help:
      "Inception's preprocessing changes brightness and saturation only; --nofast_mode hue, contrast and resizing too",
  },
  randaugment: {
    ...augmentation,
    type: "string",
    help:
      "RandAugment in place of changes of colour: m9-n2 for two operations of strength 9 of 10 on each image",
  },
  mixup: {
    ...augmentation,
    type: "float",
    min: 0,
    help: "Alpha of MixUp, such as 0.2; without it or with 0 none",
  },
  cutmix: {
    ...augmentation,
    type: "float",
    min: 0,
    help: "Alpha of CutMix, such as 1.0; with --mixup, each takes half of the images",
  },
  random_erasing: {
    ...augmentation,
    type: "float",
    min: 0,
    max: 1,
    help: "Probability that a box of an image becomes noise, such as 0.25",
  },
} as const;

/** What the flags say. @throws {UsageError} where --randaugment is no policy */
export function augmentationOf(
  values: { randaugment?: string; mixup?: number; cutmix?: number; random_erasing?: number },
): Augmentation {
  const { randaugment, mixup, cutmix, random_erasing: randomErasing } = values;
  try {
    return {
      randAugment: randaugment ? parseRandAugment(randaugment) : undefined,
      mixup,
      cutmix,
      randomErasing,
    };
  } catch (thrown) {
    throw new UsageError(`--randaugment=${randaugment}: ${reasonOf(thrown)}`);
  }
}
