/**
 * Writes a JPEG file: segments byte by byte, a scan bit by bit.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { HuffmanCodes } from "./huffman_codes.ts";
import { MARKER } from "./markers.ts";

/** Collects the bytes of a file. */
export class BitWriter {
  #bytes = new Uint8Array(2 ** 12);
  #length = 0;
  /** Bits that do not fill a byte yet, the latest lowest. */
  #pending = 0;
  #pendingBits = 0;

  /** Appends bytes as they are. */
  bytes(...values: readonly number[]): void {
    for (const value of values) this.#push(value);
  }

  /** Appends a marker, the length of its content and the content. */
  segment(marker: number, content: ArrayLike<number>): void {
    const length = content.length + 2;
    this.bytes(0xff, marker, length >> 8, length & 0xff, ...Array.from(content));
  }

  /** Appends the code of a symbol. */
  code({ codes, lengths }: HuffmanCodes, symbol: number): void {
    this.bits(codes[symbol], lengths[symbol]);
  }

  /** Appends the `count` lowest bits of a number, at most 16. */
  bits(value: number, count: number): void {
    this.#pending = (this.#pending << count) | (value & ((1 << count) - 1));
    this.#pendingBits += count;
    while (this.#pendingBits >= 8) {
      this.#pendingBits -= 8;
      const byte = (this.#pending >>> this.#pendingBits) & 0xff;
      this.#push(byte);
      if (byte === 0xff) this.#push(0); // so that no reader takes it for a marker
    }
  }

  /** Fills the last byte with ones, ends the file and returns it. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#pendingBits > 0) this.bits(0x7f, 8 - this.#pendingBits);
    this.bytes(0xff, MARKER.EOI);
    return this.#bytes.slice(0, this.#length);
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}
