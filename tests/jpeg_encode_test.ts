/** The JPEG encoder: byte for byte what TensorFlow's `encode_jpeg(quality=100)` wrote, and readable at every size. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeJpeg } from "../formats/jpeg.ts";
import { encodeJpeg } from "../formats/jpeg_encode.ts";
import { decodePng } from "../formats/png.ts";
import { uniforms } from "../random/philox.ts";

const fixtures = new URL("fixtures/imagenet/", import.meta.url);
const read = (path: string) => Deno.readFileSync(new URL(path, fixtures));

const pictures: [string, (file: Uint8Array) => { data: Uint8Array; height: number; width: number }][] = [
  ["n02105855_2933", (file) => decodePng(file, { channels: 3 })],
  ["n01739381_1309", (file) => decodeJpeg(file, { channels: 3 })],
  ["n02077923_14822", (file) => decodeJpeg(file, { channels: 3 })],
];
for (const [name, decode] of pictures) {
  Deno.test(`encodeJpeg() writes TensorFlow's bytes: ${name}`, () => {
    const { data, height, width } = decode(read(`raw/train/${name.split("_")[0]}/${name}.JPEG`));
    assertEquals(encodeJpeg({ data, height, width }), read(`reencoded/${name}.JPEG`));
  });
}

Deno.test("encodeJpeg() keeps pictures of one colour in each block of every size", () => {
  for (const [height, width] of [[1, 1], [1, 17], [16, 16], [33, 7], [8, 24], [15, 40]]) {
    for (const [r, g, b] of [[0, 0, 0], [255, 255, 255], [255, 0, 0], [12, 130, 250]]) {
      const data = new Uint8Array(height * width * 3).map((_, i) => [r, g, b][i % 3]);
      const decoded = decodeJpeg(encodeJpeg({ data, height, width }), { channels: 3 });
      assertEquals([decoded.height, decoded.width], [height, width]);
      const worst = Math.max(...decoded.data.map((value, i) => Math.abs(value - data[i])));
      assert(worst <= 2, `${height} by ${width}, ${[r, g, b]}: off by ${worst}`);
    }
  }
});

Deno.test("encodeJpeg() keeps a picture with fine grain", () => {
  const next = uniforms(1, 2), [height, width] = [61, 83];
  const grey = Array.from(
    { length: height * width },
    (_, i) => Math.floor(i / width + i % width + 40 * next()),
  );
  const data = Uint8Array.from(grey.flatMap((value) => [value, value, value]));
  const decoded = decodeJpeg(encodeJpeg({ data, height, width }), { channels: 1 });
  const errors = grey.map((value, i) => Math.abs(value - decoded.data[i]));
  // The decoder's fast transform costs more than the encoder's rounding.
  assert(Math.max(...errors) <= 16, `off by ${Math.max(...errors)}`);
  assert(errors.reduce((sum, error) => sum + error) / errors.length < 3);
});

Deno.test("encodeJpeg() refuses sides and pixels that do not fit", () => {
  for (const [height, width, bytes] of [[0, 1, 0], [1, 65536, 196608], [2, 2, 11], [1.5, 2, 9]]) {
    const error = assertThrows(() => encodeJpeg({ data: new Uint8Array(bytes), height, width }), RangeError);
    assert(error.message.includes(`${height} by ${width}`));
  }
});
