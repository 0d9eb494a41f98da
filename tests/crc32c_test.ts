// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { crc32c, maskCrc, unmaskCrc } from "../formats/crc32c.ts";

/** One bit at a time, as the definition says. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

Deno.test("crc32c() gives the check value of the CRC catalogue", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

Deno.test("crc32c() agrees with the bitwise definition for every length and alignment up to 40", () => {
  const bytes = Uint8Array.from({ length: 48 }, (_, i) => (i * 151 + 7) & 0xff);
  for (let start = 0; start < 8; start++) {
    for (let length = 0; length <= 40; length++) {
      const part = bytes.subarray(start, start + length);
      assertEquals(crc32c(part), slowCrc32c(part));
    }
  }
});

Deno.test("crc32c() goes on from a previous checksum", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  for (let cut = 0; cut <= 100; cut++) {
    assertEquals(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes));
  }
});

Deno.test("unmaskCrc() undoes maskCrc()", () => {
  for (const crc of [0, 1, 0x7fffffff, 0x80000000, 0xa282ead8, 0xffffffff]) {
    assertEquals(unmaskCrc(maskCrc(crc)), crc);
  }
});
