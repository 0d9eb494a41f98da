/** Decoding of JPEG: what the goldens (`goldens_test.ts`) do not show. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataLossError } from "../formats/errors.ts";
import { decodeJpeg, readJpegHeader } from "../formats/jpeg.ts";
import { orient } from "../formats/jpeg/exif.ts";
import { inverseDct, scaleQuantization } from "../formats/jpeg/inverse_dct.ts";
import { naturalOrder } from "../formats/jpeg/natural_order.ts";
import type { Picture } from "../formats/png.ts";
import { mutate, numbers } from "./_mutations.ts";

const read = (name: string) => Deno.readFileSync(new URL(`fixtures/jpeg/${name}`, import.meta.url));
const colored = read("base_420_q75.jpg"),
  progressive = read("prog_420_q85.jpg"),
  turned = read("exif_orientation_6.jpg");

/** The content of the first segment with a marker, as a view that can be changed. */
function segment(file: Uint8Array, marker: number): Uint8Array {
  for (let at = 2;; at += 2 + ((file[at + 2] << 8) | file[at + 3])) {
    if (file[at + 1] === marker) return file.subarray(at + 4, at + 2 + ((file[at + 2] << 8) | file[at + 3]));
    assert(file[at] === 0xff && at < file.length);
  }
}

/** A copy whose segment with a marker was changed. */
function changed(file: Uint8Array, marker: number, change: (content: Uint8Array) => void): Uint8Array {
  const copy = file.slice();
  change(segment(copy, marker));
  return copy;
}

const FRAME = 0xc0, QUANTIZATION = 0xdb, HUFFMAN = 0xc4, SCAN = 0xda;

Deno.test("inverseDct() is the accurate transform to a level or two, and exact for a flat block", () => {
  const scale = scaleQuantization(new Uint16Array(64).fill(1)), random = numbers(3);
  const samples = new Uint8Array(64), block = new Int16Array(64);
  for (let dc = -1100; dc <= 1100; dc += 11) {
    block[0] = dc;
    inverseDct(block, 0, scale, samples, 0, 8);
    assertEquals(new Set(samples), new Set([Math.max(0, Math.min(255, 128 + Math.floor(dc / 8)))]));
  }
  let sum = 0;
  for (let trial = 0; trial < 50; trial++) {
    block.fill(0);
    for (let i = 0; i < 12; i++) block[naturalOrder[random(20)]] = random(120) - 60;
    inverseDct(block, 0, scale, samples, 0, 8);
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        let exact = 128;
        for (let v = 0; v < 8; v++) {
          for (let u = 0; u < 8; u++) {
            const weight = (u === 0 ? Math.SQRT1_2 : 1) * (v === 0 ? Math.SQRT1_2 : 1) / 4;
            exact += weight * block[8 * v + u] * Math.cos((2 * x + 1) * u * Math.PI / 16) *
              Math.cos((2 * y + 1) * v * Math.PI / 16);
          }
        }
        const distance = Math.abs(samples[8 * y + x] - Math.max(0, Math.min(255, exact)));
        assert(distance < 4, `${distance}`);
        sum += distance;
      }
    }
  }
  assert(sum / (50 * 64) < 1.1, `${sum / (50 * 64)}`);
});

Deno.test("readJpegHeader() tells size, components and orientation without the pixels", () => {
  assertEquals(readJpegHeader(colored), { width: 97, height: 61, components: 3, orientation: 1 });
  assertEquals(readJpegHeader(turned), { width: 50, height: 30, components: 3, orientation: 6 });
  assertEquals(readJpegHeader(read("cmyk_q90.jpg")).components, 4);
  assertEquals(readJpegHeader(colored.subarray(0, 700)), readJpegHeader(colored));
});

