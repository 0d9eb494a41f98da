/** Preprocessing families: what they choose, how their choices are distributed, and that every net has one. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { nets } from "../nets/nets_factory.ts";
import type { PreprocessingOptions } from "../preprocessing/preprocessing.ts";
import { getPreprocessing, preprocessingFamilies } from "../preprocessing/preprocessing_factory.ts";
import type { SourcePicture } from "../preprocessing/sampling.ts";
import { Draws } from "../random/philox.ts";

const DRAWS = 5000;

/** A picture of which only the size counts. */
function blank(height: number, width: number, boxes?: Float32Array): SourcePicture {
  return { data: new Uint8Array(0), height, width, channels: 3, boxes };
}

/** What a family chooses for a picture, many times. */
function choices(name: string, picture: SourcePicture, options: PreprocessingOptions, count = DRAWS) {
  const { choose } = getPreprocessing(name);
  return Array.from(
    { length: count },
    (_, place) => choose(picture, options, new Draws(3, { stream: 1, step: 2, place })),
  );
}

/** Checks that values are uniform between two bounds: ends, mean, deviation, within four standard errors. */
function assertUniform(values: readonly number[], low: number, high: number, what: string): void {
  const width = high - low, n = values.length, mean = values.reduce((a, b) => a + b, 0) / n;
  const deviation = Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / n);
  const end = Math.min(1, 10 / n) * width;
  assert(
    Math.min(...values) >= low && Math.min(...values) <= low + end,
    `${what}: from ${Math.min(...values)}`,
  );
  assert(
    Math.max(...values) <= high && Math.max(...values) >= high - end,
    `${what}: to ${Math.max(...values)}`,
  );
  assertAlmostEquals(mean, (low + high) / 2, 4 * width / Math.sqrt(12 * n), `${what}: mean`);
  assertAlmostEquals(
    deviation,
    width / Math.sqrt(12),
    4 * width * Math.sqrt(1 / 180 / n) * Math.sqrt(12) / 2,
    what,
  );
}

/** Checks that each value comes as often as the others. */
function assertEven(values: readonly unknown[], kinds: number, what: string): void {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  assertEquals(counts.size, kinds, what);
  const share = 1 / kinds, error = 4 * Math.sqrt(share * (1 - share) * values.length);
  for (const count of counts.values()) assertAlmostEquals(count, values.length * share, error, what);
}

const training = { height: 60, width: 50, isTraining: true };

Deno.test("every net's preprocessing is known, and families have names", () => {
  for (const net of nets.values()) getPreprocessing(net.preprocessing);
  assertEquals(preprocessingFamilies, ["cifarnet", "inception", "lenet", "vgg", "xception"]);
  assert(getPreprocessing("mobilenet_v2_140") === getPreprocessing("inception"));
  assertThrows(
    () => getPreprocessing("vgg_17"),
    RangeError,
    "Cannot find preprocessing vgg_17: the families are cifarnet, inception",
  );
});

Deno.test("inception in fast mode: crops resized to the whole, flips, brightness, then saturation", () => {
  const made = choices("inception", blank(300, 400), training);
  assertEven(made.map(({ sampling }) => sampling.flip), 2, "flips");
  for (const { sampling: { crop: [y, x, h, w], resized, method }, colors } of made) {
    assert(y >= 0 && x >= 0 && y + h <= 300 && x + w <= 400 && h * w >= 0.1 * 300 * 400);
    assertEquals([resized, method, colors?.changes], [[60, 50], "bilinear", 0x21]);
  }
  assertUniform(made.map(({ colors }) => colors!.brightness), -32 / 255, 32 / 255, "brightness");
  assertUniform(made.map(({ colors }) => colors!.saturation), 0.5, 1.5, "saturation");
});

Deno.test("inception without fast mode: four methods, four orders, hue and contrast, each as often as the others", () => {
  const made = choices("inception", blank(300, 400), { ...training, fastMode: false });
  assertEven(made.map(({ sampling }) => sampling.method), 4, "methods");
  assertEven(made.map(({ colors }) => colors!.changes), 4, "orders");
  assertEven(made.map(({ sampling, colors }) => `${sampling.method} ${colors!.changes}`), 16, "both");
  assertUniform(made.map(({ colors }) => colors!.hue), -0.2, 0.2, "hue");
  assertUniform(made.map(({ colors }) => colors!.contrast), 0.5, 1.5, "contrast");
});

