/**
 * The order of byte strings.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Orders byte strings as `memcmp` does, a prefix first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
