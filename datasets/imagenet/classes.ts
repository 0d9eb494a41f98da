/**
 * ImageNet's classes: WordNet's synsets in the order of their labels, which start at 1, and their names.
 *
 * Label 0 is the background, which no picture has. `classes.txt` holds the 1,000 of the ILSVRC challenges 2012 to 2017.
 *
 * This module is browser compatible.
 *
 * @module
 */

import challengeClasses from "./classes.txt" with { type: "text" };

/** What label 0 is called. */
export const BACKGROUND = "background";

/** The synsets of the challenge in the order of their labels 1 to 1000. */
export const challengeSynsets: readonly string[] = challengeClasses.trim().split("\n").map((line) =>
  line.split("\t")[0]
);

/** The names of the challenge's classes by synset. */
export const challengeNames: ReadonlyMap<string, string> = parseMetadata(challengeClasses, "classes.txt");

/**
 * Reads a list of synsets, one a line; the first is that of label 1.
 *
 * @param path its name, for error messages
 * @throws {SyntaxError} if there is none, a line is no synset or one comes twice
 */
export function parseSynsets(text: string, path: string): string[] {
  const synsets = lines(text);
  const seen = new Map<string, number>();
  synsets.forEach((synset, i) => {
    const first = seen.get(synset);
    if (first !== undefined) {
      throw new SyntaxError(
        `Cannot read line ${
          i + 1
        } of "${path}": ${synset} is on line ${first} already; a class has one label`,
      );
    }
    checkSynset(synset, i, path);
    seen.set(synset, i + 1);
  });
  if (synsets.length === 0) throw new SyntaxError(`Cannot use "${path}": it lists no synsets`);
  return synsets;
}

/**
 * Reads the synsets of the validation pictures 1, 2, 3, ..., one a line.
 *
 * @param path its name, for error messages
 * @throws {SyntaxError} if there is none or a line is no synset
 */
export function parseValidationLabels(text: string, path: string): string[] {
  const synsets = lines(text);
  synsets.forEach((synset, i) => checkSynset(synset, i, path));
  if (synsets.length === 0) throw new SyntaxError(`Cannot use "${path}": it lists no synsets`);
  return synsets;
}

/**
 * Reads names of synsets, `SYNSET<tab>NAME` a line.
 *
 * @param path its name, for error messages
 * @throws {SyntaxError} if a line is not of this form, or gives a synset another name than an earlier one
 */
export function parseMetadata(text: string, path: string): Map<string, string> {
  const names = new Map<string, string>();
  lines(text).forEach((line, i) => {
    const parts = line.split("\t");
    if (parts.length !== 2) {
      throw new SyntaxError(
        `Cannot read line ${i + 1} of "${path}": "${line.slice(0, 80)}" is not of the form synset, tab, name`,
      );
    }
    const [synset, name] = parts;
    if ((names.get(synset) ?? name) !== name) {
      throw new SyntaxError(
        `Cannot read line ${i + 1} of "${path}": ${synset} is "${name}" here and "${
          names.get(synset)
        }" before`,
      );
    }
    names.set(synset, name);
  });
  return names;
}

/** Lines without the space around them and without empty ones at the end. */
function lines(text: string): string[] {
  const trimmed = text.trimEnd();
  return trimmed === "" ? [] : trimmed.split("\n").map((line) => line.trim());
}

/** Synsets become names of folders, so nothing else passes. */
function checkSynset(synset: string, index: number, path: string): void {
  if (/^[A-Za-z0-9_-]+$/.test(synset)) return;
  throw new SyntaxError(
    `Cannot read line ${index + 1} of "${path}": "${synset.slice(0, 80)}" is no synset, such as n01440764`,
  );
}
