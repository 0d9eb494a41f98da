/**
 * The inverse cosine transform of 8 by 8 blocks, as TensorFlow's `decode_jpeg` has it by default: libjpeg's fast integer
 * one, bit for bit.
 *
 * It is the transform of Arai, Agui and Nakajima (1988) with 5 multiplications a row. Eight of its factors are put into the
 * quantization table, which then has two bits of fraction; the others have eight, and products are cut, not rounded. So it
 * differs from an accurate transform by a level on average. Sums and products of damaged blocks overflow as in libjpeg-turbo's
 * SIMD units.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bits of fraction between the two passes. */
const FRACTION = 2;
/** Bits to drop at the end: the fraction, and 8 as the two passes' scale. */
const SHIFT = FRACTION + 3;

/** Factors of a row and a column of coefficients: sqrt(2) * cos(k pi / 16), 1 for k = 0. */
const factors = Array.from({ length: 8 }, (_, k) => k === 0 ? 1 : Math.SQRT2 * Math.cos(k * Math.PI / 16));

/** Puts the transform's factors into a quantization table; both in the order of rows. */
export function scaleQuantization(table: Uint16Array): Int16Array {
  return Int16Array.from(table, (value, i) => {
    const factor = Math.round(factors[i >> 3] * factors[i & 7] * 2 ** 14);
    return (value * factor + 2 ** (13 - FRACTION)) / 2 ** (14 - FRACTION);
  });
}

const columns = new Int16Array(64);

/** The square root of 2, of eight bits, in 16384ths. */
const ROOT = 23168;

/** A product with a factor in 16384ths, as SIMD units have it: 14 bits of the value count. */
function product(value: number, factor: number): number {
  return Math.imul((value << 18) >> 16, factor) >> 16;
}

/** The sample of a sum of which 16 bits count. */
function clamp(sum: number): number {
  const value = ((sum << 16) >> (16 + SHIFT)) + 128;
  return (value & ~255) === 0 ? value : value < 0 ? 0 : 255;
}

/**
 * Transforms a block into 64 samples.
 *
 * @param coefficients holds the block from `from` on, in the order of rows
 * @param scale a table of {@linkcode scaleQuantization}
 * @param samples takes 8 rows of 8 samples from `to` on, `stride` samples from row to row
 */
export function inverseDct(
  coefficients: Int16Array,
  from: number,
  scale: Int16Array,
  samples: Uint8Array,
  to: number,
  stride: number,
): void {
  for (let i = 0; i < 8; i++) {
    const at = from + i;
    const c0 = Math.imul(coefficients[at], scale[i]);
    const c1 = coefficients[at + 8], c2 = coefficients[at + 16], c3 = coefficients[at + 24];
    const c4 = coefficients[at + 32], c5 = coefficients[at + 40], c6 = coefficients[at + 48];
    const c7 = coefficients[at + 56];
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      columns[i] = c0;
      columns[i + 8] = c0;
      columns[i + 16] = c0;
      columns[i + 24] = c0;
      columns[i + 32] = c0;
      columns[i + 40] = c0;
      columns[i + 48] = c0;
      columns[i + 56] = c0;
      continue;
    }
    const d2 = Math.imul(c2, scale[i + 16]),
      d4 = Math.imul(c4, scale[i + 32]),
      d6 = Math.imul(c6, scale[i + 48]);
    const sum04 = c0 + d4, difference04 = c0 - d4, sum26 = d2 + d6;
    const turned26 = product(d2 - d6, ROOT) - sum26;
    const even0 = sum04 + sum26, even3 = sum04 - sum26;
    const even1 = difference04 + turned26, even2 = difference04 - turned26;

    const d1 = Math.imul(c1, scale[i + 8]), d3 = Math.imul(c3, scale[i + 24]);
    const d5 = Math.imul(c5, scale[i + 40]), d7 = Math.imul(c7, scale[i + 56]);
    const sum53 = d5 + d3, difference53 = d5 - d3, sum17 = d1 + d7, difference17 = d1 - d7;
    const odd0 = sum17 + sum53;
    const turned = product(difference53 + difference17, 30272);
    const odd1 = turned + product(difference53, -26432) - difference53 - odd0;
    const odd2 = product(sum17 - sum53, ROOT) - odd1;
    const odd3 = product(difference17, 17728) - turned + odd2;

    columns[i] = even0 + odd0;
    columns[i + 56] = even0 - odd0;
    columns[i + 8] = even1 + odd1;
    columns[i + 48] = even1 - odd1;
    columns[i + 16] = even2 + odd2;
    columns[i + 40] = even2 - odd2;
    columns[i + 32] = even3 + odd3;
    columns[i + 24] = even3 - odd3;
  }
  for (let row = 0; row < 64; row += 8, to += stride) {
    const d0 = columns[row], d1 = columns[row + 1], d2 = columns[row + 2], d3 = columns[row + 3];
    const d4 = columns[row + 4], d5 = columns[row + 5], d6 = columns[row + 6], d7 = columns[row + 7];
    const sum04 = d0 + d4, difference04 = d0 - d4, sum26 = d2 + d6;
    const turned26 = product(d2 - d6, ROOT) - sum26;
    const even0 = sum04 + sum26, even3 = sum04 - sum26;
    const even1 = difference04 + turned26, even2 = difference04 - turned26;

    const sum53 = d5 + d3, difference53 = d5 - d3, sum17 = d1 + d7, difference17 = d1 - d7;
    const odd0 = sum17 + sum53;
    const turned = product(difference53 + difference17, 30272);
    const odd1 = turned + product(difference53, -26432) - difference53 - odd0;
    const odd2 = product(sum17 - sum53, ROOT) - odd1;
    const odd3 = product(difference17, 17728) - turned + odd2;

    samples[to] = clamp(even0 + odd0);
    samples[to + 7] = clamp(even0 - odd0);
    samples[to + 1] = clamp(even1 + odd1);
    samples[to + 6] = clamp(even1 - odd1);
    samples[to + 2] = clamp(even2 + odd2);
    samples[to + 5] = clamp(even2 - odd2);
    samples[to + 4] = clamp(even3 + odd3);
    samples[to + 3] = clamp(even3 - odd3);
  }
}
