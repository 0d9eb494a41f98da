/** Runs preprocessing on the device for reference pictures. */
import type { Gpu } from "../../gpu/gpu.ts";
import { PICTURE_WORDS } from "../../kernels/image.ts";
import { BatchPacker, type PreparedPicture } from "../../preprocessing/batch_images.ts";
import type { PictureFeeds } from "../../preprocessing/preprocessing.ts";
import { compile } from "../../tape/compile.ts";
import { Parameters } from "../../tape/parameters.ts";
import { Tape, type Value } from "../../tape/tape.ts";

async function run(
  gpu: Gpu,
  tape: Tape,
  y: Value,
  feeds: Readonly<Record<string, Float32Array | Uint8Array | Uint32Array>>,
): Promise<Float32Array> {
  const parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches: { y }, parameters });
  try {
    for (const [name, data] of Object.entries(feeds)) if (program.takes(name)) program.feed(name, data);
    program.run();
    return await program.fetch("y");
  } finally {
    program.destroy();
    parameters.destroy();
  }
}

/** What a recording makes of one picture. */
export async function prepared(
  gpu: Gpu,
  picture: PreparedPicture,
  record: (feeds: PictureFeeds) => Value,
): Promise<Float32Array> {
  const tape = new Tape(), { channels } = picture.picture;
  const { pixels, pictures } = new BatchPacker().pack([picture], 1);
  const packed = tape.bytesFeed("packed", 1), records = tape.feed("pictures", [1, PICTURE_WORDS], "u32");
  return await run(gpu, tape, record({ packed, pictures: records, channels }), { packed: pixels, pictures });
}

/** What a recording makes of an image of numbers, [height, width, channels]. */
export async function changedImage(
  gpu: Gpu,
  data: Float32Array,
  shape: readonly number[],
  record: (x: Value, pictures: Value) => Value,
  pictures: Uint32Array,
): Promise<Float32Array> {
  const tape = new Tape(),
    x = tape.feed("x", [1, ...shape]),
    records = tape.feed("pictures", [1, PICTURE_WORDS], "u32");
  return await run(gpu, tape, record(x, records), { x: data, pictures });
}
