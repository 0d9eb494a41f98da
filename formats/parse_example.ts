/**
 * Reads wanted features of a tf.Example as TensorFlow's fast parser does (`tf.io.parse_single_example`).
 *
 * The fast parser is stricter than the protobuf library in some ways and looser in others: a list must be packed or unpacked
 * throughout, a feature's kind must come first, a nested length that is too large is cut at its surroundings. All of this
 * follows `example_proto_fast_parsing.cc`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { Cursor } from "./cursor.ts";
import { ExampleError } from "./example_error.ts";

/** Kinds of lists, by the first byte of a serialized `Feature`. */
const kindOfTag: Record<number, ListKind> = { 0x0a: "bytes", 0x12: "float", 0x1a: "int64" };

type ListKind = "bytes" | "float" | "int64";

interface ListOf {
  bytes: Uint8Array[];
  float: Float32Array;
  int64: bigint[];
}

/** What to read: exactly as many values as `shape` says (`FixedLenFeature`), or however many there are (`VarLenFeature`). */
export type FeatureSpec =
  | {
    [K in ListKind]: {
      length: "fixed";
      kind: K;
      /** Shape of the values; `[]` is one value. */
      shape: readonly number[];
      /** Used if the example lacks the feature; without it that is an error. */
      default?: ListOf[K];
    };
  }[ListKind]
  | { length: "variable"; kind: ListKind };

/** The values of a feature, flat and in order, and their shape. */
export type ParsedFeature = { [K in ListKind]: { kind: K; shape: number[]; value: ListOf[K] } }[ListKind];

/**
 * Reads the features named by `specs`; all others are passed over.
 *
 * @param bytes a serialized tf.Example
 * @param specs what to read, by name
 * @throws {ExampleError} `malformed`, or for a key: `missing` (required, absent), `type` (another kind of list), `list`
 * (unreadable, or another number of values than the shape has; an empty list too, even if there is a default)
 */
export function parseSingleExample<const K extends string>(
  bytes: Uint8Array,
  specs: Readonly<Record<K, FeatureSpec>>,
): Record<K, ParsedFeature> {
  const entries = readEntries(new Cursor(bytes));
  if (entries === undefined) {
    throw new ExampleError(
      `Cannot parse a tf.Example of ${bytes.length} bytes: it is no such message; check that the record holds a tf.Example`,
      "malformed",
    );
  }
  const parsed: Partial<Record<K, ParsedFeature>> = {};
  for (let i = entries.length - 1; i >= 0; i--) { // from the back: of equal names the last wins
    const { name, feature } = entries[i];
    if (!Object.hasOwn(specs, name)) continue;
    const key = name as K;
    if (feature.length === 0) continue;
    const kind = kindOfTag[feature[0]];
    if (kind === undefined) {
      throw new ExampleError(
        `Cannot parse feature "${key}": its kind is unknown; check the writer`,
        "type",
        key,
      );
    }
    if (parsed[key] !== undefined) continue;
    parsed[key] = parseFeature(key, kind, feature.subarray(1), specs[key]);
  }
  for (const key of Object.keys(specs) as K[]) parsed[key] ??= absent(key, specs[key]);
  return parsed as Record<K, ParsedFeature>;
}

function parseFeature(key: string, kind: ListKind, list: Uint8Array, spec: FeatureSpec): ParsedFeature {
  if (kind !== spec.kind) {
    throw new ExampleError(
      `Cannot parse feature "${key}": it is a ${kind} list but a ${spec.kind} list is expected; ask for ${kind}`,
      "type",
      key,
    );
  }
  const value = readList(new Cursor(list), kind);
  if (value === undefined) {
    throw new ExampleError(
      `Cannot parse feature "${key}": its list is malformed; check the writer`,
      "list",
      key,
    );
  }
  if (spec.length === "fixed") {
    const wanted = spec.shape.reduce((product, size) => product * size, 1);
    if (value.length !== wanted) {
      throw new ExampleError(
        `Cannot parse feature "${key}": it has ${value.length} values but shape [${
          spec.shape.join(", ")
        }] wants ${wanted}; ` +
          "ask for another shape or a variable length",
        "list",
        key,
      );
    }
  }
  const shape = spec.length === "fixed" ? [...spec.shape] : [value.length];
  return { kind, shape, value } as ParsedFeature;
}

function absent(key: string, spec: FeatureSpec): ParsedFeature {
  if (spec.length === "variable") {
    const value = spec.kind === "float" ? new Float32Array() : [];
    return { kind: spec.kind, shape: [0], value } as ParsedFeature;
  }
  if (spec.default === undefined) {
    throw new ExampleError(
      `Cannot parse feature "${key}" (${spec.kind}): it is required but the example lacks it; give a default`,
      "missing",
      key,
    );
  }
  return { kind: spec.kind, shape: [...spec.shape], value: spec.default } as ParsedFeature;
}

interface Entry {
  name: string;
  feature: Uint8Array;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The map entries in file order, or `undefined` if the message is malformed. */
function readEntries(c: Cursor): Entry[] | undefined {
  const entries: Entry[] = [];
  while (!c.atEnd()) {
    if (!c.expect(0x0a)) {
      if (!c.skipField()) return undefined;
      continue;
    }
    const done = c.nested(() => {
      while (!c.atEnd()) {
        if (!c.expect(0x0a)) return false;
        const entry = readEntry(c);
        if (entry === undefined) return false;
        entries.push(entry);
      }
      return true;
    });
    if (!done) return undefined;
  }
  return entries;
}

/** One map entry: exactly a key and a value, in either order. */
function readEntry(c: Cursor): Entry | undefined {
  const entry: Entry = { name: "", feature: new Uint8Array() };
  const done = c.nested(() => {
    for (let n = 0; n < 2; n++) {
      const isKey = c.expect(0x0a);
      if (!isKey && !c.expect(0x12)) return false;
      const bytes = c.delimited();
      if (bytes === undefined) return false;
      if (isKey) entry.name = utf8.decode(bytes);
      else entry.feature = bytes;
    }
    return c.atEnd();
  });
  return done ? entry : undefined;
}

function readList(c: Cursor, kind: ListKind): Uint8Array[] | Float32Array | bigint[] | undefined {
  const bytes: Uint8Array[] = [];
  const floats: number[] = [];
  const integers: bigint[] = [];
  const readOne = kind === "float" ? () => push(floats, c.float32()) : () => push(integers, c.varint64());
  const unpackedTag = kind === "float" ? 0x0d : 0x08;
  const done = c.nested(() => {
    if (kind !== "bytes" && c.expect(0x0a)) {
      return c.nested(() => {
        while (!c.atEnd()) if (!readOne()) return false;
        return true;
      });
    }
    while (!c.atEnd()) {
      const good = kind === "bytes"
        ? c.expect(0x0a) && push(bytes, c.delimited())
        : c.expect(unpackedTag) && readOne();
      if (!good) return false;
    }
    return true;
  });
  if (!done) return undefined;
  return kind === "bytes" ? bytes : kind === "float" ? Float32Array.from(floats) : integers;
}

function push<T>(list: T[], value: T | undefined): boolean {
  if (value === undefined) return false;
  list.push(value);
  return true;
}
