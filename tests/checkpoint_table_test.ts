// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sliceKey } from "../formats/checkpoint/slice_key.ts";
import { decodeSnappy } from "../formats/checkpoint/snappy.ts";
import { Table, type TableEntry } from "../formats/checkpoint/table.ts";
import { buildTable } from "../formats/checkpoint/table_builder.ts";
import { crc32c, maskCrc } from "../formats/crc32c.ts";
import { concatenateArrays, memoryFiles } from "../formats/files.ts";
import { fromHex, toHex } from "./goldens/report.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** Entries of about 100 bytes each, so that 10,000 take several blocks. */
function manyEntries(count: number): TableEntry[] {
  return Array.from({ length: count }, (_, i) => (
    {
      key: text(`key/${String(i).padStart(6, "0")}/${"x".repeat(i % 20)}`),
      value: new Uint8Array(80).fill(i),
    }
  ));
}

for (const count of [0, 1, 16, 17, 10_000]) {
  Deno.test(`Table reads what buildTable() wrote: ${count} entries`, async () => {
    const entries = manyEntries(count);
    const table = await Table.open(memoryFiles({ t: buildTable(entries) }), "t");
    assertEquals(await Array.fromAsync(table.entries()), entries);
    assertEquals(table.blockCount, count === 10_000 ? 4 : Math.min(count, 1));
    for (const i of [0, 1, count >> 1, count - 1]) {
      if (entries[i]) assertEquals(await table.get(entries[i].key), entries[i].value);
    }
    assertEquals(await table.get(text("key/000000/")), entries[0]?.value);
    assertEquals(await table.get(text("key/000000")), undefined);
    assertEquals(await table.get(text("z")), undefined);
  });
}

/** A table of one block, stored as it is given. */
function tableOfBlock(block: Uint8Array, compression: number): Uint8Array {
  const withTrailer = (bytes: Uint8Array, type: number) => {
    const stored = new Uint8Array([...bytes, type, 0, 0, 0, 0]);
    const crc = maskCrc(crc32c(stored.subarray(0, bytes.length + 1)));
    new DataView(stored.buffer).setUint32(bytes.length + 1, crc, true);
    return stored;
  };
  const data = withTrailer(block, compression);
  // One entry: the last key "z", and where the block lies (offset 0 and its size).
  const index = withTrailer(new Uint8Array([0, 1, 2, 0x7a, 0, block.length, 0, 0, 0, 0, 1, 0, 0, 0]), 0);
  const footer = new Uint8Array(48);
  footer.set([0, 0, data.length, index.length - 5]);
  footer.set([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], 40);
  return concatenateArrays([data, index, footer]);
}

const block = new Uint8Array([0, 1, 3, 0x61, 1, 2, 3, 0, 0, 0, 0, 1, 0, 0, 0]);

Deno.test("Table reads Snappy blocks", async () => {
  const packed = new Uint8Array([block.length, (block.length - 1) << 2, ...block]); // one literal
  const table = await Table.open(memoryFiles({ t: tableOfBlock(packed, 1) }), "t");
  assertEquals(await table.compressions(), [1]);
  assertEquals(await table.get(text("a")), new Uint8Array([1, 2, 3]));
});

Deno.test("Table names a block that it cannot unpack", async () => {
  const cases: [Uint8Array, number, string][] = [
    [block, 2, "a block has compression 2, which is unknown"],
    [new Uint8Array([100, 0]), 1, "a Snappy block cannot be unpacked"],
    [block.with(0, 5), 0, "a block's entries are malformed"], // shares 5 bytes with no key
    [block.with(2, 100), 0, "a block's entries are malformed"], // a value beyond the end
    [block.with(11, 200), 0, "a block's entries are malformed"], // more restart points than bytes
  ];
  for (const [stored, compression, message] of cases) {
    const table = await Table.open(memoryFiles({ t: tableOfBlock(stored, compression) }), "t");
    await assertRejects(() => Array.fromAsync(table.entries()), Error, `Cannot read "t": ${message}`);
  }
});

Deno.test("decodeSnappy() decodes literals and all three kinds of copies", () => {
  const cases: [string, string][] = [
    ["00", ""],
    ["0308616263", "abc"],
    ["0c08616263" + "1503", "abc" + "abcabcabc"], // copy of 9 from 3 back, one byte
    ["0c08616263" + "220300", "abc" + "abcabcabc"], // the same with two bytes of distance
    ["0c08616263" + "2303000000", "abc" + "abcabcabc"], // and with four
    ["3df03c" + toHex(text("x".repeat(61))), "x".repeat(61)], // a literal whose length takes a byte
    ["3df43c00" + toHex(text("x".repeat(61))), "x".repeat(61)], // or two
  ];
  for (const [hex, expected] of cases) assertEquals(decodeSnappy(fromHex(hex)), text(expected));
});

Deno.test("decodeSnappy() refuses blocks that are cut, too long, or point outside", () => {
  const cases = [
    "", // nothing
    "80", // a length that goes on
    "ffffffff7f" + "00", // a length beyond what the bytes can give
    "030861", // a literal that is cut
    "0308616263" + "00", // more than announced
    "0408616263", // less than announced
    "0c08616263" + "1504", // a copy from before the start
    "0c08616263" + "1500", // a copy from nowhere
    "0c08616263" + "22", // a copy that is cut
    "3dfc" + "ffffffff" + "61", // a literal of 4 GiB
  ];
  for (const hex of cases) assertEquals(decodeSnappy(fromHex(hex)), undefined);
});

Deno.test("sliceKey() encodes as TensorFlow does", () => {
  const cases: [string, { start: number; length?: number }[], string][] = [
    ["global_step", [], "00676c6f62616c5f73746570000100"],
    ["scope/i32", [{ start: 0 }], "0073636f70652f69333200010101807f"],
    [
      "scope/part_rows",
      [{ start: 5, length: 2 }, { start: 0, length: 3 }],
      "0073636f70652f706172745f726f77730001010285828083",
    ],
  ];
  for (const [name, slice, hex] of cases) assertEquals(toHex(sliceKey(name, slice)), hex);
});

Deno.test("sliceKey() keeps the order of starts of any size", () => {
  const starts = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 20 - 1, 2 ** 20, 2 ** 31, 2 ** 40, 2 ** 52];
  const keys = starts.map((start) => toHex(sliceKey("v", [{ start, length: 1 }])));
  assertEquals(keys.toSorted(), keys);
  assertEquals(toHex(sliceKey("v", [{ start: 64, length: 8192 }])), "007600010101" + "c040" + "e02000");
  assert(new Set(keys).size === starts.length);
});
