/**
 * The protocol buffer messages inside checkpoint tables, reading and writing.
 *
 * Sources: `tensor_bundle.proto` (V2), `saved_tensor_slice.proto` (V1), `tensor_shape.proto`, `tensor_slice.proto`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { eachField } from "../protobuf.ts";

/** Part of a dimension; without a length it is all of it. */
export interface Extent {
  start: number;
  length?: number;
}

/** Header of a V2 index: the value of the empty key. */
export interface BundleHeader {
  numShards: number;
  /** 0 little, 1 big. */
  endianness: number;
  producer: number;
  minConsumer: number;
}

/** Where one tensor of a V2 checkpoint lies. */
export interface BundleEntry {
  /** Number in `types.proto`. */
  dtypeCode: number;
  shape: number[];
  shardId: number;
  offset: number;
  size: number;
  /** Masked CRC-32C of the tensor's bytes. */
  crc: number;
  /** Slices of a partitioned variable; their data are entries of their own. */
  slices: Extent[][];
}

/** One tensor in the metadata of a V1 table. */
export interface SavedSliceMeta {
  name: string;
  dtypeCode: number;
  shape: number[];
  slices: Extent[][];
}

/** Reads a `BundleHeaderProto`. */
export function readBundleHeader(bytes: Uint8Array): BundleHeader {
  const header: BundleHeader = { numShards: 0, endianness: 0, producer: 0, minConsumer: 0 };
  eachField(bytes, (field, reader) => {
    if (field === 1) header.numShards = reader.int32();
    else if (field === 2) header.endianness = reader.int32();
    else if (field === 3) Object.assign(header, readVersions(reader.bytes()));
    else return false;
    return true;
  });
  return header;
}

/** Writes a `BundleHeaderProto`. */
export function writeBundleHeader(
  { numShards, producer }: { numShards: number; producer: number },
): Uint8Array {
  return new BinaryWriter().uint32(1 << 3).int32(numShards)
    .uint32(3 << 3 | WireType.LengthDelimited).fork().uint32(1 << 3).int32(producer).join().finish();
}

/** Reads a `VersionDef`. */
function readVersions(bytes: Uint8Array): { producer: number; minConsumer: number } {
  const versions = { producer: 0, minConsumer: 0 };
  eachField(bytes, (field, reader) => {
    if (field === 1) versions.producer = reader.int32();
    else if (field === 2) versions.minConsumer = reader.int32();
    else return false;
    return true;
  });
  return versions;
}

/** Reads a `BundleEntryProto`. */
export function readBundleEntry(bytes: Uint8Array): BundleEntry {
  const entry: BundleEntry = { dtypeCode: 0, shape: [], shardId: 0, offset: 0, size: 0, crc: 0, slices: [] };
  eachField(bytes, (field, reader) => {
    if (field === 1) entry.dtypeCode = reader.int32();
    else if (field === 2) entry.shape = readShape(reader.bytes());
    else if (field === 3) entry.shardId = reader.int32();
    else if (field === 4) entry.offset = Number(reader.int64());
    else if (field === 5) entry.size = Number(reader.int64());
    else if (field === 6) entry.crc = reader.fixed32();
    else if (field === 7) entry.slices.push(readSlice(reader.bytes()));
    else return false;
    return true;
  });
  return entry;
}

/** Writes a `BundleEntryProto` of a whole tensor, byte for byte as TensorFlow does. */
export function writeBundleEntry(entry: BundleEntry): Uint8Array {
  const writer = new BinaryWriter().uint32(1 << 3).int32(entry.dtypeCode);
  writer.uint32(2 << 3 | WireType.LengthDelimited).fork();
  for (const size of entry.shape) {
    writer.uint32(2 << 3 | WireType.LengthDelimited).fork();
    if (size !== 0) writer.uint32(1 << 3).int64(size);
    writer.join();
  }
  writer.join();
  if (entry.shardId !== 0) writer.uint32(3 << 3).int32(entry.shardId);
  if (entry.offset !== 0) writer.uint32(4 << 3).int64(entry.offset);
  if (entry.size !== 0) writer.uint32(5 << 3).int64(entry.size);
  if (entry.crc !== 0) writer.uint32(6 << 3 | WireType.Bit32).fixed32(entry.crc);
  return writer.finish();
}

/** Reads a `TensorShapeProto`. */
export function readShape(bytes: Uint8Array): number[] {
  const shape: number[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== 2) return false;
    let size = 0;
    eachField(reader.bytes(), (field, reader) => {
      if (field !== 1) return false;
      size = Number(reader.int64());
      return true;
    });
    shape.push(size);
    return true;
  });
  return shape;
}

/** Reads a `TensorSliceProto`: one extent a dimension. */
export function readSlice(bytes: Uint8Array): Extent[] {
  const slice: Extent[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    const extent: Extent = { start: 0 };
    eachField(reader.bytes(), (field, reader) => {
      if (field === 1) extent.start = Number(reader.int64());
      else if (field === 2) extent.length = Number(reader.int64());
      else return false;
      return true;
    });
    slice.push(extent);
    return true;
  });
  return slice;
}

/** Reads the metadata of a V1 table: the `meta` field of a `SavedTensorSlices`. */
export function readSavedMeta(bytes: Uint8Array) {
  const meta = { tensors: [] as SavedSliceMeta[], producer: 0, minConsumer: 0 };
  eachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    eachField(reader.bytes(), (field, reader) => {
      if (field === 1) meta.tensors.push(readSavedSliceMeta(reader.bytes()));
      else if (field === 2) Object.assign(meta, readVersions(reader.bytes()));
      else return false;
      return true;
    });
    return true;
  });
  return meta;
}

function readSavedSliceMeta(bytes: Uint8Array): SavedSliceMeta {
  const meta: SavedSliceMeta = { name: "", dtypeCode: 0, shape: [], slices: [] };
  eachField(bytes, (field, reader) => {
    if (field === 1) meta.name = reader.string();
    else if (field === 2) meta.shape = readShape(reader.bytes());
    else if (field === 3) meta.dtypeCode = reader.int32();
    else if (field === 4) meta.slices.push(readSlice(reader.bytes()));
    else return false;
    return true;
  });
  return meta;
}

/** Reads a slice of a V1 table: the `data` field of a `SavedTensorSlices`; `tensor` is a serialized `TensorProto`. */
export function readSavedSlice(bytes: Uint8Array): { name: string; slice: Extent[]; tensor: Uint8Array } {
  const saved = { name: "", slice: [] as Extent[], tensor: new Uint8Array() as Uint8Array };
  eachField(bytes, (field, reader) => {
    if (field !== 2) return false;
    eachField(reader.bytes(), (field, reader) => {
      if (field === 1) saved.name = reader.string();
      else if (field === 2) saved.slice = readSlice(reader.bytes());
      else if (field === 3) saved.tensor = reader.bytes();
      else return false;
      return true;
    });
    return true;
  });
  return saved;
}
