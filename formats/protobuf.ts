/**
 * One loop over the fields of a protocol buffer message.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BinaryReader, type WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";

/**
 * Calls `take` for each field of a message, with the reader in front of the field's value.
 *
 * @param take reads the value and returns true, or returns false and the field is passed over
 * @throws {Error} if the bytes are no protocol buffer message
 */
export function eachField(
  bytes: Uint8Array,
  take: (field: number, reader: BinaryReader, wire: WireType) => boolean,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (!take(field, reader, wire)) reader.skip(wire, field);
  }
}
