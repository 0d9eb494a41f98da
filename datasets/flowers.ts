/**
 * Flowers: 3,670 photos of any size in 5 classes, of which TF-Slim keeps 350 for validation.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RecordDescriptor } from "./record_split.ts";

/** Folder of the photos inside of the published archive, and beside it once it is unpacked. */
export const FLOWERS_FOLDER = "flower_photos";
/** The published archive. */
export const FLOWERS_ARCHIVE = "flower_photos.tgz";

/** Flowers in records. */
export const flowersDescriptor: RecordDescriptor = {
  name: "flowers",
  splits: ["train", "validation"],
  filePattern: "flowers_%s_*.tfrecord",
  classNames: ["daisy", "dandelion", "roses", "sunflowers", "tulips"],
  channels: 3,
  itemsToDescriptions: {
    image: "A coloured photo of a flower, of any size",
    label: "Which of the five kinds, 0 to 4",
  },
};
