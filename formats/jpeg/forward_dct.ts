/**
 * The forward DCT of JPEG's blocks, by Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms with 11
 * multiplications", ICASSP 1989) in 13-bit fixed point, rounded where libjpeg's accurate integer method rounds.
 *
 * This module is browser compatible.
 *
 * @module
 */

const fractionBits = 13;
/** Bits that the rows' results keep for the columns. */
const extraBits = 2;

const fixed = (value: number): number => Math.round(value * 2 ** fractionBits);
const c0_298 = fixed(0.298631336), c0_390 = fixed(0.390180644), c0_541 = fixed(0.5411961);
const c0_765 = fixed(0.765366865), c0_899 = fixed(0.899976223), c1_175 = fixed(1.175875602);
const c1_501 = fixed(1.50132111), c1_847 = fixed(1.847759065), c1_961 = fixed(1.96157056);
const c2_053 = fixed(2.053119869), c2_562 = fixed(2.562915447), c3_072 = fixed(3.072711026);

/**
 * Transforms a block of 8 by 8 samples; coefficients come out as integers, at quantizer 1.
 *
 * @param samples 0 to 255; 128 is taken off
 * @param start where the block's first sample is
 * @param stride samples from one row to the next
 * @param out receives the 64 coefficients, row by row
 */
export function forwardDct(samples: Uint8Array, start: number, stride: number, out: Int32Array): void {
  for (let row = 0; row < 8; row++) {
    for (let k = 0; k < 8; k++) out[row * 8 + k] = samples[start + row * stride + k] - 128;
    transform(out, row * 8, 1, -extraBits, fractionBits - extraBits);
  }
  for (let column = 0; column < 8; column++) transform(out, column, 8, extraBits, fractionBits + extraBits);
  for (let i = 0; i < 64; i++) { // both passes together leave a factor of 8
    const value = out[i];
    out[i] = value < 0 ? -((4 - value) >> 3) : (value + 4) >> 3;
  }
}

/** Eight values in place; `evenShift` for sums that need no multiplication (left if negative), `shift` for the others. */
function transform(x: Int32Array, at: number, step: number, evenShift: number, shift: number): void {
  const i = (k: number) => at + k * step;
  const round = (value: number) => (value + (1 << (shift - 1))) >> shift;
  const scale = (value: number) =>
    evenShift < 0 ? value << -evenShift : (value + (1 << (evenShift - 1))) >> evenShift;
  const s0 = x[i(0)] + x[i(7)], d0 = x[i(0)] - x[i(7)];
  const s1 = x[i(1)] + x[i(6)], d1 = x[i(1)] - x[i(6)];
  const s2 = x[i(2)] + x[i(5)], d2 = x[i(2)] - x[i(5)];
  const s3 = x[i(3)] + x[i(4)], d3 = x[i(3)] - x[i(4)];

  const e0 = s0 + s3, e1 = s1 + s2, e2 = s1 - s2, e3 = s0 - s3;
  const turn = (e2 + e3) * c0_541;
  x[i(0)] = scale(e0 + e1);
  x[i(4)] = scale(e0 - e1);
  x[i(2)] = round(turn + e3 * c0_765);
  x[i(6)] = round(turn - e2 * c1_847);

  const both = (d3 + d1 + d2 + d0) * c1_175;
  const outer = -(d3 + d0) * c0_899, inner = -(d2 + d1) * c2_562;
  const odd = both - (d3 + d1) * c1_961, even = both - (d2 + d0) * c0_390;
  x[i(7)] = round(d3 * c0_298 + outer + odd);
  x[i(5)] = round(d2 * c2_053 + inner + even);
  x[i(3)] = round(d1 * c3_072 + inner + odd);
  x[i(1)] = round(d0 * c1_501 + outer + even);
}
