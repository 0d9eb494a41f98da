/**
 * The marker segments of a JPEG file: tables, the frame, the headers of scans.
 *
 * What is refused and what is passed over follows libjpeg's `jdmarker.c`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { readOrientation } from "./exif.ts";
import { createFrame, type Frame, type FrameComponent } from "./frame.ts";
import { standardTable, TableDefinition } from "./huffman.ts";
import { damaged, isAlone, MARKER, nextMarker, unsupported } from "./markers.ts";
import { naturalOrder } from "./natural_order.ts";

/** What a scan holds. */
export interface Scan {
  readonly components: readonly ScanComponent[];
  /** First coefficient, in zigzag order. */
  readonly first: number;
  /** Last coefficient. */
  readonly last: number;
  /** The bit that was known before, 0 in the first scan of these coefficients. */
  readonly high: number;
  /** The lowest bit that is known after this scan. */
  readonly low: number;
  /** Groups of blocks between restart markers, 0 if there are none. */
  readonly restartInterval: number;
  /** Offset of its data in the file. */
  readonly offset: number;
}

/** A component and its tables. */
export interface ScanComponent {
  readonly component: FrameComponent;
  /** For DC coefficients; absent where there is none. */
  readonly dc?: TableDefinition;
  readonly ac?: TableDefinition;
}

/** Markers of frames that are not read: lossless, hierarchical and arithmetically coded ones. */
const unsupportedFrames: Readonly<Record<number, string>> = {
  0xc3: "that is lossless",
  0xc5: "that is hierarchical",
  0xc6: "that is hierarchical",
  0xc7: "that is hierarchical",
  0xc9: "with arithmetic coding",
  0xca: "with arithmetic coding",
  0xcb: "that is lossless",
  0xcd: "that is hierarchical",
  0xce: "that is hierarchical",
  0xcf: "that is hierarchical",
};

/** Walks through a file from segment to segment. */
export class SegmentReader {
  /** The frame, once its header was met. */
  frame?: Frame;
  /** Whether there was a JFIF header. */
  isJfif = false;
  /** The colour transform that Adobe's segment names, if there was one. */
  adobeTransform?: number;
  /** How the camera was held: EXIF's 1 to 8, 1 upright. */
  orientation = 1;
  /** Where to go on. */
  offset = 2;
  readonly #bytes: Uint8Array;
  readonly #quantization: (Uint16Array | undefined)[] = [];
  readonly #dc: (TableDefinition | undefined)[] = [];
  readonly #ac: (TableDefinition | undefined)[] = [];
  #restartInterval = 0;

  /** @throws {SyntaxError} if the bytes do not begin as a JPEG does */
  constructor(bytes: Uint8Array) {
    if (bytes[0] !== 0xff || bytes[1] !== MARKER.SOI || bytes[2] !== 0xff) {
      throw new SyntaxError(
        "Cannot decode a JPEG: the bytes do not start as a JPEG does; check the image format",
      );
    }
    this.#bytes = bytes;
  }

  /**
   * Reads on to the header of the frame.
   *
   * @throws {DataLossError} if the file is damaged or ends before
   * @throws {TypeError} if it is of a kind that is left out
   */
  readFrame(): Frame {
    while (!this.frame) {
      const at = this.offset;
      if (this.#segment() !== undefined) throw damaged("it has no frame header", at);
    }
    return this.frame;
  }

  /** Reads on to the next scan; `undefined` at the end of the picture. */
  nextScan(): Scan | undefined {
    for (;;) {
      const found = this.#segment();
      if (found === "end") return undefined;
      if (found) return found;
    }
  }

  /** Reads a segment; returns the scan if it is the header of one. */
  #segment(): Scan | "end" | undefined {
    const at = nextMarker(this.#bytes, this.offset), code = this.#bytes[at + 1];
    this.offset = at + 2;
    if (isAlone(code)) return undefined;
    if (code === MARKER.EOI) return "end";
    const length = this.#length(at);
    const content = this.#bytes.subarray(at + 4, at + 2 + length);
    this.offset += length;
    if (code === MARKER.SOS) return this.#scan(content, at);
    if (code === MARKER.DHT) this.#huffmanTables(content, at);
    else if (code === MARKER.DQT) this.#quantizationTables(content, at);
    else if (code === MARKER.DRI) this.#restarts(content, at);
    else if (code >= 0xc0 && code <= 0xc2) this.#frameHeader(content, code === 0xc2, at);
    else if (code in unsupportedFrames) throw unsupported(unsupportedFrames[code]);
    else if (code >= 0xe0 && code <= 0xef) this.#application(code, content);
    else if (code !== 0xfe && code !== 0xdc && code !== 0xcc) { // a comment, lines, arithmetic conditioning
      throw damaged(`it has marker 0x${code.toString(16)} where none can be`, at);
    }
    return undefined;
  }

  #length(at: number): number {
    const bytes = this.#bytes, length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (at + 4 > bytes.length || at + 2 + length > bytes.length) throw damaged("the file ends too early", at);
    if (length < 2) throw damaged("a segment has an impossible length", at);
    return length;
  }

