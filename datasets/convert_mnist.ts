/**
 * Turns the original files of MNIST and Fashion-MNIST into the records that TF-Slim trains from.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError } from "../formats/errors.ts";
import type { Files } from "../formats/files.ts";
import { type IdxImages, parseIdxImages, parseIdxLabels } from "../formats/idx.ts";
import { encodePng } from "../formats/png.ts";
import { type ConvertedFile, keepRecords, writeLabels, writeRecords } from "./conversion.ts";
import { encodeImageExample } from "./image_example.ts";
import { MNIST_FILE_PATTERN, mnistClassNames, type MnistName, mnistSplits } from "./mnist.ts";
import { joinPath } from "../formats/paths.ts";

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

/**
 * Writes the records and the label file of a data set next to its original files, which stay.
 *
 * A file that is there is kept, once its records have been counted; the others are written whole or not at all.
 *
 * @param name which data set; the class names depend on it
 * @param directory where the four original files are, gzipped or not
 * @returns the files as they are dealt with
 * @throws {NotFoundError} if an original file is missing; says which command gets it
 * @throws {DataLossError} if an original file, or one to be kept, is damaged
 * @throws {RangeError} if pictures and labels do not fit each other or the classes
 */
export async function* convertMnist(
  name: MnistName,
  directory: string,
  files: Files,
): AsyncGenerator<ConvertedFile> {
  for (const [splitName, prefix] of Object.entries(mnistSplits)) {
    const path = joinPath(directory, MNIST_FILE_PATTERN.replace("%s", splitName));
    const kept = await keepRecords(files, path);
    if (kept) {
      yield kept;
      continue;
    }
    const images = parseIdxImages(...await readOriginal(`${prefix}-images-idx3-ubyte`));
    const [labelBytes, labelPath] = await readOriginal(`${prefix}-labels-idx1-ubyte`);
    const labels = parseIdxLabels(labelBytes, labelPath);
    checkLabels(labels, labelPath, mnistClassNames[name].length);
    yield await writeRecords(files, path, mnistExamples(images, labels));
  }
  yield await writeLabels(files, directory, mnistClassNames[name]);

  async function readOriginal(original: string): Promise<[Uint8Array, string]> {
    for (const path of [joinPath(directory, `${original}.gz`), joinPath(directory, original)]) {
      if (await files.size(path) !== undefined) return [await files.read(path), path];
    }
    throw new NotFoundError(
      `Cannot convert ${name}: ${original}.gz is not in "${directory}"; get it with tools/download.ts ` +
        `--dataset_name=${name} --dataset_dir=${directory}`,
      joinPath(directory, `${original}.gz`),
    );
  }
}

function checkLabels(labels: Uint8Array, path: string, numClasses: number): void {
  const bad = labels.findIndex((label) => label >= numClasses);
  if (bad < 0) return;
  throw new RangeError(
    `Cannot convert "${path}": label ${bad} is ${labels[bad]}, but there are classes 0 to ${
      numClasses - 1
    } only; ` +
      "check that it is the right file of the data set",
  );
}
