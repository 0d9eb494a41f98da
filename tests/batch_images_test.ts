/** What is packed of a batch of pictures, and programs whose feed grows with it. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { DISTORTION_WORDS } from "../kernels/distort.ts";
import { PICTURE_WORDS } from "../kernels/image.ts";
import { BatchPacker, type PreparedPicture } from "../preprocessing/batch_images.ts";
import { resizeCrop, type SourcePicture, windowOf } from "../preprocessing/sampling.ts";
import { sampledImages } from "../preprocessing/preprocessing.ts";
import { getPreprocessing } from "../preprocessing/preprocessing_factory.ts";
import { chooseDistortions } from "../preprocessing/rand_augment.ts";
import { Draws } from "../random/philox.ts";
import { compile } from "../tape/compile.ts";
import { perImageStandardization, sampleImages } from "../tape/ops/image.ts";
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

Deno.test("images larger than a binding are prepared in parts, to the same bits", () =>
  withGpu(async (gpu) => {
    const places = 70,
      side = 16,
      picture = plain(20, 30, 0),
      options = { height: side, width: side, isTraining: true };
    picture.data.forEach((_, i, all) => all[i] = (i * i) % 251);
    const family = getPreprocessing("inception"), randAugment = { magnitude: 9, count: 1 };
    const prepared = Array.from({ length: places }, (_, place): PreparedPicture => {
      const draws = new Draws(1, { stream: 2, step: 3, place });
      const chosen = family.choose(picture, { ...options, fastMode: false }, draws);
      return { picture, ...chosen, distortions: chooseDistortions(randAugment, [side, side], draws) };
    });
    const packed = new BatchPacker().pack(prepared, places);
    const run = async (bytes: number) => {
      const { minUniformBufferOffsetAlignment, maxBufferSize, maxComputeWorkgroupsPerDimension } =
        gpu.device.limits;
      const limits = { minUniformBufferOffsetAlignment, maxBufferSize, maxComputeWorkgroupsPerDimension };
      Object.defineProperty(gpu, "limits", {
        configurable: true,
        value: { ...limits, maxStorageBufferBindingSize: bytes },
      });
      const tape = new Tape(), parameters = new Parameters(gpu, tape.variables);
      const feeds = {
        packed: tape.bytesFeed("images", packed.pixels.length),
        pictures: tape.feed("pictures", [places, PICTURE_WORDS], "u32"),
        channels: 3,
      };
      const distortions = tape.feed("distortions", [places, 1, DISTORTION_WORDS], "u32");
      const colored = family.record(feeds, { ...options, fastMode: false });
      const distorted = perImageStandardization(
        sampledImages({ ...feeds, distortions }, { size: [side, side] }),
      );
      const program = await compile(gpu, tape, { fetches: { colored, distorted }, parameters });
      program.feed("images", packed.pixels);
      program.feed("pictures", packed.pictures);
      program.feed("distortions", packed.distortions);
      program.run();
      const results = [await program.fetch("colored"), await program.fetch("distorted")];
      program.destroy();
      parameters.destroy();
      return { results, launches: program.commands.length };
    };
    const whole = await run(2 ** 27), parts = await run(110_000);
    assert(parts.launches > whole.launches, `${parts.launches} launches`);
    assertEquals(parts.results, whole.results);
  }));
