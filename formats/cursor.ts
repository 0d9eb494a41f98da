/**
 * A reader of protocol buffer bytes with nested limits, with the manners of protobuf's `CodedInputStream`.
 *
 * Reading functions return `undefined` (or `false`) where the bytes do not hold what is asked for; nothing throws.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A position in bytes, and the end up to which may be read. */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;
  #limit: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#limit = bytes.length;
  }

  /** Whether everything up to the limit was read. */
  atEnd(): boolean {
    return this.#position === this.#limit;
  }

  /** Takes the next byte if it is this one. */
  expect(byte: number): boolean {
    if (this.#position === this.#limit || this.#bytes[this.#position] !== byte) return false;
    this.#position++;
    return true;
  }

  /** Reads a length and runs `read` with the limit that many bytes ahead, or at the present limit if that is nearer. */
  nested(read: () => boolean): boolean {
    const length = this.varint32();
    if (length === undefined) return false;
    const outer = this.#limit;
    this.#limit = Math.min(outer, this.#position + length);
    const done = read();
    this.#limit = outer;
    return done;
  }

  /** A length and that many bytes, as a view. */
  delimited(): Uint8Array | undefined {
    const length = this.varint32();
    if (length === undefined || length > this.#limit - this.#position) return undefined;
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** Passes over one field of any type but a group. */
  skipField(): boolean {
    const tag = this.varint32() ?? 0;
    switch (tag & 7) {
      case 0:
        return this.varint32() !== undefined;
      case 1:
        return this.#skip(8);
      case 2: {
        const length = this.varint32();
        if (length === undefined) return false;
        this.#position = Math.min(this.#limit, this.#position + length);
        return true;
      }
      case 5:
        return this.#skip(4);
      default:
        return false;
    }
  }

  /** A variable-length integer of at most ten bytes, of which the low 32 bits count. */
  varint32(): number | undefined {
    let value = 0;
    for (let i = 0; i < 10 && this.#position < this.#limit; i++) {
      const byte = this.#bytes[this.#position++];
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value >>> 0;
    }
    return undefined;
  }

  /** A variable-length integer as a signed 64-bit one. */
  varint64(): bigint | undefined {
    let low = 0, high = 0; // 28 bits and the rest, so that small numbers need no bigint arithmetic
    for (let i = 0; i < 10 && this.#position < this.#limit; i++) {
      const byte = this.#bytes[this.#position++];
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else high += (byte & 0x7f) * 2 ** (7 * (i - 4));
      if (byte < 0x80) return i < 4 ? BigInt(low) : BigInt.asIntN(64, (BigInt(high) << 28n) | BigInt(low));
    }
    return undefined;
  }

  /** Four bytes as a float. */
  float32(): number | undefined {
    if (this.#limit - this.#position < 4) return undefined;
    this.#position += 4;
    return this.#view.getFloat32(this.#position - 4, true);
  }

  #skip(count: number): boolean {
    if (this.#limit - this.#position < count) return false;
    this.#position += count;
    return true;
  }
}
