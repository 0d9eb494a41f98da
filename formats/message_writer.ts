/**
 * Writes protocol buffer messages field by field.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";

/**
 * A message in the making. Fields come in the order of the calls; TensorFlow writes them by number.
 *
 * Numbers and strings that are zero or empty are left out, as proto3 does. Members of a `oneof` and messages inside are
 * always written.
 */
export class MessageWriter {
  readonly #writer = new BinaryWriter();

  /** A `double`, unless it is 0. */
  double(field: number, value: number): this {
    if (!Object.is(value, 0)) this.#tag(field, WireType.Bit64).double(value);
    return this;
  }

  /** Packed `double`s, unless there are none. */
  doubles(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    const writer = this.#tag(field, WireType.LengthDelimited).fork();
    for (const value of values) writer.double(value);
    writer.join();
    return this;
  }

  /** An `int32`, `int64` or an enumeration, unless it is 0. */
  integer(field: number, value: number): this {
    if (value !== 0) this.#tag(field, WireType.Varint).int64(value);
    return this;
  }

  /** A `string`, unless it is empty. */
  string(field: number, value: string): this {
    if (value !== "") this.#tag(field, WireType.LengthDelimited).string(value);
    return this;
  }

  /** `bytes`, unless they are empty. */
  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.message(field, value);
  }

  /** A message, or the `bytes` of a `oneof`. */
  message(field: number, value: Uint8Array | MessageWriter): this {
    this.#tag(field, WireType.LengthDelimited).bytes(value instanceof MessageWriter ? value.finish() : value);
    return this;
  }

  /** The `float` of a `oneof`. */
  float(field: number, value: number): this {
    this.#tag(field, WireType.Bit32).float(value);
    return this;
  }

  /** The bytes of the message. */
  finish(): Uint8Array {
    return this.#writer.finish();
  }

  #tag(field: number, wire: WireType): BinaryWriter {
    return this.#writer.tag(field, wire);
  }
}
