/** Topic `tfrecord`: record files, checksums, damage, tf.Examples, and data sets that the original converters wrote. */

import { detectCompression } from "../../formats/compression.ts";
import { crc32c, maskCrc, unmaskCrc } from "../../formats/crc32c.ts";
import { DataLossError } from "../../formats/errors.ts";
import { concatenateArrays } from "../../formats/files.ts";
import { decodeTfRecords, encodeTfRecords, indexTfRecords, readTfRecord } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { hash32 } from "../../random/philox.ts";
import { unit } from "./_formula.ts";
import { exampleCases } from "./_examples.ts";
import { datasetCases } from "./_converted_datasets.ts";
import { shuffleCases } from "./_shuffles.ts";
import { ExactChecks, fromHex, type GoldenCase, listDirectory, readJson, unknownCase } from "./report.ts";

/** Every case of a directory with any of `raw/`, `mnist/`, `cifar10/`, `flowers/`. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  for (const name of await listDirectory(directory)) {
    if (name === "raw/") yield* rawCases(directory);
    else if (name.endsWith("/")) yield* datasetCases(`${directory}/${name.slice(0, -1)}`, name.slice(0, -1));
    else if (name === "python_random_shuffle.json") yield* shuffleCases(`${directory}/${name}`);
    else if (name !== "README.md") yield unknownCase(name, "the file");
  }
}

async function* rawCases(directory: string): AsyncGenerator<GoldenCase> {
  const names = await listDirectory(`${directory}/raw`);
  const used = new Set(["no_records.tfrecord", "examples.tfrecord"]);
  for (const name of names.filter((name) => name.endsWith(".json"))) {
    const path = `${directory}/raw/${name}`;
    if (name === "records.json") {
      const { files, records } = await readJson(path);
      for (const [file, about] of Object.entries(files) as [string, FileAbout][]) {
        used.add(file.replace(/^raw\//, ""));
        yield { name: file, run: () => checkRecords(`${directory}/${file}`, about, records) };
      }
    } else if (name === "crc32c_vectors.json") {
      yield { name: `raw/${name}`, run: () => checkVectors(path) };
    } else if (name === "corrupt.json") {
      const corrupt: Record<string, CorruptFile> = await readJson(path);
      for (const [file, about] of Object.entries(corrupt)) {
        used.add(file);
        yield { name: `raw/corrupt/${file}`, run: () => checkDamage(`${directory}/raw/${file}`, about) };
      }
    } else if (name === "examples.json" || name === "parse_single_example.json") {
      yield* exampleCases(`${directory}/raw`, name);
    } else yield unknownCase(`raw/${name}`, "the file");
  }
  for (const name of names.filter((name) => !name.endsWith(".json"))) {
    if (name === "no_records.tfrecord") {
      yield {
        name: `raw/${name}`,
        run: () => checkEmpty(`${directory}/raw/${name}`),
      };
    } else if (!used.has(name)) yield unknownCase(`raw/${name}`, "the file");
  }
}

interface FileAbout {
  compression: "" | "GZIP" | "ZLIB";
  bytes: number;
}

interface RecordAbout {
  offset: number;
  length: number;
  masked_crc_of_length: number;
  masked_crc_of_data: number;
  data_hex: string | null;
  data_rule: string | null;
}

/** The data of a record, from its digits or from the rule that made it. */
function dataOf({ length, data_hex, data_rule }: RecordAbout): Uint8Array {
  if (data_hex !== null) return fromHex(data_hex);
  const random = /^rand bytes: floor\(u\*256\), seed hash32\("(.*)"\)$/.exec(data_rule ?? "");
  if (random) {
    const seed = hash32(random[1]);
    return Uint8Array.from({ length }, (_, i) => Math.floor(unit(seed, i) * 256));
  }
  const repeated = /^'(.)' repeated$/.exec(data_rule ?? "");
  if (repeated) return new Uint8Array(length).fill(repeated[1].charCodeAt(0));
  throw new Error(`the rule ${JSON.stringify(data_rule)} is unknown to this runner`);
}

