/**
 * Reads V1 checkpoints: one table a shard, its metadata under the empty key, then one message a slice.
 *
 * Only the blocks' checksums guard the values. Sources: `saved_tensor_slice.proto`, `tensor_slice_reader.cc`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, NotFoundError, reasonOf } from "../errors.ts";
import type { Files } from "../files.ts";
import {
  assemble,
  assertCovered,
  type Bundle,
  damagedTensor,
  isShape,
  type Piece,
  sliceShape,
  type TensorInfo,
} from "./bundle.ts";
import { type Extent, readSavedMeta, readSavedSlice } from "./protos.ts";
import { sliceKey } from "./slice_key.ts";
import { Table } from "./table.ts";
import { dtypeOfCode, elementsOf, nameOfCode, type Tensor } from "./tensor.ts";
import { readTensorProto } from "./tensor_proto.ts";

interface StoredSlice {
  table: Table;
  extents: Extent[];
}

/** Newest `min_consumer` that this reader understands (`TF_CHECKPOINT_VERSION`). */
const version = 1;

/** An open V1 checkpoint. */
export class BundleV1 implements Bundle {
  readonly format = "V1";
  readonly tensors = new Map<string, TensorInfo>();
  readonly unsupported = new Map<string, string>();
  readonly #path: string;
  readonly #slices = new Map<string, StoredSlice[]>();

  private constructor(path: string) {
    this.#path = path;
  }

  /** Opens the tables of all shards and reads their metadata. */
  static async open(files: Files, paths: readonly string[]): Promise<BundleV1> {
    const bundle = new BundleV1(paths[0]);
    for (const path of paths) {
      const table = await Table.open(files, path);
      try {
        const meta = await table.get(new Uint8Array());
        if (meta === undefined) throw new Error("it has no metadata");
        bundle.#add(table, meta);
      } catch (thrown) {
        if (thrown instanceof DataLossError || thrown instanceof NotFoundError) throw thrown;
        throw new DataLossError(
          `Cannot read "${path}": ${reasonOf(thrown)}; copy the checkpoint again or use an older one`,
          { path },
          { cause: thrown },
        );
      }
    }
    return bundle;
  }

  /** Takes in the metadata of a shard. */
  #add(table: Table, metadata: Uint8Array): void {
    const { tensors, minConsumer } = readSavedMeta(metadata);
    if (minConsumer > version) {
      throw new Error(`it needs a reader of version ${minConsumer}, this is version ${version}`);
    }
    for (const { name, dtypeCode, shape, slices } of tensors) {
      const dtype = dtypeOfCode(dtypeCode);
      if (!isShape(shape)) throw new Error(`the shape of "${name}" is impossible`);
      if (dtype === undefined) {
        this.unsupported.set(name, nameOfCode(dtypeCode));
        continue;
      }
      const known = this.tensors.get(name);
      if (known !== undefined && (known.dtype !== dtype || String(known.shape) !== String(shape))) {
        throw new Error(`"${name}" has another type or shape than in another shard`);
      }
      this.tensors.set(name, { dtype, shape });
      const stored = slices.map((extents) => ({ table, extents }));
      this.#slices.set(name, [...this.#slices.get(name) ?? [], ...stored]);
    }
  }

  /** Reads one tensor, putting its slices together. */
  async read(name: string): Promise<Tensor> {
    const info = this.tensors.get(name)!;
    const stored = this.#slices.get(name)!;
    const path = stored[0]?.table.path ?? this.#path;
    assertCovered(name, info.shape, stored.map(({ extents }) => extents), path);
    const pieces: Piece[] = [];
    for (const { table, extents } of stored) {
      pieces.push({ slice: extents, data: await readPiece(name, info, table, extents) });
    }
    return assemble(info, pieces);
  }
}

async function readPiece(name: string, { dtype, shape }: TensorInfo, table: Table, extents: Extent[]) {
  const message = await table.get(sliceKey(name, extents));
  if (message === undefined) throw damagedTensor(name, table.path, "one of its slices is missing");
  const count = elementsOf(sliceShape(extents, shape)!);
  let data;
  try {
    data = readTensorProto(readSavedSlice(message).tensor, dtype);
  } catch (thrown) {
    throw damagedTensor(name, table.path, reasonOf(thrown));
  }
  const values = dtype === "complex64" || dtype === "complex128" ? data.length / 2 : data.length;
  if (values !== count) throw damagedTensor(name, table.path, `a slice has ${values} of ${count} values`);
  return data;
}
