// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataLossError } from "../formats/errors.ts";
import { decodePng, encodePng } from "../formats/png.ts";
import { mutate, numbers, withChecksums } from "./_mutations.ts";
import { fromHex } from "./goldens/report.ts";

interface Reference {
  name: string;
  png_hex: string;
  decoded: { channels: number; depth: 8 | 16; shape: number[]; values: number[] }[];
}

const references: Reference[] = JSON.parse(
  await Deno.readTextFile(new URL("fixtures/png/decode_png.json", import.meta.url)),
);

for (const { name, png_hex, decoded } of references) {
  Deno.test(`decodePng() decodes as TensorFlow does: ${name}`, () => {
    for (const { channels, depth, shape, values } of decoded) {
      const picture = depth === 8
        ? decodePng(fromHex(png_hex), { channels })
        : decodePng(fromHex(png_hex), { channels, depth });
      assertEquals([picture.height, picture.width, picture.channels], shape);
      assertEquals(Array.from(picture.data), values);
    }
  });
}

for (const channels of [1, 2, 3, 4]) {
  Deno.test(`decodePng() reads what encodePng() wrote: ${channels} channels`, () => {
    for (const [width, height] of [[1, 1], [7, 1], [1, 5], [13, 11]]) {
      const size = width * height * channels;
      const data = Uint8Array.from({ length: size }, (_, i) => (i * i * 7 + i) & 0xff);
      assertEquals(decodePng(encodePng({ width, height, channels, data })), {
        width,
        height,
        channels,
        data,
      });
      const wide = Uint16Array.from({ length: size }, (_, i) => (i * 12345) & 0xffff);
      assertEquals(decodePng(encodePng({ width, height, channels, data: wide }), { depth: 16 }).data, wide);
    }
  });
}

Deno.test("encodePng() filters rows, so that smooth pictures get small", () => {
  const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => 2 * (i % 64) + (i >> 6));
  assert(encodePng({ width: 64, height: 64, channels: 1, data }).length < 400);
});

Deno.test("encodePng() refuses data that does not fit", () => {
  assertThrows(
    () => encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(11) }),
    TypeError,
    "Cannot encode a PNG of 2 x 2 pixels, 3 channels, from 11 values",
  );
});

const good = encodePng({ width: 5, height: 4, channels: 3, data: new Uint8Array(60).map((_, i) => i * 31) });

Deno.test("decodePng() refuses every cut of a file", () => {
  for (let cut = 8; cut < good.length; cut++) {
    assertThrows(() => decodePng(good.subarray(0, cut)), DataLossError, "Cannot decode a PNG: ");
  }
  assertThrows(() => decodePng(good.subarray(0, 7)), SyntaxError, "do not start as a PNG does");
  assertThrows(() => decodePng(new TextEncoder().encode("GIF89a picture")), SyntaxError);
});

Deno.test("decodePng() refuses a changed bit wherever it is", () => {
  for (let at = 8; at < good.length; at++) {
    const bad = good.slice();
    bad[at] ^= 0x10;
    assertThrows(() => decodePng(bad), DataLossError);
  }
});

Deno.test("decodePng() refuses sizes that the data cannot fill, without allocating them", () => {
  const small = encodePng({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) });
  for (
    const [width, message] of [[10000, "its pixels are cut short"], [
      2 ** 31 - 1,
      "it is larger than allowed",
    ]] as const
  ) {
    const huge = encodePng({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) });
    new DataView(huge.buffer).setUint32(16, width);
    huge.set(checksumOf(huge.subarray(12, 29)), 29);
    assertThrows(() => decodePng(huge), Error, message);
  }
  assertEquals(decodePng(small).data.length, 1);
});

/** The CRC-32 of a chunk, bit by bit, big-endian. */
function checksumOf(bytes: Uint8Array): Uint8Array {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, ~crc);
  return out;
}

Deno.test("decodePng() refuses channels other than 0 to 4", () => {
  assertThrows(() => decodePng(good, { channels: 5 }), RangeError, "Cannot decode a PNG into 5 channels");
});

Deno.test("decodePng() gives a picture or a clear error for damaged files, checksums in order or not", () => {
  const random = numbers(9), names = ["interlaced", "palette_transparency", "gray16", "one_bit", "rgba"];
  const files = names.map((name) => Deno.readFileSync(new URL(`fixtures/jpeg/${name}.png`, import.meta.url)));
  const seen = { pictures: 0, errors: 0 };
  for (let trial = 0; trial < 600; trial++) {
    const file = mutate(files[trial % files.length], random), start = performance.now();
    try {
      const picture = decodePng(trial % 3 === 0 ? file : withChecksums(file), { channels: trial % 5 });
      assertEquals(picture.data.length, picture.width * picture.height * picture.channels);
      seen.pictures++;
    } catch (thrown) {
      const isClear = [DataLossError, SyntaxError, RangeError].some((kind) => thrown instanceof kind) &&
        (thrown as Error).message.startsWith("Cannot decode a PNG");
      assert(isClear, `trial ${trial}: ${thrown}`);
      seen.errors++;
    }
    assert(performance.now() - start < 2000, `trial ${trial} took ${performance.now() - start} ms`);
  }
  assert(seen.pictures > 20 && seen.errors > 100, JSON.stringify(seen));
});