  #application(code: number, content: Uint8Array): void {
    const begins = (text: string) => Array.from(text).every((char, i) => content[i] === char.charCodeAt(0));
    if (code === MARKER.APP0 && content.length >= 14 && begins("JFIF\0")) this.isJfif = true;
    else if (code === MARKER.APP14 && content.length >= 12 && begins("Adobe")) {
      this.adobeTransform = content[11];
    } else if (code === MARKER.APP1 && begins("Exif\0\0")) {
      this.orientation = readOrientation(content.subarray(6));
    }
  }

  #quantizationTables(content: Uint8Array, offset: number): void {
    for (let at = 0; at < content.length;) {
      const isWide = content[at] >> 4 !== 0, id = content[at] & 15, size = isWide ? 128 : 64;
      if (id > 3 || at + 1 + size > content.length) {
        throw damaged("a quantization table is cut or misnumbered", offset);
      }
      const table = new Uint16Array(64);
      for (let i = 0; i < 64; i++) {
        const from = at + 1 + (isWide ? 2 * i : i);
        table[naturalOrder[i]] = isWide ? (content[from] << 8) | content[from + 1] : content[from];
      }
      this.#quantization[id] = table;
      at += 1 + size;
    }
  }

  #huffmanTables(content: Uint8Array, offset: number): void {
    for (let at = 0; at < content.length;) {
      const kind = content[at] >> 4, id = content[at] & 15;
      const counts = content.subarray(at + 1, at + 17), total = counts.reduce((sum, count) => sum + count, 0);
      const end = at + 17 + total;
      if (kind > 1 || id > 3 || total > 256 || end > content.length) {
        throw damaged("a Huffman table is cut or misnumbered", offset);
      }
      const isDc = kind === 0;
      (isDc ? this.#dc : this.#ac)[id] = new TableDefinition(content.subarray(at + 1, end), isDc, offset);
      at = end;
    }
  }

  #restarts(content: Uint8Array, offset: number): void {
    if (content.length !== 2) throw damaged("the restart interval has a wrong length", offset);
    this.#restartInterval = (content[0] << 8) | content[1];
  }

  #frameHeader(content: Uint8Array, isProgressive: boolean, offset: number): void {
    if (this.frame) throw damaged("it has two frame headers", offset);
    this.frame = createFrame(content, isProgressive, offset);
  }

  #scan(content: Uint8Array, offset: number): Scan {
    const { frame } = this, count = content[0];
    if (!frame) throw damaged("it has no frame header", offset);
    if (!(count >= 1 && count <= 4) || content.length !== 4 + 2 * count) {
      throw damaged("the header of a scan has a wrong length", offset);
    }
    const components = Array.from({ length: count }, (_, i): ScanComponent => {
      const component = frame.components.find(({ id }) => id === content[1 + 2 * i]);
      if (!component) throw damaged("a scan holds an unknown component", offset);
      component.quantization ??= this.#quantization[component.tableId];
      if (!component.quantization) throw damaged("a quantization table is missing", offset);
      const dc = content[2 + 2 * i] >> 4, ac = content[2 + 2 * i] & 15, hasStandard = !frame.isProgressive;
      return {
        component,
        dc: this.#dc[dc] ?? (hasStandard ? standardTable(dc, true) : undefined),
        ac: this.#ac[ac] ?? (hasStandard ? standardTable(ac, false) : undefined),
      };
    });
    if (new Set(components.map(({ component }) => component)).size < count) {
      throw damaged("a scan holds a component twice", offset);
    }
    const blocks = components.reduce((sum, { component: { h, v } }) => sum + h * v, 0);
    if (count > 1 && blocks > 10) throw damaged("a scan has more than 10 blocks a group", offset);
    const [first, last, bits] = content.subarray(1 + 2 * count);
    return {
      components,
      first,
      last,
      high: bits >> 4,
      low: bits & 15,
      restartInterval: this.#restartInterval,
      offset: this.offset,
    };
  }
}
