/**
 * Paths, in the one form that all file systems of the project take.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The path of a file in a directory, whether or not the directory's ends in a slash. */
export function joinPath(directory: string, name: string): string {
  return `${directory.replace(/\/+$/, "")}/${name}`;
}
