/** Topic `checkpoints`: whole and damaged checkpoints of both formats, read, written again, and the state files beside them. */

import { latestCheckpoint } from "../../formats/checkpoint/checkpoint_state.ts";
import {
  readBundleEntry,
  readBundleHeader,
  readSavedMeta,
  readSavedSlice,
} from "../../formats/checkpoint/protos.ts";
import type { Extent } from "../../formats/checkpoint/protos.ts";
import { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import { Table } from "../../formats/checkpoint/table.ts";
import { dtypeOfCode, type Tensor } from "../../formats/checkpoint/tensor.ts";
import { valueFields } from "../../formats/checkpoint/tensor_proto.ts";
import { writeCheckpoint } from "../../formats/checkpoint/writer.ts";
import { memoryFiles } from "../../formats/files.ts";
import { baseName } from "../../formats/paths.ts";
import { eachField } from "../../formats/protobuf.ts";
import { denoFiles } from "../../host/files.ts";
import { damageCases } from "./_damaged_checkpoints.ts";
import { stateCases } from "./_checkpoint_states.ts";
import { checkTensor, type TensorAbout } from "./_tensors.ts";
import {
  ExactChecks,
  fromHex,
  type GoldenCase,
  listDirectory,
  readJson,
  toHex,
  unknownCase,
} from "./report.ts";

/** Every case of a directory of checkpoint folders, `corrupt/` and `state_files.json`. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  for (const name of await listDirectory(directory)) {
    if (name === "corrupt/") yield* damageCases(directory);
    else if (name === "state_files.json") yield* stateCases(`${directory}/${name}`);
    else if (name.endsWith("/")) {
      yield* checkpointCases(`${directory}/${name.slice(0, -1)}`, name.slice(0, -1));
    } else if (name !== "README.md") yield unknownCase(name, "the file");
  }
}

/** The checkpoint's own files, its state file, and what an evaluation of its net gave, which is the net's business. */
const parts = /(^checkpoint|^evaluation\.json|\.index|\.data-\d{5}-of-\d{5})$/;

async function* checkpointCases(directory: string, folder: string): AsyncGenerator<GoldenCase> {
  const names = await listDirectory(directory);
  const prefix = await latestCheckpoint(denoFiles, directory) ?? prefixIn(directory, names);
  if (prefix === undefined || !names.includes("contents.json")) {
    yield unknownCase(folder, "the folder");
    return;
  }
  const base = baseName(prefix).replace(/-\?{5}-of-\d{5}$/, "");
  for (const name of names) {
    if (name === "contents.json") {
      yield { name: `${folder}/contents.json`, run: () => checkContents(prefix, `${directory}/${name}`) };
      yield { name: `${folder}/written again`, run: () => checkWriting(prefix) };
    } else if (/^raw_.*\.json$/.test(name)) {
      const table = name === "raw_index.json" ? prefix + ".index" : `${directory}/${tableOf(name, base)}`;
      yield { name: `${folder}/${name}`, run: () => checkTable(table, `${directory}/${name}`) };
    } else if (!parts.test(name) && !name.startsWith(base)) {
      yield unknownCase(`${folder}/${name}`, "the file");
    }
  }
}

/** The checkpoint of a folder whose state file is missing or names another place. */
function prefixIn(directory: string, names: string[]): string | undefined {
  const index = names.find((name) => name.endsWith(".index"));
  return index && `${directory}/${index.slice(0, -".index".length)}`;
}

/** The V1 file that a `raw_` file is about: the only one, or the shard of that name. */
function tableOf(name: string, base: string): string {
  return name === "raw_table.json" ? base : name.slice("raw_".length, -".json".length);
}

async function checkContents(prefix: string, path: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const contents: Record<string, TensorAbout> = await readJson(path);
  const reader = await CheckpointReader.open(denoFiles, prefix);
  checks.equal(reader.names().sort(), Object.keys(contents).sort(), "names");
  for (const [name, about] of Object.entries(contents)) {
    const info = reader.tensors.get(name);
    checks.equal([info?.dtype, info?.shape], [about.dtype, about.shape], `type and shape of ${name}`);
    checkTensor(checks, await reader.read(name), about, name);
  }
  return checks;
}

/** Writes all tensors as a new checkpoint, which must read the same and, where TensorFlow wrote one like it, be the same. */
async function checkWriting(prefix: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const reader = await CheckpointReader.open(denoFiles, prefix);
  const tensors = new Map<string, Tensor>();
  for (const name of reader.names()) tensors.set(name, await reader.read(name));
  const files = memoryFiles();
  await writeCheckpoint(files, "again", tensors);
  const again = await CheckpointReader.open(files, "again");
  checks.equal(again.names(), reader.names(), "names");
  for (const [name, tensor] of tensors) {
    const { dtype, shape, data } = await again.read(name);
    checks.equal([dtype, shape], [tensor.dtype, tensor.shape], `type and shape of ${name}`);
    checks.equal(data, tensor.data, `values of ${name}`);
  }
  const dataPath = ".data-00000-of-00001";
  if (await denoFiles.size(prefix + dataPath) === undefined || await hasSlices(prefix + ".index")) {
    return checks;
  }
  for (const suffix of [".index", dataPath]) {
    checks.equal(
      await files.read("again" + suffix),
      await denoFiles.read(prefix + suffix),
      `bytes of ${suffix}`,
    );
  }
  return checks;
}

async function hasSlices(path: string): Promise<boolean> {
  const table = await Table.open(denoFiles, path);
  for await (const { key, value } of table.entries()) {
    if (key.length > 0 && readBundleEntry(value).slices.length > 0) return true;
  }
  return false;
}

/** Compares a table entry by entry with a listing of it. */
async function checkTable(path: string, listing: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const expected = await readJson(listing);
  const table = await Table.open(denoFiles, path);
  checks.equal(table.size, expected.table.file_size, "size of the file");
  checks.equal(table.blockCount, expected.table.data_blocks, "data blocks");
  checks.equal([...new Set(await table.compressions())], expected.table.compression_bytes, "compressions");
  const entries = await Array.fromAsync(table.entries());
  checks.equal(entries.length, expected.entries.length, "entries");
  for (const [i, about] of expected.entries.entries()) {
    const { key, value } = entries[i];
    const wanted = about.key_hex === undefined ? new TextEncoder().encode(about.key) : fromHex(about.key_hex);
    checks.equal(key, wanted, `key ${i}`);
    const { key: _key, key_hex: _keyHex, ...fields } = about;
    checks.equal(JSON.stringify(describe(value, fields)), JSON.stringify(fields), `value of key ${i}`);
  }
  return checks;
}

/** Describes a table's value as the listings do; `fields` tells which of the four kinds it is. */
function describe(value: Uint8Array, fields: Record<string, unknown>) {
  if ("header" in fields) {
    const { numShards, endianness, producer, minConsumer } = readBundleHeader(value);
    return {
      header: { num_shards: numShards, endianness, producer, min_consumer: minConsumer },
      raw_hex: toHex(value),
    };
  }
  if ("meta" in fields) {
    const { tensors, producer, minConsumer } = readSavedMeta(value);
    return {
      meta: tensors.map(({ name, dtypeCode, shape, slices }) => (
        {
          name,
          dtype: dtypeOfCode(dtypeCode),
          shape,
          slices: slices.map((slice) => slice.map(describeExtent)),
        }
      )),
      versions: { producer, min_consumer: minConsumer },
    };
  }
  if ("data" in fields) {
    const { name, slice, tensor } = readSavedSlice(value);
    return { data: { name, slice: slice.map(describeExtent), value_fields: usedFields(tensor) } };
  }
  const { dtypeCode, shape, shardId, offset, size, crc, slices } = readBundleEntry(value);
  const entry = {
    dtype: dtypeOfCode(dtypeCode),
    dtype_enum: dtypeCode,
    shape,
    shard_id: shardId,
    offset,
    size,
    crc32c_masked: crc,
  };
  return slices.length === 0 ? entry : { ...entry, slices: slices.map((slice) => slice.map(describeExtent)) };
}

function describeExtent({ start, length }: Extent) {
  return { start, length: length ?? -1 };
}

/** Names of the value fields that a `TensorProto` uses. */
function usedFields(tensor: Uint8Array): string[] {
  const names = new Set<string>();
  eachField(tensor, (field) => {
    const name = (valueFields as Record<number, string>)[field];
    if (name !== undefined) names.add(name);
    return false;
  });
  return [...names];
}
