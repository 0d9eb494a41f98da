/**
 * Turns the original archive of CIFAR-10 into the records that TF-Slim trains from.
 *
 * Either archive will do: Python's pickles, or the binary version with a label and three planes of pixels for each picture.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { readUnpacked } from "../formats/byte_stream.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { concatenate, type Files } from "../formats/files.ts";
import { baseName, joinPath } from "../formats/paths.ts";
import { NdArray, readPickle } from "../formats/pickle.ts";
import { encodePng } from "../formats/png.ts";
import { readTar } from "../formats/tar.ts";
import { cifar10ClassNames, cifar10Descriptor, cifar10Splits } from "./cifar10.ts";
import { type ConvertedFile, keepRecords, writeLabels, writeRecords } from "./conversion.ts";
import { encodeImageExample } from "./image_example.ts";

/** Rows and columns of a picture. */
const SIDE = 32;
/** Values of a picture: planes of red, green and blue, row after row. */
const PICTURE_BYTES = 3 * SIDE * SIDE;

/** Some of the pictures, as the original files hold them. */
interface Batch {
  /** A picture after the other, [count, 3, 32, 32]. */
  readonly pixels: Uint8Array;
  /** [count]. */
  readonly labels: ArrayLike<number>;
}

/** The archives, the better one first, and how to read their files. */
const archives: Readonly<Record<string, (name: string, bytes: Uint8Array) => Batch>> = {
  "cifar-10-python.tar.gz": (name, bytes) => readPickledBatch(bytes, name),
  "cifar-10-binary.tar.gz": (name, bytes) => readBinaryBatch(bytes, name),
};

/** Most bytes that a file of the archive, and the archive, may have: twice what the published ones have. */
const MAX_FILE_BYTES = 2 ** 26;
const MAX_BYTES = 2 ** 29;

/**
 * Writes the records and the label file of CIFAR-10 next to its original archive, which stays.
 *
 * A file that is there is kept, once its records have been counted; the others are written whole or not at all.
 *
 * @param directory where one of the two archives is
 * @returns the files as they are dealt with
 * @throws {NotFoundError} if neither archive is there, or a batch is missing in it; says which command gets it
 * @throws {DataLossError} if the archive, or a file to be kept, is damaged
 * @throws {RangeError} if a label is no class
 */
export async function* convertCifar10(directory: string, files: Files): AsyncGenerator<ConvertedFile> {
  for (const [splitName, batches] of Object.entries(cifar10Splits)) {
    const path = joinPath(directory, cifar10Descriptor.filePattern.replace("%s", splitName));
    yield await keepRecords(files, path) ??
      await writeRecords(files, path, examples(readBatches(files, await findArchive(), batches)));
  }
  yield await writeLabels(files, directory, cifar10ClassNames);

  async function findArchive(): Promise<string> {
    for (const name of Object.keys(archives)) {
      const path = joinPath(directory, name);
      if (await files.size(path) !== undefined) return path;
    }
    throw new NotFoundError(
      `Cannot convert cifar10: neither ${
        Object.keys(archives).join(" nor ")
      } is in "${directory}"; get one with ` +
        `tools/download.ts --dataset_name=cifar10 --dataset_dir=${directory}`,
      joinPath(directory, Object.keys(archives)[0]),
    );
  }
}

/**
 * Reads some of the batches of an archive, in the order of `wanted` and not of the archive: of those that come too early
 * only the pixels are held.
 */
async function* readBatches(files: Files, archive: string, wanted: readonly string[]): AsyncGenerator<Batch> {
  const read = archives[baseName(archive)], early = new Map<string, Batch>();
  let next = 0;
  for await (
    const { kind, path, size, data } of readTar(readUnpacked(files, archive), {
      path: archive,
      maxBytes: MAX_BYTES,
    })
  ) {
    const name = baseName(path).replace(/\.bin$/, "");
    if (kind !== "file" || !wanted.includes(name)) continue;
    if (size > MAX_FILE_BYTES) {
      throw new RangeError(`Cannot read "${path}" of "${archive}": it has ${size} bytes`);
    }
    early.set(name, read(`${archive}: ${path}`, await concatenate(data)));
    for (let batch = early.get(wanted[next]); batch !== undefined; batch = early.get(wanted[next])) {
      early.delete(wanted[next++]);
      yield batch;
    }
  }
  if (next === wanted.length) return;
  throw new NotFoundError(
    `Cannot convert "${archive}": it has no ${wanted[next]}; download it again`,
    archive,
  );
}

/** Reads a batch as NumPy's array and a list of labels were pickled. */
function readPickledBatch(bytes: Uint8Array, name: string): Batch {
  const content = readPickle(bytes, name);
  const [data, labels] = content instanceof Map ? [content.get("data"), content.get("labels")] : [];
  if (
    !(data instanceof NdArray) || !Array.isArray(labels) ||
    !labels.every((label) => typeof label === "number")
  ) {
    throw new DataLossError(`Cannot read "${name}": it is not a batch of CIFAR-10, with data and labels`, {
      path: name,
    });
  }
  if (data.data.length !== labels.length * PICTURE_BYTES) {
    throw new DataLossError(
      `Cannot read "${name}": ${labels.length} labels do not fit data of ${data.shape.join(" x ")} bytes`,
      { path: name },
    );
  }
  return checkLabels({ pixels: data.data, labels: labels as number[] }, name);
}

/** Reads a batch of records of a label and a picture. */
function readBinaryBatch(bytes: Uint8Array, name: string): Batch {
  const recordSize = 1 + PICTURE_BYTES, count = bytes.length / recordSize;
  if (!Number.isInteger(count)) {
    throw new DataLossError(
      `Cannot read "${name}": its ${bytes.length} bytes are no multiple of ${recordSize}, a label and a picture`,
      { path: name, offset: bytes.length },
    );
  }
  const pixels = new Uint8Array(count * PICTURE_BYTES), labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * recordSize];
    pixels.set(bytes.subarray(i * recordSize + 1, (i + 1) * recordSize), i * PICTURE_BYTES);
  }
  return checkLabels({ pixels, labels }, name);
}

function checkLabels(batch: Batch, name: string): Batch {
  const bad = Array.from(batch.labels).findIndex((label) => !(label in cifar10ClassNames));
  if (bad < 0) return batch;
  throw new RangeError(
    `Cannot convert "${name}": label ${bad} is ${batch.labels[bad]}, but there are classes 0 to ` +
      `${cifar10ClassNames.length - 1} only; check that it is the right file of the data set`,
  );
}

/** The tf.Example of each picture: a PNG and its label. */
async function* examples(batches: AsyncIterable<Batch>): AsyncGenerator<Uint8Array> {
  for await (const { pixels, labels } of batches) {
    for (let i = 0; i < labels.length; i++) {
      const data = interleave(pixels.subarray(i * PICTURE_BYTES, (i + 1) * PICTURE_BYTES));
      const encoded = encodePng({ data, height: SIDE, width: SIDE, channels: 3 });
      yield encodeImageExample({ encoded, format: "png", height: SIDE, width: SIDE, label: labels[i] });
    }
  }
}

/** [3, pixels] to [pixels, 3]. */
function interleave(planes: Uint8Array): Uint8Array {
  const plane = planes.length / 3, out = new Uint8Array(planes.length);
  for (let c = 0; c < 3; c++) for (let i = 0; i < plane; i++) out[3 * i + c] = planes[c * plane + i];
  return out;
}
