/** Frames on pictures, and what TensorBoard shows of a batch's pictures. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import type { LabelledImage } from "../datasets/dataset.ts";
import type { Batch } from "../datasets/reader.ts";
import { decodePng } from "../formats/png.ts";
import { drawBoundingBoxes } from "../preprocessing/draw_boxes.ts";
import { ImageFeeder } from "../training/feeding.ts";
import { cropSummaries } from "../training/picture_summaries.ts";

/** The rows of a grey picture as text: `#` where it is white. */
function rows(data: ArrayLike<number>, width: number): string[] {
  const text = Array.from(data, (v) => v === 255 ? "#" : ".").join("");
  return text.match(new RegExp(`.{${width}}`, "g"))!;
}

Deno.test("drawBoundingBoxes() draws frames one pixel wide, cut off at the edges, and leaves the picture alone", () => {
  const size = { height: 6, width: 8, channels: 1 }, blank = new Uint8Array(48);
  const draw = (...boxes: number[]) => rows(drawBoundingBoxes(blank, size, boxes, 255), 8);
  assertEquals(draw(0.2, 0.15, 0.8, 0.6), [
    "........",
    ".####...",
    ".#..#...",
    ".#..#...",
    ".####...",
    "........",
  ]);
  assertEquals(draw(-1, -1, 0.5, 0.3), [
    "..#.....",
    "..#.....",
    "###.....",
    "........",
    "........",
    "........",
  ]);
  assertEquals(draw(0, 0, 1, 1).join("").match(/#/g)?.length, 24);
  for (const outside of [[2, 2, 3, 3], [-3, 0, -2, 1], [0.5, 0.5, 0.1, 0.9]]) {
    assert(!draw(...outside).join("").includes("#"), `${outside}`);
  }
  assert(blank.every((v) => v === 0));
});

Deno.test("drawBoundingBoxes() takes a colour for each box", () => {
  const size = { height: 1, width: 3, channels: 3 };
  const drawn = drawBoundingBoxes(new Float32Array(9), size, [0, 0, 0, 0, 0, 0.5, 0, 0.5, 0, 1, 0, 1], 1);
  assertEquals([...drawn], [1, 1, 0, 0, 0, 1, 1, 0, 0]);
});

function batchOf(image: LabelledImage): Batch {
  return {
    index: 3,
    batchSize: 1,
    images: [image],
    records: Uint32Array.of(0),
    labels: new Int32Array(1),
    count: 1,
    waitMs: 0,
  };
}

const feeder = new ImageFeeder({
  preprocessingName: "inception",
  imageSize: 16,
  channels: 1,
  batchSize: 1,
  isTraining: true,
});

Deno.test("cropSummaries() show where the net looked, within what was decoded", () => {
  const whole = { data: new Uint8Array(1200), height: 30, width: 40, channels: 1, label: 0 };
  const { x, y, width, height } = feeder.part(whole, 3, 0);
  const [summary] = cropSummaries(batchOf(whole), feeder);
  assert(
    summary.kind === "image" && summary.tag === "distort_image/images_with_distorted_bounding_box/image/0",
  );
  const shown = rows(decodePng(summary.image.png).data, 40),
    first = shown.findIndex((row) => row.includes("#"));
  assert(
    Math.abs(first - y) <= 1 && Math.abs(shown[first].indexOf("#") - x) <= 1,
    `${shown.join("\n")} ${[y, x]}`,
  );

  const part = { ...whole, data: new Uint8Array(width * height), part: { x, y, width, height } };
  assertEquals(cropSummaries(batchOf(part), feeder), [], "nothing to tell");
  const boxes = Float32Array.of(0, 0, 1, 1);
  const [framed] = cropSummaries(batchOf({ ...part, boxes }), feeder);
  assert(framed.kind === "image" && framed.image.height === feeder.part({ ...whole, boxes }, 3, 0).height);
});
