/** From records to labelled images: whole pictures, parts, photos that lie on their side. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { decodePicture } from "../datasets/decode_picture.ts";
import { decodeRecord } from "../datasets/picture_record.ts";
import { DataLossError } from "../formats/errors.ts";
import { cropPicture } from "../formats/pixels.ts";

const read = (name: string) => Deno.readFileSync(new URL(`fixtures/jpeg/${name}`, import.meta.url));
const colored = read("base_420_q75.jpg"), turned = read("exif_orientation_6.jpg"), png = read("rgb.png");
const boxes = Float32Array.of(0, 0, 1, 0.5);

Deno.test("decodeRecord() decodes whole pictures, with label and boxes", async () => {
  const { data, width, height } = decodePicture(colored, { channels: 3 });
  const expected = { data, width, height, channels: 3, label: 4, boxes };
  assertEquals(await decodeRecord({ encoded: colored, label: 4, boxes }, 3, {}), expected);
});

Deno.test("decodeRecord() decodes the part that is asked for by size, of either kind of file", async () => {
  for (const encoded of [colored, png]) {
    const whole = decodePicture(encoded, { channels: 1 }), { width, height } = whole;
    const image = await decodeRecord({ encoded, label: 0, boxes }, 1, {}, (picture) => {
      assertEquals(picture, { width, height, channels: 1, boxes });
      return { x: 3, y: 5, width: width - 9, height: 11 };
    });
    assertEquals([image.width, image.height, image.part], [width, height, {
      x: 3,
      y: 5,
      width: width - 9,
      height: 11,
    }]);
    assertEquals(image.data, cropPicture(whole, image.part!).data);
  }
});

Deno.test("decodeRecord() turns photos upright where it is told to, before the part is chosen", async () => {
  const record = { encoded: turned, label: 0 },
    upright = decodePicture(turned, { channels: 3, orientation: true });
  const stored = await decodeRecord(record, 3, {}),
    image = await decodeRecord(record, 3, { orientation: true });
  assertEquals([stored.width, stored.height, image.width, image.height], [50, 30, 30, 50]);
  assertEquals(image.data, upright.data);
  const part = { x: 2, y: 33, width: 20, height: 17 };
  const { data } = await decodeRecord(record, 3, { orientation: true }, ({ width, height }) => {
    assertEquals([width, height], [30, 50]);
    return part;
  });
  assertEquals(data, cropPicture(upright, part).data);
});

Deno.test("decodeRecord() has the decoder of the caller's choice decode", async () => {
  const asked: unknown[] = [], failure = new DataLossError("not today");
  const decoder = (_: Uint8Array, options: unknown) => {
    asked.push(options);
    return Promise.reject(failure);
  };
  await assertRejects(
    () => decodeRecord({ encoded: colored, label: 0 }, 1, { decoder }),
    DataLossError,
    "not today",
  );
  assertEquals(asked, [{ channels: 1, orientation: false }]);
});
