/**
 * The order of coefficients in JPEG files.
 *
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Place in a block, row after row, of each coefficient in zigzag order. Behind the 64 come 16 more that damaged files can
 * reach by a run of zeros; they fall on the last place, as in libjpeg.
 */
export const naturalOrder: Uint8Array = new Uint8Array(80).fill(63);

for (let diagonal = 0, at = 0; diagonal < 15; diagonal++) {
  for (let i = 0; i <= diagonal; i++) {
    const [row, column] = diagonal % 2 === 0 ? [diagonal - i, i] : [i, diagonal - i];
    if (row < 8 && column < 8) naturalOrder[at++] = 8 * row + column;
  }
}
