/**
 * The three archives that ImageNet's challenge of 2012 is published as, and what is in them.
 *
 * Pictures are read from the archives where they lie: an index says at which byte each begins. So nothing is unpacked, which
 * saves 150 GB, and there is no half-unpacked folder to worry about. Training pictures come in an archive for each synset,
 * inside the one archive.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { readUnpacked } from "../../formats/byte_stream.ts";
import { concatenate, type Files } from "../../formats/files.ts";
import { NotFoundError } from "../../formats/errors.ts";
import { baseName, directoryOf } from "../../formats/paths.ts";
import { readTar } from "../../formats/tar.ts";
import { type BoundingBoxTable, isAnnotationPath } from "./bounding_boxes.ts";
import { type ImagePlace, isImageName, sortImages } from "./images.ts";

/** A published archive. */
export interface Archive {
  readonly name: string;
  /** Most bytes that it has. */
  readonly maxBytes: number;
  /** As published, in hexadecimal digits. */
  readonly md5: string;
}

/** The archives by what they hold. */
export const archives: Readonly<Record<"boxes" | "validation" | "train", Archive>> = {
  boxes: {
    name: "ILSVRC2012_bbox_train_v2.tar.gz",
    maxBytes: 2 ** 25,
    md5: "9271167e2176350e65cfe4e546f14b17",
  },
  validation: {
    name: "ILSVRC2012_img_val.tar",
    maxBytes: 6_744_924_160,
    md5: "29b22e2961454d5413ddabcf34fc5622",
  },
  train: {
    name: "ILSVRC2012_img_train.tar",
    maxBytes: 147_897_477_120,
    md5: "1d675b47d978889d74fa0da5fadfb00e",
  },
};

/** Where ImageNet has them. */
export const archiveAddresses: readonly string[] = [
  "https://image-net.org/data/ILSVRC/2012/",
  "http://www.image-net.org/challenges/LSVRC/2012/nnoupb/",
];

/** A picture in an archive. */
export interface ArchivedImage {
  /** Its name behind that of the archive or folder that it is in, if it is in one: `n01440764/n01440764_10026.JPEG`. */
  path: string;
  offset: number;
  length: number;
}

/** Most bytes that the annotations may become when unpacked; the real ones are half a million small files. */
const maxAnnotationBytes = 2 ** 32;

/**
 * Lists the pictures in an archive, also in archives inside it.
 *
 * @param archive its path; it must not be gzipped
 * @throws {NotFoundError} if there is no such file
 * @throws {DataLossError} if it is damaged or cut
 * @throws {RangeError} if an entry leads outside, or it is gzipped
 */
export async function* listImages(files: Files, archive: string): AsyncGenerator<ArchivedImage> {
  const [first, second] = await files.readRange(archive, 0, 2);
  if (first === 0x1f && second === 0x8b) {
    throw new RangeError(
      `Cannot read pictures from "${archive}" in place: it is gzipped; unpack it with gunzip`,
    );
  }
  const maxBytes = Infinity; // it is not unpacked
  for await (const entry of readTar(readUnpacked(files, archive), { path: archive, maxBytes })) {
    if (entry.kind !== "file") continue;
    if (!entry.path.endsWith(".tar")) {
      if (isImageName(baseName(entry.path))) {
        yield { path: entry.path, offset: entry.offset, length: entry.size };
      }
      continue;
    }
    const folder = entry.path.slice(0, -".tar".length);
    for await (
      const inner of readTar(entry.data, { path: `${archive}: ${entry.path}`, maxBytes })
    ) {
      const name = baseName(inner.path);
      if (inner.kind !== "file" || !isImageName(name)) continue;
      yield { path: `${folder}/${name}`, offset: entry.offset + inner.offset, length: inner.size };
    }
  }
}

/** The first line of an index, which says of which archive it is. */
function indexTitle(size: number): string {
  return `pictures in an archive of ${size} bytes: offset, length, path`;
}

/**
 * Gives the pictures in an archive by an index that is made once and kept, since listing takes a look at all of it.
 *
 * @param indexPath where the index is or will be
 * @param onProgress called while it is made with the bytes behind and all of them
 * @throws as {@linkcode listImages}
 */
export async function indexedImages(
  files: Files,
  archive: string,
  indexPath: string,
  onProgress: (done: number, size: number) => void = () => {},
): Promise<ArchivedImage[]> {
  const size = await files.size(archive);
  if (size === undefined) throw new NotFoundError(`Cannot read "${archive}": there is no such file`, archive);
  const known = await readIndex(files, indexPath, size);
  if (known !== undefined) return known;
  const images = await Array.fromAsync(listImages(files, archive), (image) => {
    onProgress(image.offset, size);
    return image;
  });
  const lines = images.map(({ path, offset, length }) => `${offset}\t${length}\t${path}\n`);
  const encoder = new TextEncoder();
  await files.write(
    indexPath,
    [`${indexTitle(size)}\n`, ...lines].values().map((line) => encoder.encode(line)),
  );
  return images;
}

async function readIndex(files: Files, path: string, size: number): Promise<ArchivedImage[] | undefined> {
  if (await files.size(path) === undefined) return undefined;
  const [title, ...lines] = new TextDecoder().decode(await files.read(path)).trimEnd().split("\n");
  if (title !== indexTitle(size)) return undefined;
  return lines.map((line) => {
    const [offset, length, path] = line.split("\t");
    return { path, offset: Number(offset), length: Number(length) };
  });
}

/**
 * The training pictures of an archive with their classes; other synsets are left out.
 *
 * @throws {NotFoundError} if a synset has no pictures
 * @throws {SyntaxError} if a synset has two pictures of one name
 */
export function archivedTraining(
  images: readonly ArchivedImage[],
  archive: string,
  synsets: readonly string[],
): ImagePlace[] {
  const labels = new Map(synsets.map((synset, i) => [synset, i + 1]));
  const found: ImagePlace[] = [];
  for (const { path, offset, length } of images) {
    const label = labels.get(baseName(directoryOf(path).slice(0, -1)));
    if (label !== undefined) {
      found.push({ name: baseName(path), label, path: archive, range: [offset, length] });
    }
  }
  const present = new Set(found.map(({ label }) => label));
  const missing = synsets.filter((_, i) => !present.has(i + 1));
  if (missing.length > 0) {
    throw new NotFoundError(
      `Cannot find pictures of ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", ..." : ""} ` +
        `(${missing.length} of ${synsets.length} synsets) in "${archive}"; get it whole, or list fewer synsets`,
      archive,
    );
  }
  return sortImages(found);
}

/**
 * Adds all annotations in an archive, gzipped or not, to a table.
 *
 * @param onFile called after each
 * @throws {DataLossError} if it is damaged or cut
 * @throws {SyntaxError} if an annotation cannot be read
 */
export async function addArchivedBoxes(
  files: Files,
  archive: string,
  table: BoundingBoxTable,
  onFile: () => void = () => {},
): Promise<void> {
  const entries = readTar(readUnpacked(files, archive), { path: archive, maxBytes: maxAnnotationBytes });
  for await (const { kind, path, data } of entries) {
    if (kind !== "file" || !isAnnotationPath(path)) continue;
    table.add(path, await concatenate(data));
    onFile();
  }
}
