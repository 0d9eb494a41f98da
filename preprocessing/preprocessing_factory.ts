/**
 * Preprocessing families by name, as TF-Slim's `preprocessing_factory`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { cifarnetPreprocessing } from "./cifarnet_preprocessing.ts";
import { lenetPreprocessing } from "./lenet_preprocessing.ts";
import type { Preprocessing } from "./preprocessing.ts";

const families: ReadonlyMap<string, Preprocessing> = new Map([
  ["cifarnet", cifarnetPreprocessing],
  ["lenet", lenetPreprocessing],
]);

/** Names that {@linkcode getPreprocessing} knows. */
export const preprocessingNames: readonly string[] = [...families.keys()];

/** The family of that name; throws a RangeError that lists the known names. */
export function getPreprocessing(name: string): Preprocessing {
  const family = families.get(name);
  if (!family) {
    throw new RangeError(
      `Cannot find preprocessing ${name}: the known ones are ${preprocessingNames.join(", ")}`,
    );
  }
  return family;
}
