/**
 * CIFAR-10: 50,000 training and 10,000 test pictures of 32 by 32 coloured pixels in 10 classes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RecordDescriptor } from "./record_split.ts";

/** Names of the classes in the order of the labels. */
export const cifar10ClassNames = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

/** Splits by name, and the batches of the original files that each is made of, in order. */
export const cifar10Splits = {
  train: ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
  test: ["test_batch"],
} as const;

/** CIFAR-10 in records. */
export const cifar10Descriptor: RecordDescriptor = {
  name: "cifar10",
  splits: Object.keys(cifar10Splits),
  filePattern: "cifar10_%s.tfrecord",
  classNames: cifar10ClassNames,
  channels: 3,
  itemsToDescriptions: {
    image: "A [32, 32, 3] coloured picture of a vehicle or an animal",
    label: "Which of the ten, 0 to 9",
  },
};
