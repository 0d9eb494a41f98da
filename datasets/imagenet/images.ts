/**
 * Finds ImageNet's pictures: in folders named by synset, or in one folder with a list of their synsets.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError } from "../../formats/errors.ts";
import type { Files } from "../../formats/files.ts";
import { joinPath } from "../../formats/paths.ts";

/** Where a picture's file is. */
export interface ImagePlace {
  /** Its name, without folders. */
  name: string;
  /** Its class, from 1 on. */
  label: number;
  /** The file, or the archive that holds it. */
  path: string;
  /** In an archive: where its bytes begin and how many they are. */
  range?: readonly [offset: number, length: number];
}

/** What pictures are called. */
const extension = ".JPEG";

/** Whether a name is that of a picture; others, hidden ones too, are passed over as by TF-Slim. */
export function isImageName(name: string): boolean {
  return name.endsWith(extension) && !name.startsWith(".");
}

/** The name of a validation picture by its number, from 1 on. */
export function validationName(number: number): string {
  return `ILSVRC2012_val_000${String(number).padStart(5, "0")}${extension}`;
}

/**
 * Lists the pictures in `DIRECTORY/SYNSET/`, class by class, sorted by name within each.
 *
 * @param synsets in the order of their labels
 * @param onClass called after each class with its label
 */
export async function findImages(
  files: Files,
  directory: string,
  synsets: readonly string[],
  onClass: (label: number) => void = () => {},
): Promise<ImagePlace[]> {
  const images: ImagePlace[] = [];
  for (const [i, synset] of synsets.entries()) {
    const folder = joinPath(directory, synset), label = i + 1;
    for (const name of (await files.list(folder)).filter(isImageName)) {
      images.push({ name, label, path: joinPath(folder, name) });
    }
    onClass(label);
  }
  return images;
}

/**
 * Puts pictures into the order in which {@linkcode findImages} would have found them: by class, then by name.
 *
 * @throws {SyntaxError} if a class has two pictures of one name
 */
export function sortImages(images: ImagePlace[]): ImagePlace[] {
  images.sort((a, b) => a.label - b.label || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const twice = images.find(({ name, label }, i) =>
    i > 0 && images[i - 1].name === name && images[i - 1].label === label
  );
  if (twice) throw new SyntaxError(`Cannot use "${twice.path}": it has ${twice.name} twice; remove one`);
  return images;
}

/**
 * Gives the validation pictures their classes; those of synsets that are not in the list are left out.
 *
 * @param find where a picture is, by its name; `undefined` if it is missing
 * @param validationSynsets the synset of picture 1, 2, 3, ...
 * @param synsets in the order of their labels
 * @param from where the pictures are, for error messages
 * @throws {NotFoundError} if a picture is missing
 */
export function labelValidation(
  find: (name: string, synset: string) => Omit<ImagePlace, "name" | "label"> | undefined,
  validationSynsets: readonly string[],
  synsets: readonly string[],
  from: string,
): ImagePlace[] {
  const labels = new Map(synsets.map((synset, i) => [synset, i + 1]));
  const images: ImagePlace[] = [];
  for (const [i, synset] of validationSynsets.entries()) {
    const label = labels.get(synset);
    if (label === undefined) continue;
    const name = validationName(i + 1), place = find(name, synset);
    if (place === undefined) {
      throw new NotFoundError(
        `Failed to find ${name} in "${from}": the list of labels has ${validationSynsets.length} pictures; get it whole`,
        from,
      );
    }
    images.push({ name, label, ...place });
  }
  return sortImages(images);
}