async function checkRecords(path: string, about: FileAbout, records: RecordAbout[]): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const bytes = await denoFiles.read(path);
  checks.equal(bytes.length, about.bytes, "size of the file");
  const expected = records.map(dataOf);
  for (const compression of [undefined, about.compression]) {
    const read = [...decodeTfRecords(bytes, { path, compression })];
    checks.equal(read, expected, `records, compression ${compression ?? "found out"}`);
  }
  const written = concatenateArrays([...encodeTfRecords(expected, { compression: about.compression })]);
  checks.equal([...decodeTfRecords(written)], expected, "records written and read again");
  const plain = concatenateArrays([...encodeTfRecords(expected)]);
  const view = new DataView(plain.buffer);
  for (const [i, { offset, length, masked_crc_of_length, masked_crc_of_data }] of records.entries()) {
    checks.equal(view.getBigUint64(offset, true), BigInt(length), `length of record ${i}`);
    checks.equal(view.getUint32(offset + 8, true), masked_crc_of_length, `length checksum of record ${i}`);
    checks.equal(
      view.getUint32(offset + 12 + length, true),
      masked_crc_of_data,
      `data checksum of record ${i}`,
    );
  }
  if (about.compression !== "") return checks;
  checks.equal(plain, bytes, "bytes written");
  for (const blockSize of [13, 100, 2 ** 20]) {
    const index = await indexTfRecords(denoFiles, path, { blockSize });
    checks.equal(
      index.map(({ offset, length }) => [offset, length]),
      records.map((r) => [r.offset, r.length]),
      "index",
    );
    const read = await Promise.all(index.map((entry) => readTfRecord(denoFiles, path, entry)));
    checks.equal(read, expected, "records read one by one");
  }
  return checks;
}

async function checkVectors(path: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  for (const { name, data_hex, crc32c: crc, masked } of await readJson(path)) {
    const bytes = fromHex(data_hex);
    checks.equal(crc32c(bytes), crc, name);
    checks.equal(maskCrc(crc), masked, `${name} masked`);
    checks.equal(unmaskCrc(masked), crc, `${name} unmasked`);
    for (const cut of [1, 7, 8, bytes.length >> 1]) {
      checks.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc, `${name} in two parts`);
    }
  }
  return checks;
}

async function checkEmpty(path: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  checks.equal([...decodeTfRecords(await denoFiles.read(path))].length, 0, "records");
  checks.equal((await indexTfRecords(denoFiles, path)).length, 0, "index entries");
  return checks;
}

interface CorruptFile {
  tf: Record<string, { records_read: number; error: string | null }>;
}

/** Reads until the damage, whole and by index, and compares with what each of TensorFlow's readers said. */
async function checkDamage(path: string, { tf }: CorruptFile): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const bytes = await denoFiles.read(path);
  const whole = { records: 0, error: undefined as unknown };
  try {
    for (const _ of decodeTfRecords(bytes, { path })) whole.records++;
  } catch (thrown) {
    whole.error = thrown;
  }
  const ways = [["whole", whole]] as [string, typeof whole][];
  if (detectCompression(bytes) === "") ways.push(["by index", await readByIndex(path)]);
  for (const [reader, { records_read, error }] of Object.entries(tf)) {
    for (const [way, got] of ways) {
      checks.equal(got.records, records_read, `records before the damage, ${way} (${reader})`);
      const isClean = error === null || error.startsWith("OutOfRangeError");
      checks.equal(got.error instanceof DataLossError, !isClean, `DataLossError, ${way} (${reader})`);
      const phrase = /(corrupted|truncated) record at (\d+)/.exec(error ?? "");
      if (phrase === null) {
        const isKnown = isClean || error.startsWith("DataLossError");
        checks.check(isKnown, `TensorFlow's error "${error}" is unknown to this runner`);
        continue;
      }
      checks.check(
        String(got.error).includes(phrase[0]),
        `${way}: "${got.error}" does not say "${phrase[0]}"`,
      );
      checks.equal(
        got.error instanceof DataLossError ? got.error.offset : undefined,
        Number(phrase[2]),
        `offset, ${way}`,
      );
    }
  }
  return checks;
}

/** The index stops at damage in headers; damage in data shows when a record is read. */
async function readByIndex(path: string): Promise<{ records: number; error: unknown }> {
  let entries, failure: unknown;
  try {
    entries = await indexTfRecords(denoFiles, path);
  } catch (thrown) {
    if (!(thrown instanceof DataLossError)) throw thrown;
    failure = thrown;
    entries = thrown.record === undefined ? [] : await indexUpTo(path, thrown.offset!);
  }
  let records = 0;
  for (const entry of entries) {
    try {
      await readTfRecord(denoFiles, path, entry);
      records++;
    } catch (error) {
      return { records, error };
    }
  }
  return { records, error: failure };
}

/** Index of the part before a damaged record. */
async function indexUpTo(path: string, end: number) {
  const readRange = async (file: string, offset: number, length: number) =>
    (await denoFiles.readRange(file, offset, length)).subarray(0, Math.max(0, end - offset));
  return await indexTfRecords({ ...denoFiles, size: () => Promise.resolve(end), readRange }, path);
}
