/**
 * Paths with `/`, as TensorFlow's state files hold them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Whether a path does not depend on a folder: it starts with `/`, a drive or a scheme. */
export function isAbsolutePath(path: string): boolean {
  return /^(\/|\\\\|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(path);
}

/** A path seen from a folder; an absolute one stays as it is. */
export function joinPath(directory: string, path: string): string {
  if (isAbsolutePath(path) || directory === "") return path;
  return directory.endsWith("/") ? directory + path : `${directory}/${path}`;
}

/** Which of the files that make up a whole, as TensorFlow's names end: `00002-of-01024`. */
export function shardSuffix(index: number, count: number): string {
  const five = (n: number) => String(n).padStart(5, "0");
  return `${five(index)}-of-${five(count)}`;
}

/** Everything up to and with the last `/`; empty if there is none. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Everything after the last `/`. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
