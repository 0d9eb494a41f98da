/** What is packed of a batch of pictures, and programs whose feed grows with it. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { PICTURE_WORDS } from "../kernels/image.ts";
import { BatchPacker, type PreparedPicture } from "../preprocessing/batch_images.ts";
import { resizeCrop, type SourcePicture, windowOf } from "../preprocessing/sampling.ts";
import { compile } from "../tape/compile.ts";
import { sampleImages } from "../tape/ops/image.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";

function plain(height: number, width: number, value: number): SourcePicture {
  return { data: new Uint8Array(height * width * 3).fill(value), height, width, channels: 3 };
}

Deno.test("BatchPacker packs at most what the taps meet, however large the pictures are", () => {
  const packer = new BatchPacker(), size = [20, 30] as const;
  const bytes = (picture: SourcePicture, method: "nearest" | "bilinear") => {
    const sampling = resizeCrop([0, 0, picture.height, picture.width], size, method);
    return packer.pack([{ picture, sampling }], 1).pixels.length;
  };
  const large = plain(1001, 2003, 7);
  assertEquals(bytes(large, "nearest"), 20 * 30 * 3 + 8 * (20 + 30));
  assertEquals(
    bytes(large, "bilinear"),
    4 * Math.ceil((2 * 20 - 1) * (2 * 30 - 1) * 3 / 4) + 2 * 8 * (20 + 30),
    "the first is met once",
  );
  assertLess(bytes(plain(21, 31, 7), "bilinear"), 21 * 31 * 3 + 4 + 2 * 8 * 50);
});

Deno.test("BatchPacker packs only the window that is seen", () => {
  const picture = plain(1000, 1000, 7), sampling = windowOf(picture, [10, 990], [5, 40]);
  const { pixels } = new BatchPacker().pack([{ picture, sampling }], 1);
  assertLess(pixels.length, 12 * 1000 * 3, "rows 0 and 10 to 14, columns 0 and 990 to 999 at most");
});

Deno.test("Tape.bytesFeed() gives the same feed for the same name, and no other kind", () => {
  const tape = new Tape(), feed = tape.bytesFeed("images", 100);
  assert(tape.bytesFeed("images", 5) === feed);
  tape.feed("labels", [2], "i32");
  assertThrows(
    () => tape.bytesFeed("labels", 5),
    TypeError,
    "Cannot feed labels as bytes: it is already fed as i32",
  );
  assertThrows(() => tape.feed("images", [100], "f32"), TypeError, "already fed as u8");
});

Deno.test("a feed of bytes grows with what it is fed, keeps its room, and frees it all", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), size = [2, 2] as const, parameters = new Parameters(gpu, tape.variables);
    const packed = tape.bytesFeed("images", 64), pictures = tape.feed("pictures", [1, PICTURE_WORDS], "u32");
    const y = sampleImages(packed, pictures, { size, channels: 3 });
    const program = await compile(gpu, tape, { fetches: { y }, parameters });
    const packer = new BatchPacker();
    const show = async (side: number, value: number) => {
      const picture = plain(side, side, value), method = "area";
      const batch: PreparedPicture[] = [{ picture, sampling: resizeCrop([0, 0, side, side], size, method) }];
      const { pixels, pictures } = packer.pack(batch, 1);
      program.feed("images", pixels);
      program.feed("pictures", pictures);
      program.run();
      return [...await program.fetch("y")].map(Math.round);
    };
    const small = gpu.memory;
    assertEquals(await show(2, 9), new Array(12).fill(9));
    assertEquals(gpu.memory.liveBytes, small.liveBytes);
    assertEquals(await show(100, 8), new Array(12).fill(8));
    const large = gpu.memory;
    assert(large.liveBytes > small.liveBytes + 30_000 && large.liveBuffers === small.liveBuffers);
    for (const side of [1, 101, 3, 100]) assertEquals(await show(side, side), new Array(12).fill(side));
    assertEquals(gpu.memory.liveBytes, large.liveBytes, "nothing is allocated once there is room");
    program.destroy();
    parameters.destroy();
  }));

Deno.test("a feed of bytes that is larger than the device allows is refused, and says so", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), parameters = new Parameters(gpu, tape.variables);
    const packed = tape.bytesFeed("images", 64), pictures = tape.feed("pictures", [1, PICTURE_WORDS], "u32");
    const y = sampleImages(packed, pictures, { size: [1, 1], channels: 1 });
    const program = await compile(gpu, tape, { fetches: { y }, parameters });
    const bytes = new Uint8Array(gpu.limits.maxStorageBufferBindingSize + 4);
    assertThrows(() => program.feed("images", bytes), RangeError, "images");
    program.destroy();
    parameters.destroy();
  }));
