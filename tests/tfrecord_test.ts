// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { zipSync, zlibSync } from "npm:fflate@0.8.3";
import { detectCompression } from "../formats/compression.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { concatenateArrays, memoryFiles } from "../formats/files.ts";
import { decodeTfRecords, encodeTfRecords, indexTfRecords, readTfRecord } from "../formats/tfrecord.ts";

const text = (value: string) => new TextEncoder().encode(value);
const records = [text(""), text("one"), text("second record"), new Uint8Array(3000).fill(7)];
const file = concatenateArrays([...encodeTfRecords(records)]);

for (const compression of ["", "GZIP", "ZLIB"] as const) {
  Deno.test(`decodeTfRecords() reads what encodeTfRecords() wrote: ${compression || "plain"}`, () => {
    const bytes = concatenateArrays([...encodeTfRecords(records, { compression })]);
    assertEquals(detectCompression(bytes), compression);
    assertEquals([...decodeTfRecords(bytes)], records);
    assertEquals([...decodeTfRecords(bytes, { compression })], records);
  });
}

Deno.test("detectCompression() takes a plain file for plain whatever its length looks like", () => {
  // Lengths whose first bytes are those of gzip (1f 8b 08) and zlib (78 01).
  for (const length of [0x088b1f, 0x0178]) {
    const [chunk] = encodeTfRecords([new Uint8Array(length)]);
    assertEquals(detectCompression(chunk), "");
  }
});

Deno.test("encodeTfRecords() gives the same compressed bytes twice", () => {
  const [first, second] = [1, 2].map(() =>
    concatenateArrays([...encodeTfRecords(records, { compression: "GZIP" })])
  );
  assertEquals(first, second);
});

Deno.test("decodeTfRecords() refuses a file that unpacks to more than maxBytes", () => {
  const bomb = zlibSync(new Uint8Array(2 ** 24));
  const error = assertThrows(
    () => [...decodeTfRecords(bomb, { path: "bomb", maxBytes: 2 ** 20 })],
    RangeError,
  );
  assertEquals(
    error.message,
    `Cannot unpack "bomb": its ${bomb.length} bytes become more than 1048576; raise maxBytes if the file is trusted`,
  );
});

Deno.test("decodeTfRecords() gives the records before damaged compressed data", () => {
  const noise = Array.from(
    { length: 50 },
    (_, i) => crypto.getRandomValues(new Uint8Array(2000)).fill(i, 0, 100),
  );
  const bytes = concatenateArrays([...encodeTfRecords(noise, { compression: "ZLIB" })]);
  bytes.fill(0xff, bytes.length >> 1);
  const read: Uint8Array[] = [];
  assertThrows(() => {
    for (const record of decodeTfRecords(bytes, { path: "shard" })) read.push(record);
  }, DataLossError);
  assert(read.length > 5);
  assertEquals(read, noise.slice(0, read.length));
});

Deno.test("decodeTfRecords() says where damage is", () => {
  const damaged = file.slice();
  damaged[16 + 12 + 1] ^= 1; // in the data of record 1
  const error = assertThrows(() => [...decodeTfRecords(damaged, { path: "shard" })], DataLossError);
  assertEquals(
    error.message,
    'Cannot read record 1 of "shard": corrupted record at 28, its data does not match its checksum; ' +
      "make or download the file again",
  );
  assertEquals([error.path, error.offset, error.record], ["shard", 28, 1]);
});

Deno.test("decodeTfRecords() treats every cut as TensorFlow does", () => {
  const starts = [0, 16, 35, 64, file.length];
  for (let cut = 0; cut < file.length; cut++) {
    const whole = starts.findLastIndex((start) => start <= cut);
    const isClean = cut - starts[whole] < 12;
    let count = 0;
    const read = () => {
      for (const _ of decodeTfRecords(file.subarray(0, cut))) count++;
    };
    if (isClean) read();
    else assertThrows(read, DataLossError, `truncated record at ${starts[whole]}`);
    assertEquals(count, whole);
  }
});

Deno.test("decodeTfRecords() survives a length beyond 2^53", () => {
  const header = concatenateArrays([...encodeTfRecords([new Uint8Array(0)])]).slice(0, 16);
  header.fill(0xff, 0, 8);
  assertThrows(() => [...decodeTfRecords(header)], DataLossError, "corrupted record at 0");
});

for (const blockSize of [1, 16, 100, 2 ** 20]) {
  Deno.test(`indexTfRecords() finds every record with blocks of ${blockSize} bytes`, async () => {
    const files = memoryFiles({ shard: file });
    const index = await indexTfRecords(files, "shard", { blockSize });
    assertEquals(index.map(({ length }) => length), records.map((record) => record.length));
    for (const [i, entry] of index.entries()) {
      assertEquals(await readTfRecord(files, "shard", entry), records[i]);
    }
  });
}

Deno.test("indexTfRecords() names a missing file, a compressed one and the damaged record", async () => {
  const damaged = file.slice();
  damaged[35] ^= 1;
  const files = memoryFiles({
    damaged,
    packed: concatenateArrays([...encodeTfRecords(records, { compression: "GZIP" })]),
    cut: file.subarray(0, 60),
  });
  await assertRejects(() => indexTfRecords(files, "missing"), NotFoundError, 'Cannot read "missing"');
  await assertRejects(
    () => indexTfRecords(files, "packed"),
    TypeError,
    'Cannot index "packed": it is GZIP compressed',
  );
  const error = await assertRejects(
    () => indexTfRecords(files, "damaged"),
    DataLossError,
    "corrupted record at 35",
  );
  assertEquals(error.record, 2);
  await assertRejects(() => indexTfRecords(files, "cut"), DataLossError, "truncated record at 35");
});

Deno.test("readTfRecord() notices that the file changed after it was indexed", async () => {
  const [, , entry] = await indexTfRecords(memoryFiles({ shard: file }), "shard");
  await assertRejects(
    () => readTfRecord(memoryFiles({ shard: file.subarray(0, 50) }), "shard", entry),
    DataLossError,
  );
  const changed = file.slice();
  changed[50] ^= 1;
  await assertRejects(
    () => readTfRecord(memoryFiles({ shard: changed }), "shard", entry),
    DataLossError,
    "corrupted record at 47",
  );
});

Deno.test("decodeTfRecords() of a file that is no TFRecord file says so at offset 0", () => {
  const zip = zipSync({ a: new Uint8Array(100) });
  assertThrows(() => [...decodeTfRecords(zip)], DataLossError, "corrupted record at 0");
});
