/**
 * What comes before ImageNet's records: the table of boxes, and the lists of pictures with their classes.
 *
 * @module
 */

import {
  addArchivedBoxes,
  type ArchivedImage,
  archivedTraining,
  indexedImages,
} from "../datasets/imagenet/archives.ts";
import {
  BoundingBoxTable,
  isAnnotationPath,
  parseBoundingBoxes,
} from "../datasets/imagenet/bounding_boxes.ts";
import { findImages, type ImagePlace, isImageName, labelValidation } from "../datasets/imagenet/images.ts";
import { baseName, joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { ProgressLine } from "../host/terminal.ts";
import { readText, seldom } from "./_imagenet.ts";
import type { Source } from "./_imagenet_sources.ts";

/** What the table of boxes is called. */
export const BOXES_FILE = "imagenet_2012_bounding_boxes.csv";

/** Paths of the annotations in a folder: `DIRECTORY/SYNSET/NAME.xml`, sorted. */
export async function findAnnotations(directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, kind } of await denoFiles.entries(directory)) {
    if (kind !== "folder") continue;
    const folder = joinPath(directory, name);
    paths.push(...(await denoFiles.list(folder)).map((file) => joinPath(folder, file)));
  }
  return paths.filter(isAnnotationPath);
}

/**
 * Makes the table of boxes from the annotations, written whole or not at all, and reports its counts.
 *
 * @throws {SyntaxError} if an annotation cannot be read
 */
export async function makeBoxes(
  { path, kind }: Source,
  target: string,
  synsets: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  print(`Extracting bounding box information from ${path}.`);
  const table = new BoundingBoxTable(new Set(synsets));
  const line = new ProgressLine(), showProgress = seldom(() => line.update(`${table.files} annotations`));
  if (kind === "archive") await addArchivedBoxes(denoFiles, path, table, showProgress);
  else {
    for (const file of await findAnnotations(path)) {
      table.add(file, await denoFiles.read(file));
      showProgress();
    }
  }
  line.end(false);
  const lines = table.lines.sort().values().map((line) => new TextEncoder().encode(`${line}\n`));
  await denoFiles.write(target, lines);
  for (const line of table.summary()) print(line);
}

/** Reads the table of boxes and reports its size. */
export async function readBoxes(
  path: string,
  print: (line: string) => void,
): Promise<Map<string, number[][]>> {
  const boxes = parseBoundingBoxes(await readText(path), path);
  const count = boxes.values().reduce((sum, list) => sum + list.length, 0);
  print(`Successfully read ${count} bounding boxes across ${boxes.size} images.`);
  return boxes;
}

/** Lists the training pictures; `indexFolder` keeps an archive's index. */
export async function listTraining(
  source: Source,
  synsets: readonly string[],
  indexFolder: string,
  print: (line: string) => void,
): Promise<ImagePlace[]> {
  print(`Determining list of input files and labels from ${source.path}.`);
  if (source.kind === "folder") return await findImages(denoFiles, source.path, synsets);
  return archivedTraining(await readArchive(source.path, indexFolder), source.path, synsets);
}

/**
 * Lists the validation pictures with their classes; nothing is moved.
 *
 * In a folder they may lie flat, in folders named by synset, or some so and some so, as an interrupted script leaves them.
 *
 * @param validationSynsets gives the synset of picture 1, 2, 3, ...; not asked for where all are in folders of synsets
 */
export async function listValidation(
  source: Source,
  validationSynsets: () => Promise<readonly string[]>,
  synsets: readonly string[],
  indexFolder: string,
  print: (line: string) => void,
): Promise<ImagePlace[]> {
  const { path, kind } = source;
  print(`Determining list of input files and labels from ${path}.`);
  const find = kind === "archive"
    ? await finderInArchive(path, indexFolder)
    : await finderInFolder(path, synsets);
  if (find === undefined) return await findImages(denoFiles, path, synsets);
  const labels = await validationSynsets();
  const images = labelValidation(find, labels, synsets, path);
  if (images.length < labels.length) {
    print(`Passing over ${labels.length - images.length} images of synsets that are not in the list.`);
  }
  return images;
}

type Find = (name: string) => Pick<ImagePlace, "path" | "range"> | undefined;

async function finderInArchive(path: string, indexFolder: string): Promise<Find> {
  const images = await readArchive(path, indexFolder);
  const ranges = new Map(
    images.map(({ path, offset, length }) => [baseName(path), [offset, length] as const]),
  );
  return (name) => {
    const range = ranges.get(name);
    return range && { path, range };
  };
}

/** `undefined` where no picture lies outside of the synsets' folders. */
async function finderInFolder(path: string, synsets: readonly string[]): Promise<Find | undefined> {
  const flat = new Set((await denoFiles.list(path)).filter(isImageName));
  if (flat.size === 0) return undefined;
  const moved = new Map(
    (await findImages(denoFiles, path, synsets)).map((image) => [image.name, image.path]),
  );
  return (name) => {
    const found = flat.has(name) ? joinPath(path, name) : moved.get(name);
    return found === undefined ? undefined : { path: found };
  };
}

/** The pictures in an archive; shows how far it has looked through it where there is no index yet. */
async function readArchive(path: string, indexFolder: string): Promise<ArchivedImage[]> {
  const line = new ProgressLine(), gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const images = await indexedImages(
    denoFiles,
    path,
    joinPath(indexFolder, indexName(path)),
    seldom((done, size) =>
      line.update(`Looking through ${path}: ${gigabytes(done)} of ${gigabytes(size)} GB`)
    ),
  );
  line.end(false);
  return images;
}

/** What the index of an archive is called. */
export function indexName(archive: string): string {
  return `${baseName(archive)}.index`;
}
