/**
 * MNIST (handwritten digits) and Fashion-MNIST (pictures of clothes): 60,000 training and 10,000 test images of 28 by 28
 * grey pixels in 10 classes. The two share every format, file names included, so that TF-Slim reads either directory as
 * its `mnist`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RecordDescriptor } from "./record_split.ts";

/** Files of a split, `%s` standing for its name: TF-Slim's. */
export const MNIST_FILE_PATTERN = "mnist_%s.tfrecord";

/** Splits by name, and what the original files of each begin with. */
export const mnistSplits = { train: "train", test: "t10k" } as const;

/** Names of the classes by data set, in the order of the labels. */
export const mnistClassNames = {
  mnist: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
  fashion_mnist: [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
} as const;

/** The data sets of MNIST's format. */
export type MnistName = keyof typeof mnistClassNames;

/** What the items of a record mean. */
export const mnistItems = {
  mnist: { image: "A [28, 28, 1] grey picture of a digit", label: "The digit, 0 to 9" },
  fashion_mnist: { image: "A [28, 28, 1] grey picture of a piece of clothing", label: "Its kind, 0 to 9" },
} as const;

/** MNIST or Fashion-MNIST in records; only names and descriptions differ. */
export function mnistDescriptor(name: MnistName): RecordDescriptor {
  return {
    name,
    splits: Object.keys(mnistSplits),
    filePattern: MNIST_FILE_PATTERN,
    classNames: mnistClassNames[name],
    channels: 1,
    itemsToDescriptions: mnistItems[name],
  };
}
