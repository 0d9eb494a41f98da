// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "npm:fflate@0.8.3";
import { DataLossError } from "../formats/errors.ts";
import { parseIdxImages, parseIdxLabels } from "../formats/idx.ts";

function idx(dimensions: number[], data: number[], magic = 0x800 + dimensions.length): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dimensions.length + data.length);
  const view = new DataView(bytes.buffer);
  [magic, ...dimensions].forEach((word, i) => view.setUint32(4 * i, word));
  bytes.set(data, 4 + 4 * dimensions.length);
  return bytes;
}

const pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const images = idx([2, 2, 3], pixels);

Deno.test("parseIdxImages() reads plain and gzipped files", () => {
  for (const bytes of [images, gzipSync(images)]) {
    assertEquals(parseIdxImages(bytes, "images"), {
      count: 2,
      rows: 2,
      columns: 3,
      data: new Uint8Array(pixels),
    });
  }
});

Deno.test("parseIdxLabels() reads plain and gzipped files, and one without labels", () => {
  const labels = idx([3], [9, 0, 255]);
  for (const bytes of [labels, gzipSync(labels)]) {
    assertEquals(parseIdxLabels(bytes, "labels"), new Uint8Array([9, 0, 255]));
  }
  assertEquals(parseIdxLabels(idx([0], []), "labels"), new Uint8Array());
});

Deno.test("parseIdxImages() refuses labels and other files", () => {
  assertThrows(
    () => parseIdxImages(idx([3], [1, 2, 3]), "labels"),
    SyntaxError,
    'Cannot read pictures from "labels": it starts with 0x00000801, not with 0x00000803',
  );
  assertThrows(() => parseIdxLabels(new TextEncoder().encode("<html>"), "page"), SyntaxError, "0x3c68746d");
});

Deno.test("parseIdxImages() refuses files that are cut, too long or damaged", () => {
  for (const cut of [0, 3, 10, images.length - 1]) {
    assertThrows(() => parseIdxImages(images.subarray(0, cut), "cut"), DataLossError, `has ${cut}`);
    assertThrows(() => parseIdxImages(gzipSync(images.subarray(0, cut)), "cut"), DataLossError, `has ${cut}`);
  }
  assertThrows(
    () => parseIdxImages(idx([2, 2, 3], [...pixels, 0]), "long"),
    DataLossError,
    "but more follow",
  );
  assertThrows(
    () => parseIdxImages(idx([2 ** 31, 2 ** 31, 2 ** 31], pixels), "huge"),
    DataLossError,
    "should have",
  );
  const damaged = gzipSync(
    idx([5000], Array.from({ length: 5000 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) % 11)),
  );
  for (let at = 11; at < damaged.length; at++) { // after the gzip header and the first block's
    const bytes = damaged.with(at, damaged[at] ^ 1);
    assertThrows(() => parseIdxLabels(bytes, "damaged"), DataLossError, 'Cannot unpack "damaged"');
    assertThrows(() => parseIdxLabels(damaged.subarray(0, at), "cut"), DataLossError, 'Cannot unpack "cut"');
  }
});
