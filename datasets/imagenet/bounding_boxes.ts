/**
 * The table of ImageNet's bounding boxes: made from the annotations, read for the records.
 *
 * A line is a box: `n00007846_64193.JPEG,0.0060,0.2620,0.7545,0.9940`, the picture's name, then the smallest x and y and the
 * largest x and y as shares of its width and height. Counts and messages are those of TF-Slim's `process_bounding_boxes.py`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { baseName } from "../../formats/paths.ts";
import { parseAnnotation, type RelativeBox } from "./annotation.ts";

/** Collects the boxes of annotations and counts what is left out. */
export class BoundingBoxTable {
  /** One line a box, in the order in which the files came. */
  readonly lines: string[] = [];
  /** Files given. */
  files = 0;
  /** Files without a box in the table. */
  skippedFiles = 0;
  /** Boxes left out. */
  skippedBoxes = 0;
  readonly #synsets: ReadonlySet<string> | undefined;

  /** @param synsets if given, only pictures of these synsets count, and boxes that show another of them are left out */
  constructor(synsets?: ReadonlySet<string>) {
    this.#synsets = synsets;
  }

  /** How many files have a box in the table. */
  get annotatedImages(): number {
    return this.files - this.skippedFiles;
  }

  /**
   * Adds the boxes of one annotation.
   *
   * @param path `SYNSET/NAME.xml`, perhaps behind folders; the picture is `NAME.JPEG`, whatever the file says
   * @returns whether the annotation was looked at: not if it is of a synset that does not count
   * @throws {SyntaxError} if it cannot be read
   */
  add(path: string, xml: Uint8Array): boolean {
    const [folder, file] = path.split("/").slice(-2);
    this.files++;
    if (this.#synsets && !this.#synsets.has(folder)) {
      this.skippedFiles++;
      return false;
    }
    const { boxes, label } = parseAnnotation(xml, path);
    const name = file.replace(/\.xml$/, ".JPEG");
    // Many boxes of dogs bear a name in plain words; so only those of another synset of the list are wrong.
    const isOther = label !== undefined && label !== folder && this.#synsets?.has(label);
    const kept = isOther ? [] : boxes.filter(({ xmin, ymin, xmax, ymax }) => xmin < xmax && ymin < ymax);
    for (const box of kept) this.lines.push(formatBox(name, box));
    this.skippedBoxes += boxes.length - kept.length;
    if (kept.length === 0) this.skippedFiles++;
    return true;
  }

  /** The last lines of the report. */
  summary(): string[] {
    return [
      `Finished processing ${this.files} XML files.`,
      `Skipped ${this.skippedFiles} XML files not in ImageNet Challenge.`,
      `Skipped ${this.skippedBoxes} bounding boxes not in ImageNet Challenge.`,
      `Wrote ${this.lines.length} bounding boxes from ${this.annotatedImages} annotated images.`,
      "Finished.",
    ];
  }
}

function formatBox(name: string, { xmin, ymin, xmax, ymax }: RelativeBox): string {
  return [name, ...[xmin, ymin, xmax, ymax].map(fourDigits)].join(",");
}

/** Four digits behind the point, as C and Python print them: of two as near the even one, where `toFixed` takes the larger. */
function fourDigits(value: number): string {
  const isTie = Number.isInteger(value * 32) && !Number.isInteger(value * 16);
  if (!isTie) return value.toFixed(4);
  const below = Math.floor(value * 10_000);
  return ((below + below % 2) / 10_000).toFixed(4);
}

/**
 * Reads a table: the boxes by the name of the picture, `[xmin, ymin, xmax, ymax]` each, in the table's order.
 *
 * @param path its name, for error messages
 * @throws {SyntaxError} if a line is no box
 */
export function parseBoundingBoxes(text: string, path: string): Map<string, number[][]> {
  const boxes = new Map<string, number[][]>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line === "") return;
    const [name, ...fields] = line.split(",");
    const box = fields.map((field) =>
      /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(field) ? Number(field) : NaN
    );
    if (name === "" || box.length !== 4 || box.some(Number.isNaN)) {
      throw new SyntaxError(
        `Cannot read line ${i + 1} of "${path}": "${
          line.slice(0, 80)
        }" is not of the form name,xmin,ymin,xmax,ymax; ` +
          "make the table again with tools/process_bounding_boxes.ts",
      );
    }
    const known = boxes.get(name);
    if (known) known.push(box);
    else boxes.set(name, [box]);
  });
  return boxes;
}

/** Whether a path is that of an annotation, `.../SYNSET/NAME.xml`; hidden files and folders are passed over as by the shell. */
export function isAnnotationPath(path: string): boolean {
  const parts = path.split("/");
  return parts.length >= 2 && baseName(path).endsWith(".xml") &&
    parts.slice(-2).every((part) => !part.startsWith("."));
}
