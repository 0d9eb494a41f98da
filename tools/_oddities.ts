/**
 * Tells what is odd about a folder of photos.
 *
 * @module
 */

import type { Oddity } from "../datasets/photo_listing.ts";

/** Lines that are printed before the rest is only counted. */
const MOST_LINES = 20;

/**
 * Gives a function that prints oddities, each of them once however often the folder is opened.
 *
 * @param print takes one line
 */
export function oddityPrinter(print: (line: string) => void): (oddities: readonly Oddity[]) => void {
  const told = new Set<string>();
  return (oddities) => {
    const lines = oddities.map(({ file, what }) => `${file}: ${what}`).filter((line) => !told.has(line));
    for (const line of lines) told.add(line);
    for (const line of lines.slice(0, MOST_LINES)) print(line);
    const more = lines.length - MOST_LINES;
    if (more > 0) print(`... and ${more} more; tools/check_dataset.ts lists all`);
  };
}