Deno.test("decodeJpeg() turns a photo upright where it is asked to, boxes included", () => {
  const stored = decodeJpeg(turned), upright = decodeJpeg(turned, { orientation: true });
  assertEquals([upright.width, upright.height], [30, 50]);
  for (const [x, y] of [[0, 0], [29, 0], [0, 49], [29, 49], [7, 31]]) { // turned right: rows from the bottom are columns
    const from = 3 * ((29 - x) * 50 + y), to = 3 * (y * 30 + x);
    assertEquals(upright.data.subarray(to, to + 3), stored.data.subarray(from, from + 3));
  }
  const box = decodeJpeg(turned, { orientation: true, box: { x: 4, y: 40, width: 5, height: 3 } });
  for (let row = 0; row < 3; row++) {
    const from = 3 * ((40 + row) * 30 + 4);
    assertEquals(box.data.subarray(15 * row, 15 * row + 15), upright.data.subarray(from, from + 15));
  }
  assertEquals(decodeJpeg(colored, { orientation: true }), decodeJpeg(colored));
});

Deno.test("orient() undoes each of EXIF's eight ways to hold a camera", () => {
  const upright: Picture = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const stored: [number, number, number[]][] = [ // orientation, stored width, stored pixels
    [1, 3, [1, 2, 3, 4, 5, 6]],
    [2, 3, [3, 2, 1, 6, 5, 4]],
    [3, 3, [6, 5, 4, 3, 2, 1]],
    [4, 3, [4, 5, 6, 1, 2, 3]],
    [5, 2, [1, 4, 2, 5, 3, 6]],
    [6, 2, [3, 6, 2, 5, 1, 4]],
    [7, 2, [6, 3, 5, 2, 4, 1]],
    [8, 2, [4, 1, 5, 2, 6, 3]],
  ];
  for (const [orientation, width, pixels] of stored) {
    const picture = { width, height: 6 / width, channels: 1, data: Uint8Array.from(pixels) };
    assertEquals(orient(picture, orientation), upright, `orientation ${orientation}`);
  }
});

Deno.test("decodeJpeg() refuses boxes outside of the picture and channels that it cannot make", () => {
  for (
    const box of [[-1, 0, 5, 5], [0, 0, 98, 5], [90, 60, 5, 2], [0, 0, 0, 1], [0.5, 0, 2, 2], [NaN, 0, 1, 1]]
  ) {
    const [x, y, width, height] = box;
    assertThrows(
      () => decodeJpeg(colored, { box: { x, y, width, height } }),
      RangeError,
      `Cannot take the box of ${width} x ${height} pixels at x ${x}, y ${y} of a picture of 97 x 61`,
    );
  }
  assertThrows(
    () => decodeJpeg(colored, { channels: 4 }),
    RangeError,
    "Cannot decode a JPEG into 4 channels",
  );
  assertThrows(
    () => decodeJpeg(read("cmyk_q90.jpg"), { channels: 1 }),
    TypeError,
    "of inks (CMYK) into 1 channel",
  );
});

Deno.test("decodeJpeg() refuses every cut of a file, with an error that says so", () => {
  for (const file of [colored, progressive, read("restart_q80.jpg")]) {
    for (let cut = 3; cut < file.length; cut += 1 + (cut >> 6)) {
      assertThrows(() => decodeJpeg(file.subarray(0, cut)), DataLossError, "Cannot decode a JPEG: ");
    }
  }
  assertThrows(() => decodeJpeg(colored.subarray(0, 2)), SyntaxError, "do not start as a JPEG does");
});

Deno.test("decodeJpeg() names the kinds of JPEG that it leaves out", () => {
  const marked = (code: number) => {
    const copy = colored.slice(), { byteOffset } = segment(copy, FRAME);
    copy[byteOffset - 3] = code;
    return copy;
  };
  assertThrows(() => decodeJpeg(marked(0xc9)), TypeError, "Cannot decode a JPEG with arithmetic coding");
  assertThrows(() => decodeJpeg(marked(0xc3)), TypeError, "Cannot decode a JPEG that is lossless");
  assertThrows(() => decodeJpeg(changed(colored, FRAME, (c) => c[0] = 12)), TypeError, "of 12 bits a sample");
});

