/**
 * The entropy-coded data of a scan, as bits that can be read from any position.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { isRestart, nextMarker } from "./markers.ts";

/** Zero bytes behind the data of a segment: more than any group of ten blocks can ask for. */
const PADDING = 4096;

/**
 * The data of a scan, one segment between restart markers at a time.
 *
 * Bytes that only guard a 0xff are taken out in advance, so that the decoders read 32 bits at once by a bit position
 * alone. Behind the end of a segment come zeros, as in libjpeg: a decoder looks at {@linkcode EntropyData.end} after each
 * group of blocks, not after each bit.
 */
export class EntropyData {
  /** The bits of the segment, first bit in the highest place. */
  readonly view: DataView;
  /** Where the segment ends, in bits. */
  end = 0;
  /** Offset in the file of the marker that ends the segment. */
  marker: number;
  readonly #file: Uint8Array;
  readonly #clean: Uint8Array;
  #desired = 0;

  /**
   * Begins with the segment at `start`.
   *
   * @throws {DataLossError} if the file ends within the segment
   */
  constructor(file: Uint8Array, start: number) {
    this.#file = file;
    this.#clean = new Uint8Array(file.length - start + PADDING);
    this.view = new DataView(this.#clean.buffer);
    this.marker = start;
    this.#open(start);
  }

  /** Whether no restart marker comes any more. */
  get isLast(): boolean {
    const code = this.#file[this.marker + 1];
    return code >= 0xc0 && !isRestart(code);
  }

  /**
   * Goes to the segment behind the next restart marker.
   *
   * Where another marker stands, what is missing or doubled is guessed as libjpeg's `jpeg_resync_to_restart` does.
   *
   * @returns whether there is data to go on with
   */
  restart(): boolean {
    const desired = this.#desired;
    this.#desired = (desired + 1) & 7;
    for (let at = this.marker;;) {
      const code = this.#file[at + 1];
      const ahead = (code - 0xd0 - desired) & 7;
      if (isRestart(code) && (ahead === 0 || (ahead > 2 && ahead < 6))) {
        this.#open(at + 2);
        return true;
      }
      const isPassed = code < 0xc0 || (isRestart(code) && ahead >= 6);
      if (!isPassed) { // a marker of a later part: this segment is missing
        this.marker = at;
        if (this.end > 0) this.#clear(0);
        return false;
      }
      at = nextMarker(this.#file, at + 2);
    }
  }

  /** Unpacks a segment up to its marker. */
  #open(start: number): void {
    const file = this.#file, clean = this.#clean;
    let length = 0;
    for (let at = start;;) {
      const found = file.indexOf(0xff, at), stop = found < 0 ? file.length : found;
      clean.set(file.subarray(at, stop), length);
      length += stop - at;
      at = stop + 1;
      while (file[at] === 0xff) at++;
      if (file[at] !== 0) { // also at the end of the file
        this.#clear(length);
        this.marker = nextMarker(file, stop);
        return;
      }
      clean[length++] = 0xff;
      at++;
    }
  }

  /** Ends the segment after `length` bytes. */
  #clear(length: number): void {
    this.#clean.fill(0, length, length + PADDING);
    this.end = 8 * length;
  }
}
