/**
 * What is wrong or odd about a data set, from one look at each of its pictures.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { reasonOf } from "../../formats/errors.ts";
import type { PictureDecoder } from "../decode_picture.ts";
import { type Look, lookAt } from "./look.ts";
import { deviation, findAlike } from "./near_duplicates.ts";
import type { PictureSet, PictureSource } from "./picture_sources.ts";

/** Kinds of findings, the worst first, and what each means. */
export const findingKinds = {
  unreadable: "cannot be read or decoded",
  leaked: "the same picture in two splits, so that an evaluation tells too much",
  mislabelled: "the same picture with two labels, or a label without a class",
  doubtful: "labelled otherwise than a net is sure of",
  duplicate: "the same picture twice in a split",
  near_duplicate: "pictures of a split that look alike",
  unbalanced: "classes with far fewer pictures than others, or none",
  tiny: "far smaller than the others",
  blank: "of one colour",
  format: "of a format that loses something, or is not what it is said to be",
  ignored: "files that are no part of the data set",
} as const;

/** One of {@linkcode findingKinds}. */
export type FindingKind = keyof typeof findingKinds;

/** Something that was found. */
export interface Finding {
  readonly kind: FindingKind;
  /** The picture, file or class. */
  readonly where: string;
  /** What about it. */
  readonly what: string;
  /** The pictures that it concerns, for whoever wants to see them. */
  readonly pictures: readonly PictureSource[];
}

/** A data set that was looked through. */
export interface CheckedSet {
  readonly findings: readonly Finding[];
  /** The pictures that could be read. */
  readonly looks: readonly Look[];
}

/** Pictures that are decoded at a time. */
const concurrency = 16;
/** A class is too small if it has fewer pictures than this share of the middle one. */
const smallShare = 0.2;
/** A picture is tiny if its shorter side is below this share of the middle one, or below a few pixels. */
const tinyShare = 0.25;
const tinySide = 8;
/** A picture is blank if its brightness varies less. */
const blankDeviation = 1.5;

/**
 * Looks at every picture of a data set.
 *
 * @param onProgress called with how many pictures are done
 */
export async function checkPictures(
  { sources, oddities, classNames }: PictureSet,
  decode: PictureDecoder,
  onProgress: (done: number) => void = () => {},
): Promise<CheckedSet> {
  const seen: (Look | Finding)[] = new Array(sources.length);
  let next = 0, done = 0;
  const work = async () => {
    for (let i = next++; i < sources.length; i = next++) {
      const source = sources[i];
      seen[i] = await lookAt(source, decode).catch((thrown): Finding => {
        return { kind: "unreadable", where: source.where, what: reasonOf(thrown), pictures: [] };
      });
      onProgress(++done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const looks = seen.filter((look): look is Look => "header" in look);
  const findings = [
    ...oddities.flatMap(({ kind, file, what }): Finding[] =>
      kind === "split" ? [] : [{ kind, where: file, what, pictures: [] }]
    ),
    ...seen.filter((look): look is Finding => "what" in look),
    ...unnamedLabels(looks, classNames),
    ...repetitions(looks, classNames),
    ...smallClasses(looks, classNames),
    ...oddPictures(looks),
  ];
  return { findings: sortFindings(findings), looks };
}

/** Puts findings into the order of {@linkcode findingKinds}. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const order = Object.keys(findingKinds);
  return findings.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** The name of a class. */
export function nameOfClass(classNames: PictureSet["classNames"], label: number): string {
  return classNames.get(label) ?? `class ${label}`;
}

function unnamedLabels(looks: readonly Look[], classNames: PictureSet["classNames"]): Finding[] {
  if (classNames.size === 0) return [];
  return looks.flatMap(({ source, label }): Finding[] => {
    if (classNames.has(label)) return [];
    return [{
      kind: "mislabelled",
      where: source.where,
      what: `its label ${label} is no class`,
      pictures: [source],
    }];
  });
}

/** Pictures that are there twice, exactly or nearly: each with the first one that it repeats. */
function repetitions(looks: readonly Look[], classNames: PictureSet["classNames"]): Finding[] {
  const alike = findAlike(looks.map(({ thumbnail }) => thumbnail)), byDigest = new Map<string, number>();
  return looks.flatMap((look, i): Finding[] => {
    const same = byDigest.get(look.digest), first = looks[same ?? alike[i]];
    if (same === undefined) byDigest.set(look.digest, i);
    if (first === undefined) return [];
    const is = same === undefined ? "looks like" : "is the same as", other = `${is} ${first.source.where}`;
    const finding = (kind: FindingKind, what: string): Finding => {
      return { kind, where: look.source.where, what, pictures: [look.source, first.source] };
    };
    const found: Finding[] = [];
    if (look.source.split !== first.source.split) {
      found.push(finding("leaked", `in ${look.source.split}, ${other} in ${first.source.split}`));
    }
    if (look.label !== first.label) {
      const [own, others] = [look, first].map(({ label }) => nameOfClass(classNames, label));
      found.push(finding("mislabelled", `labelled ${own}, ${other}, labelled ${others}`));
    }
    if (found.length === 0) found.push(finding(same === undefined ? "near_duplicate" : "duplicate", other));
    return found;
  });
}

/** Classes of the training split, or of all where there is none, that have few pictures. */
function smallClasses(looks: readonly Look[], classNames: PictureSet["classNames"]): Finding[] {
  const train = looks.filter(({ source }) => source.split === "train");
  const counted = train.length > 0 ? train : looks,
    counts = new Map([...classNames.keys()].map((label) => [label, 0]));
  for (const { label } of counted) counts.set(label, (counts.get(label) ?? 0) + 1);
  const middle = median([...counts.values()].filter((count) => count > 0));
  return [...counts].flatMap(([label, count]): Finding[] => {
    if (count === 0 || count >= smallShare * middle) return [];
    const what = `a class of ${count} pictures where the middle one has ${middle}`;
    return [{ kind: "unbalanced", where: nameOfClass(classNames, label), what, pictures: [] }];
  });
}

/** Pictures that differ from the others by themselves. */
function oddPictures(looks: readonly Look[]): Finding[] {
  const sides = looks.map(({ header: { height, width } }) => Math.min(height, width)), middle = median(sides);
  const colours = looks.filter(({ header }) => header.channels > 2).length;
  return looks.flatMap(({ source, header, thumbnail, remarks }, i): Finding[] => {
    const finding = (kind: FindingKind, what: string): Finding => ({
      kind,
      where: source.where,
      what,
      pictures: [source],
    });
    const found = remarks.map((remark) => finding("format", remark));
    if (header.channels <= 2 && colours > looks.length / 2) {
      found.push(finding("format", "is grey where most are coloured"));
    }
    if (sides[i] < Math.max(tinySide, tinyShare * middle)) {
      found.push(
        finding(
          "tiny",
          `has ${header.height} x ${header.width} pixels; the middle shorter side is ${middle}`,
        ),
      );
    }
    if (deviation(thumbnail) < blankDeviation) found.push(finding("blank", "is of one colour, or nearly so"));
    return found;
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
