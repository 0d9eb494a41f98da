/**
 * Turns the original files of MNIST and Fashion-MNIST into the records that TF-Slim trains from.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { IdxImages } from "../formats/idx.ts";
import { encodePng } from "../formats/png.ts";
import { encodeImageExample } from "./image_example.ts";

/**
 * Gives the tf.Example of each picture, in file order: a PNG and its label.
 *
 * @param images the pictures
 * @param labels their classes, `[images.count]`
 * @throws {RangeError} if there are more of the one than of the other
 */
export function* mnistExamples(images: IdxImages, labels: Uint8Array): Generator<Uint8Array> {
  const { count, rows: height, columns: width, data } = images;
  if (labels.length !== count) {
    throw new RangeError(
      `Cannot pair ${count} pictures with ${labels.length} labels: the two files are not of one split`,
    );
  }
  for (let i = 0; i < count; i++) {
    const pixels = data.subarray(i * height * width, (i + 1) * height * width);
    const encoded = encodePng({ data: pixels, height, width, channels: 1 });
    yield encodeImageExample({ encoded, format: "png", height, width, label: labels[i] });
  }
}
