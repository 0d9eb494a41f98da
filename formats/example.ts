/**
 * tf.Example: a map from names to lists of byte strings, floats or integers, in protocol buffer encoding.
 *
 * {@linkcode decodeExample} reads as the protobuf library does (the last of equal keys wins, packed and unpacked lists mix,
 * unknown fields are passed over); {@linkcode parseSingleExample} as TensorFlow's op of that name does.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BinaryReader, BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { compareBytes } from "./bytes.ts";
import { reasonOf } from "./errors.ts";
import { ExampleError } from "./example_error.ts";
import { eachField } from "./protobuf.ts";

export { ExampleError } from "./example_error.ts";
export { type FeatureSpec, type ParsedFeature, parseSingleExample } from "./parse_example.ts";

/** One feature: a list of one of three kinds, or nothing (`kind` is `null`). */
export type Feature =
  | { kind: "bytes"; value: Uint8Array[] }
  | { kind: "float"; value: Float32Array }
  | { kind: "int64"; value: bigint[] }
  | { kind: null };

/** Field numbers of `Feature`'s oneof, in its order. */
const fieldOf = { bytes: 1, float: 2, int64: 3 } as const;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A feature of byte strings; text is stored as UTF-8. */
export function bytesFeature(...values: (Uint8Array | string)[]): Feature {
  const encoder = new TextEncoder();
  return { kind: "bytes", value: values.map((v) => typeof v === "string" ? encoder.encode(v) : v) };
}

/** A feature of float32 numbers. */
export function floatFeature(...values: number[]): Feature {
  return { kind: "float", value: Float32Array.from(values) };
}

/** A feature of 64-bit integers. */
export function int64Feature(...values: (bigint | number)[]): Feature {
  return { kind: "int64", value: values.map((v) => BigInt(v)) };
}

/**
 * Decodes a serialized tf.Example.
 *
 * Byte strings are views of `bytes`.
 *
 * @throws {ExampleError} if the bytes are no protocol buffer message
 *
 * @example Usage
 * ```ts
 * import { bytesFeature, decodeExample, encodeExample } from "./example.ts";
 *
 * const bytes = encodeExample({ "image/format": bytesFeature("png") });
 * decodeExample(bytes).get("image/format"); // { kind: "bytes", value: [Uint8Array(3)] }
 * ```
 */
export function decodeExample(bytes: Uint8Array): Map<string, Feature> {
  const features = new Map<string, Feature>();
  try {
    eachField(bytes, (number, reader, wire) => {
      if (number !== 1 || wire !== WireType.LengthDelimited) return false;
      readFeatures(reader.bytes(), features);
      return true;
    });
  } catch (thrown) {
    if (thrown instanceof ExampleError) throw thrown;
    throw new ExampleError(
      `Cannot decode a tf.Example of ${bytes.length} bytes: ${
        reasonOf(thrown)
      }; check that the record holds a tf.Example`,
      "malformed",
      undefined,
      { cause: thrown },
    );
  }
  return features;
}

function readFeatures(bytes: Uint8Array, features: Map<string, Feature>): void {
  eachField(bytes, (number, reader, wire) => {
    if (number !== 1 || wire !== WireType.LengthDelimited) return false;
    const entry = new FeatureBuilder();
    let key = "";
    eachField(reader.bytes(), (number, reader, wire) => {
      if (wire !== WireType.LengthDelimited || (number !== 1 && number !== 2)) return false;
      if (number === 1) key = strictUtf8.decode(reader.bytes());
      else entry.merge(reader.bytes());
      return true;
    });
    features.set(key, entry.finish());
    return true;
  });
}

/** Collects a `Feature` message; a later list of the same kind is appended, one of another kind takes over. */
class FeatureBuilder {
  #kind: Exclude<Feature["kind"], null> | null = null;
  #bytes: Uint8Array[] = [];
  #floats: number[] = [];
  #integers: bigint[] = [];

