/**
 * Writes V2 checkpoints that TensorFlow reads: one data file and its index, byte for byte as TensorFlow writes them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { compareBytes } from "../bytes.ts";
import { crc32c, maskCrc } from "../crc32c.ts";
import { type Files, temporaryName } from "../files.ts";
import { type BundleEntry, writeBundleEntry, writeBundleHeader } from "./protos.ts";
import { encodeStrings } from "./strings.ts";
import { buildTable } from "./table_builder.ts";
import { assertFits, bytesOfTensor, codeOfDtype, type Tensor } from "./tensor.ts";
import { dataPath } from "./v2.ts";

/** A tensor, or a function that fetches it when its turn comes, so that not all need to be in memory at once. */
export type TensorSource = Tensor | (() => Tensor | Promise<Tensor>);

/**
 * Writes tensors as the checkpoint `PREFIX.data-00000-of-00001` and `PREFIX.index`.
 *
 * Both files are written aside and renamed when they are whole, the index last: whoever finds an index finds the data that
 * belongs to it, and where writing fails, an older checkpoint of that name stays as it was. Tensors are written one after the
 * other in the order of their names.
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
  const paths = { data: dataPath(prefix, 0, 1), index: prefix + ".index" };
  const aside = { data: temporaryName(paths.data), index: temporaryName(paths.index) };
  try {
    await files.write(aside.data, data());
    await files.write(aside.index, [buildTable(entries)]);
    await files.remove(paths.index);
    await files.rename(aside.data, paths.data);
    await files.rename(aside.index, paths.index);
  } catch (thrown) {
    await files.remove(aside.data);
    await files.remove(aside.index);
    throw thrown;
  }
}

function serialize(name: string, tensor: Tensor): { bytes: Uint8Array; crc: number } {
  assertFits(name, tensor);
  if (tensor.dtype === "string") return encodeStrings(tensor.data);
  const bytes = bytesOfTensor(tensor);
  return { bytes, crc: crc32c(bytes) };
}
