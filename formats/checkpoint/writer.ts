/**
 * Writes V2 checkpoints that TensorFlow reads: one data file and its index, byte for byte as TensorFlow writes them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { compareBytes } from "../bytes.ts";
import { crc32c, maskCrc } from "../crc32c.ts";
import type { Files } from "../files.ts";
import { type BundleEntry, writeBundleEntry, writeBundleHeader } from "./protos.ts";
import { encodeStrings } from "./strings.ts";
import { buildTable } from "./table_builder.ts";
import { bytesOfTensor, codeOfDtype, elementsOf, numericTypes, type Tensor } from "./tensor.ts";
import { dataPath } from "./v2.ts";

/** A tensor, or a function that fetches it when its turn comes, so that not all need to be in memory at once. */
export type TensorSource = Tensor | (() => Tensor | Promise<Tensor>);

/**
 * Writes tensors as the checkpoint `PREFIX.data-00000-of-00001` and `PREFIX.index`.
 *
 * The index comes last and an old one is removed first: whoever finds an index finds the data that belongs to it. Tensors are
 * written one after the other in the order of their names.
 *
 * @param files where to write
 * @param prefix path before `.index`, such as `runs/lenet/model.ckpt-100`
 * @param tensors by name
 * @throws {TypeError} if a name is empty or starts with a zero byte, or a tensor's data does not fit its type and shape
 */
export async function writeCheckpoint(
  files: Files,
  prefix: string,
  tensors: ReadonlyMap<string, TensorSource>,
): Promise<void> {
  const encoder = new TextEncoder();
  const sources = [...tensors].map(([name, source]) => ({ name, key: encoder.encode(name), source }));
  sources.sort((a, b) => compareBytes(a.key, b.key));
  for (const { name, key } of sources) {
    if (key.length === 0 || key[0] === 0) {
      throw new TypeError(
        `Cannot write tensor ${JSON.stringify(name)}: checkpoints keep such names for themselves; rename it`,
      );
    }
  }
  const entries: { key: Uint8Array; value: Uint8Array }[] = [
    { key: new Uint8Array(), value: writeBundleHeader({ numShards: 1, producer: 1 }) },
  ];
  async function* data(): AsyncGenerator<Uint8Array> {
    let offset = 0;
    for (const { name, key, source } of sources) {
      const tensor = typeof source === "function" ? await source() : source;
      const { bytes, crc } = serialize(name, tensor);
      const entry: BundleEntry = {
        dtypeCode: codeOfDtype(tensor.dtype),
        shape: tensor.shape,
        shardId: 0,
        offset,
        size: bytes.length,
        crc: maskCrc(crc),
        slices: [],
      };
      entries.push({ key, value: writeBundleEntry(entry) });
      offset += bytes.length;
      yield bytes;
    }
  }
  await files.remove(prefix + ".index");
  await files.write(dataPath(prefix, 0, 1), data());
  await files.write(prefix + ".index", [buildTable(entries)]);
}

function serialize(name: string, tensor: Tensor): { bytes: Uint8Array; crc: number } {
  const wanted = elementsOf(tensor.shape) *
    (tensor.dtype === "string" ? 1 : numericTypes[tensor.dtype].parts);
  if (tensor.data.length !== wanted) {
    throw new TypeError(
      `Cannot write tensor "${name}": shape [${
        tensor.shape.join(", ")
      }] of ${tensor.dtype} needs ${wanted} array ` +
        `elements but there are ${tensor.data.length}; correct the shape`,
    );
  }
  if (tensor.dtype === "string") return encodeStrings(tensor.data);
  if (!(tensor.data instanceof numericTypes[tensor.dtype].array)) {
    throw new TypeError(
      `Cannot write tensor "${name}": values of ${tensor.dtype} belong into a ${
        numericTypes[tensor.dtype].array.name
      }`,
    );
  }
  const bytes = bytesOfTensor(tensor);
  return { bytes, crc: crc32c(bytes) };
}
