/**
 * ImageNet: 1,281,167 training and 50,000 validation pictures of any size in 1,000 classes, and label 0 for the background, which
 * no picture has. Some training pictures come with boxes around the things that they show.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type FeatureSpec, parseSingleExample } from "../../formats/example.ts";
import { readImageExample } from "../image_example.ts";
import type { PictureRecord } from "../picture_record.ts";
import type { RecordDescriptor } from "../record_split.ts";
import { BACKGROUND, challengeNames } from "./classes.ts";

/** ImageNet in records. */
export const imagenetDescriptor: RecordDescriptor = {
  name: "imagenet",
  splits: ["train", "validation"],
  filePattern: "%s-*",
  classNames: [BACKGROUND, ...challengeNames.values()],
  channels: 3,
  itemsToDescriptions: {
    image: "A coloured picture, of any size",
    label: "What it shows, 1 to 1000; 0 is the background",
    "object/bbox": "Boxes around things of its class: ymin, xmin, ymax, xmax, each 0 to 1",
  },
  read: readImagenetExample,
  recipe: (directory) =>
    "  deno run --allow-net --allow-env=IMAGENET_USERNAME,IMAGENET_ACCESS_KEY --allow-read " +
    `--allow-write=${directory} tools/download_and_convert_imagenet.ts ${directory}`,
};

const corners: FeatureSpec = { length: "variable", kind: "float" };
const boxSpecs = {
  "image/object/bbox/ymin": corners,
  "image/object/bbox/xmin": corners,
  "image/object/bbox/ymax": corners,
  "image/object/bbox/xmax": corners,
};

/**
 * Reads the picture of a record, with its boxes where it has some.
 *
 * Their labels (`image/object/bbox/label`; TF-Slim's reader looks for `image/object/class/label` in vain) are that of the picture.
 *
 * @throws {ExampleError} if a feature is missing or of another type
 * @throws {RangeError} if the boxes lack coordinates
 */
export function readImagenetExample(record: Uint8Array): PictureRecord {
  const parsed = parseSingleExample(record, boxSpecs);
  const columns = Object.keys(boxSpecs).map((key) =>
    parsed[key as keyof typeof boxSpecs].value as Float32Array
  );
  const count = columns[0].length;
  if (columns.some(({ length }) => length !== count)) {
    throw new RangeError(`its boxes have ${columns.map(({ length }) => length).join(", ")} coordinates`);
  }
  const { encoded, label } = readImageExample(record);
  if (count === 0) return { encoded, label };
  return {
    encoded,
    label,
    boxes: Float32Array.from({ length: 4 * count }, (_, i) => columns[i % 4][i >> 2]),
  };
}