Deno.test("decodeJpeg() says what is wrong with tables and headers", () => {
  const cases: [number, (content: Uint8Array) => void, string][] = [
    [FRAME, (c) => c[4] = c[3] = 0, "it has no pixels"],
    [FRAME, (c) => c[7] = 0x51, "impossible sampling factors"],
    [FRAME, (c) => c[6] = 9, "a scan holds an unknown component"],
    [FRAME, (c) => c[8] = 3, "a quantization table is missing"],
    [QUANTIZATION, (c) => c[0] = 4, "a quantization table is cut or misnumbered"],
    [HUFFMAN, (c) => c[1] = 3, "a Huffman table"],
    [HUFFMAN, (c) => c[0] = 0x20, "a Huffman table is cut or misnumbered"],
    [SCAN, (c) => c[0] = 2, "the header of a scan has a wrong length"],
    [SCAN, (c) => c[3] = 1, "a scan holds a component twice"],
    [SCAN, (c) => c[2] = 0x33, "a Huffman table is missing"],
  ];
  for (const [marker, change, reason] of cases) {
    assertThrows(() => decodeJpeg(changed(colored, marker, change)), DataLossError, reason);
  }
});

Deno.test("decodeJpeg() does not believe a size that the file cannot fill", () => {
  const huge = (width: number, height: number) =>
    changed(colored, FRAME, (c) => c.set([height >> 8, height & 255, width >> 8, width & 255], 1));
  assertThrows(() => decodeJpeg(huge(65500, 65500)), RangeError, "it is larger than allowed");
  assertThrows(() => decodeJpeg(huge(65535, 8)), RangeError, "no side may be longer than 65500");
  assertThrows(
    () => decodeJpeg(huge(12000, 12000)),
    DataLossError,
    "it is too short for 12000 x 12000 pixels",
  );
});

Deno.test("decodeJpeg() ends with a file of endless scans", () => {
  const scan = progressive.indexOf(SCAN, progressive.indexOf(0xc2)) - 1, end = progressive.length - 2;
  const again = Array.from({ length: 20 }, () => [...progressive.subarray(scan, end)]).flat();
  const file = Uint8Array.of(...progressive.subarray(0, end), ...again, 0xff, 0xd9);
  assertThrows(() => decodeJpeg(file), DataLossError, "it has more than 100 scans");
});

Deno.test("decodeJpeg() is soon done with a large picture whose data end at once, restarts or not", () => {
  const large = changed(read("restart_q80.jpg"), FRAME, (c) => c.set([0x04, 0, 0x04, 0], 1)),
    start = performance.now();
  const picture = decodeJpeg(large, { channels: 3 });
  assertEquals([picture.width, picture.height], [1024, 1024]);
  assertEquals(picture.data.subarray(-3), Uint8Array.of(128, 128, 128));
  assert(performance.now() - start < 1000, `${performance.now() - start} ms`);
});

Deno.test("decodeJpeg() gives a picture or a clear error for damaged files, soon", () => {
  const random = numbers(5), files = [colored, progressive, read("restart_q80.jpg"), read("cmyk_q90.jpg")];
  const seen = { pictures: 0, errors: 0 };
  for (let trial = 0; trial < 800; trial++) {
    const file = mutate(files[trial % files.length], random), start = performance.now();
    try {
      const { data, width, height, channels } = decodeJpeg(file, { channels: [0, 1, 3][trial % 3] });
      assertEquals(data.length, width * height * channels);
      seen.pictures++;
    } catch (thrown) {
      const isClear = [DataLossError, SyntaxError, RangeError, TypeError].some((kind) =>
        thrown instanceof kind
      ) &&
        (thrown as Error).message.startsWith("Cannot decode a JPEG");
      assert(isClear, `trial ${trial}: ${thrown}`);
      seen.errors++;
    }
    assert(performance.now() - start < 2000, `trial ${trial} took ${performance.now() - start} ms`);
  }
  assert(seen.pictures > 100 && seen.errors > 100, JSON.stringify(seen));
});