  merge(bytes: Uint8Array): void {
    eachField(bytes, (number, reader, wire) => {
      if (wire !== WireType.LengthDelimited) return false;
      if (number === fieldOf.bytes) this.#readBytes(reader.bytes());
      else if (number === fieldOf.float) this.#readFloats(reader.bytes());
      else if (number === fieldOf.int64) this.#readIntegers(reader.bytes());
      else return false;
      return true;
    });
  }

  finish(): Feature {
    switch (this.#kind) {
      case "bytes":
        return { kind: "bytes", value: this.#bytes };
      case "float":
        return { kind: "float", value: Float32Array.from(this.#floats) };
      case "int64":
        return { kind: "int64", value: this.#integers };
      case null:
        return { kind: null };
    }
  }

  #become(kind: Exclude<Feature["kind"], null>): void {
    if (this.#kind === kind) return;
    this.#kind = kind;
    this.#bytes = [];
    this.#floats = [];
    this.#integers = [];
  }

  #readBytes(list: Uint8Array): void {
    this.#become("bytes");
    eachField(list, (number, reader, wire) => {
      if (number !== 1 || wire !== WireType.LengthDelimited) return false;
      this.#bytes.push(reader.bytes());
      return true;
    });
  }

  #readFloats(list: Uint8Array): void {
    this.#become("float");
    eachField(list, (number, reader, wire) => {
      if (number !== 1) return false;
      if (wire === WireType.Bit32) this.#floats.push(reader.float());
      else if (wire === WireType.LengthDelimited) {
        const packed = new BinaryReader(reader.bytes());
        while (packed.pos < packed.len) this.#floats.push(packed.float());
      } else return false;
      return true;
    });
  }

  #readIntegers(list: Uint8Array): void {
    this.#become("int64");
    eachField(list, (number, reader, wire) => {
      if (number !== 1) return false;
      if (wire === WireType.Varint) this.#integers.push(BigInt(reader.int64()));
      else if (wire === WireType.LengthDelimited) {
        const packed = new BinaryReader(reader.bytes());
        while (packed.pos < packed.len) this.#integers.push(BigInt(packed.int64()));
      } else return false;
      return true;
    });
  }
}

/**
 * Serializes a tf.Example.
 *
 * Keys are sorted by code point and lists are packed, so that equal features give equal bytes.
 *
 * @throws {RangeError} if an integer does not fit into 64 bits
 */
export function encodeExample(features: ReadonlyMap<string, Feature> | Record<string, Feature>): Uint8Array {
  const encoder = new TextEncoder();
  const entries = features instanceof Map
    ? [...features]
    : Object.entries(features as Record<string, Feature>);
  const encoded = entries.map(([key, feature]) => ({ key, name: encoder.encode(key), feature }));
  encoded.sort((a, b) => compareBytes(a.name, b.name));
  const writer = new BinaryWriter();
  writer.uint32(tag(1)).fork();
  for (const { key, name, feature } of encoded) {
    writer.uint32(tag(1)).fork();
    writer.uint32(tag(1)).bytes(name);
    writer.uint32(tag(2)).fork();
    writeFeature(writer, key, feature);
    writer.join().join();
  }
  return writer.join().finish();
}

function writeFeature(writer: BinaryWriter, key: string, feature: Feature): void {
  if (feature.kind === null) return;
  writer.uint32(tag(fieldOf[feature.kind])).fork();
  if (feature.kind === "bytes") {
    for (const value of feature.value) writer.uint32(tag(1)).bytes(value);
  } else if (feature.value.length > 0) {
    writer.uint32(tag(1)).fork();
    if (feature.kind === "float") { for (const value of feature.value) writer.float(value); }
    else for (const value of feature.value) writer.int64(checkInt64(value, key));
    writer.join();
  }
  writer.join();
}

function checkInt64(value: bigint, key: string): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new RangeError(
    `Cannot encode feature "${key}": ${value} does not fit into 64 bits; use a smaller number`,
  );
}

function tag(field: number): number {
  return (field << 3) | WireType.LengthDelimited;
}