Deno.test("inception keeps what is in a picture's boxes, and without crop_image the whole picture", () => {
  const box = Float32Array.of(0.8, 0.8, 1, 1), inside = blank(200, 200, box);
  for (const { sampling: { crop: [y, x, h, w] } } of choices("inception", inside, training, 500)) {
    const rows = Math.max(0, y + h - Math.max(y, 160)), columns = Math.max(0, x + w - Math.max(x, 160));
    assert(rows * columns >= 0.1 * 40 * 40, `${[y, x, h, w]}`);
  }
  for (const isTraining of [true, false]) {
    const [{ sampling }] = choices("inception", inside, { ...training, isTraining, cropImage: false }, 1);
    assertEquals([...sampling.crop], [0, 0, 200, 200]);
  }
});

Deno.test("xception in fast mode changes saturation first three times in four", () => {
  const made = choices("xception", blank(50, 50), training).map(({ colors }) => colors!.changes);
  const first = made.filter((changes) => changes === 0x21).length;
  assertEquals(new Set(made).size, 2);
  assertAlmostEquals(first, DRAWS / 4, 4 * Math.sqrt(DRAWS * 3 / 16));
});

Deno.test("vgg in training: smaller side from 256 to 512, crops anywhere, flips", () => {
  const made = choices("vgg", blank(300, 600), { height: 224, width: 224, isTraining: true });
  assertUniform(made.map(({ sampling }) => sampling.resized[0]), 256, 512, "sides");
  assertEven(made.map(({ sampling }) => sampling.flip), 2, "flips");
  assertUniform(made.map(({ sampling: s }) => s.corner[0] / (s.resized[0] - 224)), 0, 1, "rows");
  assertUniform(made.map(({ sampling: s }) => s.corner[1] / (s.resized[1] - 224)), 0, 1, "columns");
  for (const { sampling: { resized } } of made) assert(Math.abs(resized[1] - 2 * resized[0]) <= 1);
});

Deno.test("vgg's sides grow with outputs above 256, or are given", () => {
  const picture = blank(300, 300),
    of = (options: Partial<PreprocessingOptions>) =>
      choices("vgg", picture, { height: 224, width: 224, isTraining: false, ...options }, 1)[0].sampling
        .resized[0];
  assertEquals([of({}), of({ height: 256, width: 256 }), of({ height: 299, width: 299 })], [256, 256, 342]);
  assertEquals([of({ height: 32, width: 32 }), of({ height: 299, width: 299, resizeSideMin: 320 })], [
    256,
    320,
  ]);
  const tooSmall = { height: 299, width: 299, resizeSideMin: 256 };
  assertThrows(() => of(tooSmall), RangeError, "whose smaller side is 256; give a larger resizeSideMin");
  const sides = choices("vgg", picture, { height: 448, width: 448, isTraining: true });
  assertUniform(sides.map(({ sampling }) => sampling.resized[0]), 512, 1024, "sides for 448");
});

Deno.test("cifarnet in training: crops of the picture amid four zeros, brightness, contrast", () => {
  const made = choices("cifarnet", blank(32, 32), { height: 32, width: 32, isTraining: true });
  assertEven(made.map(({ sampling }) => sampling.corner.join()), 81, "corners");
  assertEven(made.map(({ sampling }) => sampling.flip), 2, "flips");
  assertUniform(made.map(({ colors }) => colors!.brightness), -63, 63, "brightness");
  assertUniform(made.map(({ colors }) => colors!.contrast), 0.2, 1.8, "contrast");
  const [{ sampling }] = choices("cifarnet", blank(10, 20), { height: 32, width: 32, isTraining: true }, 1);
  assertEquals([...sampling.corner], [-11, -6], "a small picture is centred");
});

Deno.test("choices depend on seed, step and place alone", () => {
  const { choose } = getPreprocessing("inception"), picture = blank(90, 80);
  const at = (seed: number, stream: number, step: number, place: number) =>
    JSON.stringify(choose(picture, training, new Draws(seed, { stream, step, place })));
  assertEquals(at(1, 2, 3, 4), at(1, 2, 3, 4));
  const all: Parameters<typeof at>[] = [
    [1, 2, 3, 4],
    [9, 2, 3, 4],
    [1, 9, 3, 4],
    [1, 2, 9, 4],
    [1, 2, 3, 9],
    [1, 2, 4, 3],
  ];
  assertEquals(new Set(all.map((place) => at(...place))).size, all.length);
});
