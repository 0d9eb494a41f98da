/**
 * The Huffman codes of the JPEG standard's annex K.3, which most files use and which the encoder writes.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Code and length of each symbol, and how a file defines them. */
export interface HuffmanCodes {
  /** Codes by symbol. */
  readonly codes: Uint16Array;
  /** Bits of each code by symbol; 0 where there is none. */
  readonly lengths: Uint8Array;
  /** The content of a DHT segment: how many codes have 1 to 16 bits, then the symbols in the order of their codes. */
  readonly definition: readonly number[];
}

/** The symbols of mean differences: their sizes in bits. */
const sizes = Array.from({ length: 12 }, (_, size) => size);
/** The symbols of coefficients: the end of a block, 16 zeros, and any run of up to 15 zeros before 1 to 10 bits. */
const runs = [
  0x00,
  0xf0,
  ...Array.from({ length: 160 }, (_, i) => Math.floor(i / 10) << 4 | (1 + i % 10)),
].sort((a, b) => a - b);

/** Codes for brightness and for colour: mean differences first, then coefficients. */
export const standardCodes: Readonly<Record<"luma" | "chroma", readonly [HuffmanCodes, HuffmanCodes]>> = {
  luma: [
    define([0, 1, 5, 1, 1, 1, 1, 1, 1], sizes),
    define(
      [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
      runsAfter("01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282"),
    ),
  ],
  chroma: [
    define([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1], sizes),
    define(
      [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
      runsAfter("000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1"),
    ),
  ],
};

/** The symbols with short codes, in hexadecimal digits, then all others in rising order. */
function runsAfter(first: string): number[] {
  const frequent = [...Uint8Array.fromHex(first)];
  return [...frequent, ...runs.filter((symbol) => !frequent.includes(symbol))];
}

/** Gives symbols their codes: counting up, a bit more wherever the next length begins. */
function define(counts: readonly number[], symbols: readonly number[]): HuffmanCodes {
  const codes = new Uint16Array(256), lengths = new Uint8Array(256);
  let code = 0, i = 0;
  counts.forEach((count, k) => {
    code <<= 1;
    for (const end = i + count; i < end; i++) {
      codes[symbols[i]] = code++;
      lengths[symbols[i]] = k + 1;
    }
  });
  const padded = Array.from({ length: 16 }, (_, k) => counts[k] ?? 0);
  return { codes, lengths, definition: [...padded, ...symbols] };
}
