/** What tools/check_dataset.ts finds in folders and records, and what not. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { checkPictures, type Finding } from "../datasets/check/findings.ts";
import { shrink } from "../datasets/check/look.ts";
import { listPictures, splitOfShard } from "../datasets/check/picture_sources.ts";
import { convertFolder } from "../datasets/convert_photos.ts";
import { decodeHere, decodePicture } from "../datasets/decode_picture.ts";
import { encodeImageExample } from "../datasets/image_example.ts";
import { concatenateArrays, type Files, memoryFiles } from "../formats/files.ts";
import { encodePng } from "../formats/png.ts";
import { encodeTfRecords } from "../formats/tfrecord.ts";
import { denoFiles } from "../host/files.ts";
import { main } from "../tools/check_dataset.ts";
import { UsageError } from "../tools/_flags.ts";
import { flower, flowerPhotos, writeFiles, writeMessyFolder } from "./_photos.ts";
import { withFolder } from "./_tools.ts";

/** A photo in another size, as another file. */
function resized(photo: Uint8Array, share: number): Uint8Array {
  const picture = decodePicture(photo, { channels: 3 });
  return encodePng(shrink(picture, Math.round(picture.height * share), Math.round(picture.width * share)));
}

const plain = (value: number) =>
  encodePng({ data: new Uint8Array(3 * 1600).fill(value), width: 40, height: 40, channels: 3 });

async function check(files: Files, path = "d"): Promise<Finding[]> {
  const set = await listPictures(files, path);
  return [...(await checkPictures(set, decodeHere)).findings];
}

const lines = (findings: readonly Finding[]) =>
  findings.map(({ kind, where, what }) => `${kind} ${where}: ${what}`);

/** A table of pictures with their splits, in memory. */
function table(pictures: Record<string, [bytes: Uint8Array, label: string, split: string]>): Files {
  const rows = Object.entries(pictures).map(([file, [, label, split]]) => `${file},${label},${split}\n`);
  const contents = Object.entries(pictures).map(([file, [bytes]]) => [`d/${file}`, bytes]);
  return memoryFiles({
    ...Object.fromEntries(contents),
    "d/labels.csv": new TextEncoder().encode(rows.join("")),
  });
}

Deno.test("checkPictures() finds pictures that are there twice, in two splits, and with two labels", async () => {
  const photos = [0, 1, 4, 5].map((number) => flower("daisy", number));
  const findings = await check(table({
    "one.jpg": [photos[0], "a", "train"],
    "again.jpg": [photos[0], "a", "train"],
    "two.jpg": [photos[1], "a", "train"],
    "two_small.png": [resized(photos[1], 0.6), "a", "validation"],
    "three.jpg": [photos[2], "a", "train"],
    "three_as_b.jpg": [photos[2], "b", "train"],
    "four.jpg": [photos[3], "b", "train"],
    "four_small.png": [resized(photos[3], 0.8), "b", "train"],
    "other.jpg": [flower("roses", 4), "b", "validation"],
  }));
  assertEquals(lines(findings), [
    "leaked two_small.png: in validation, looks like two.jpg in train",
    "mislabelled three_as_b.jpg: labelled b, is the same as three.jpg, labelled a",
    "duplicate again.jpg: is the same as one.jpg",
    "near_duplicate four_small.png: looks like four.jpg",
  ]);
  assertEquals(findings[0].pictures.map(({ where }) => where), ["two_small.png", "two.jpg"]);
});

Deno.test("checkPictures() finds nothing among different photos of every kind but their formats", async () => {
  const files = Object.entries({ daisy: 12, roses: 12, tulips: 12 }).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, i) => [`${name}/${i}.jpg`, flower(name as "daisy", i)] as const)
  );
  const findings = await check(
    memoryFiles(Object.fromEntries(files.map(([file, bytes]) => [`d/${file}`, bytes]))),
  );
  assertEquals([...new Set(findings.map(({ kind }) => kind))], ["format"]);
  assert(findings.some(({ what }) => what.startsWith("is to be turned by its EXIF data (6)")));
});

Deno.test("checkPictures() finds tiny, blank, odd and damaged pictures, and small classes", async () => {
  const damaged = resized(flower("daisy", 4), 1).slice();
  damaged[60] ^= 0xff;
  const deep = encodePng({
    data: new Uint16Array(3 * 1600).map((_, i) => i * 31),
    width: 40,
    height: 40,
    channels: 3,
  });
  const clear = encodePng({
    data: new Uint8Array(4 * 1600).map((_, i) => i * 7),
    width: 40,
    height: 40,
    channels: 4,
  });
  const many = Object.fromEntries(
    [0, 1, 5, 7, 8, 9, 10, 11].map((i) => [`d/a/${i}.jpg`, flower("daisy", i)]),
  );
  const more = Object.fromEntries(
    [0, 1, 4, 5, 7, 8, 9, 10, 11].map((i) => [`d/c/${i}.jpg`, flower("tulips", i)]),
  );
  const findings = await check(memoryFiles({
    ...many,
    ...more,
    "d/b/tiny.png": resized(flower("roses", 4), 0.1),
    "d/a/white.png": plain(255),
    "d/a/black.png": plain(0),
    "d/a/deep.png": deep,
    "d/a/clear.png": clear,
    "d/a/damaged.png": damaged,
  }));
  const found = lines(findings);
  assertEquals(found.filter((line) => !/^(tiny|format|unreadable)/.test(line)), [
    "unbalanced b: a class of 1 pictures where the middle one has 8",
    "blank a/black.png: is of one colour, or nearly so",
    "blank a/white.png: is of one colour, or nearly so",
  ]);
  assert(found[0].startsWith("unreadable a/damaged.png: "), found[0]);
  assert(found.some((line) => line.startsWith("tiny b/tiny.png: has ")), found.join("\n"));
  assert(found.includes("format a/deep.png: has 16 bits a value, of which 8 are dropped"));
  assert(found.includes("format a/clear.png: has transparency, which is dropped"));
});

Deno.test("listPictures() leaves a folder as it is", async () => {
  await withFolder(async (folder) => {
    writeMessyFolder(folder);
    const before = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals((await listPictures(denoFiles, folder)).sources.length, 11);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), before);
  });
});

Deno.test("checkPictures() reads records: what they claim, labels without a class, damage", async () => {
  const encoded = flower("daisy", 0), record = { encoded, format: "jpg", height: 149, width: 176, label: 0 };
  const shard = (...records: (typeof record)[]) =>
    concatenateArrays([...encodeTfRecords(records.map(encodeImageExample))]);
  const train = shard(record, { ...record, encoded: flower("roses", 5), format: "png", height: 1, width: 2 });
  const flipped = shard({ ...record, encoded: flower("tulips", 4) }).slice();
  flipped[flipped.length - 30] ^= 1;
  const findings = await check(memoryFiles({
    "d/x_train_00000-of-00002.tfrecord": train,
    "d/x_train_00001-of-00002.tfrecord": flipped,
    "d/x_validation_00000-of-00001.tfrecord": shard(record, {
      ...record,
      encoded: flower("tulips", 8),
      label: 7,
    }),
    "d/x_test.tfrecord": train.subarray(0, 50),
    "d/labels.txt": new TextEncoder().encode("0:daisy\n"),
  }));
  const found = lines(findings);
  assertEquals(found.slice(2, 4), [
    "leaked x_validation_00000-of-00001.tfrecord, record 0: in validation, is the same as " +
    "x_train_00000-of-00002.tfrecord, record 0 in train",
    "mislabelled x_validation_00000-of-00001.tfrecord, record 1: its label 7 is no class",
  ]);
  assertStringIncludes(found[0], "unreadable x_test.tfrecord: ");
  assertStringIncludes(found[1], "unreadable x_train_00001-of-00002.tfrecord, record 0: ");
  assert(
    found.some((line) => line.endsWith('record 1: is a JPEG where the record says "png"')),
    found.join("\n"),
  );
  assert(found.some((line) => line.endsWith("pixels where the record says 1 x 2")), found.join("\n"));
});

Deno.test("splitOfShard() knows the names of TF-Slim's converters", () => {
  assertEquals(splitOfShard("flowers_train_00003-of-00005.tfrecord"), "train");
  assertEquals(splitOfShard("mnist_test.tfrecord"), "test");
  assertEquals(splitOfShard("validation-00127-of-00128"), "validation");
  for (const name of ["labels.txt", "photos", "train", "a.tfrecord"]) {
    assertEquals(splitOfShard(name), undefined);
  }
});

Deno.test("check_dataset's main() prints a table, writes a page with everything inside, and exits for CI", async () => {
  await withFolder(async (folder) => {
    const photos = `${folder}/photos`, page = `${folder}/out/page.html`;
    writeMessyFolder(photos);
    writeFiles(photos, { "tulips/<b>&\"'.jpg": flower("tulips", 0) });
    const said: string[] = [], { log } = console;
    console.log = (line: string) => said.push(line);
    try {
      assertEquals(await main([photos, `--html=${page}`, "--most_lines=2"]), 1);
      assertEquals(await main([photos, "--fail_on=tiny"]), 0);
      assertEquals(await main([`--dataset_dir=${photos}`, "--fail_on=duplicate"]), 1);
    } finally {
      console.log = log;
    }
    assertStringIncludes(said[0], "unreadable      3  cannot be read or decoded");
    assertStringIncludes(said[0], "  ... and 1 more");
    assertStringIncludes(said.join("\n"), "12 pictures (train 10, validation 2)");
    const html = await Deno.readTextFile(page);
    assertStringIncludes(html, "data:image/png;base64,");
    assertStringIncludes(html, "写真 1.JPG");
    assert(!/<b>&|https?:|<script/.test(html), "names are text, and nothing is loaded");
    await assertRejects(() => main([]), UsageError, "Cannot run without one DIR");
    await assertRejects(() => main([photos, "--fail_on=ugly"]), UsageError);
  });
});

Deno.test("check_dataset finds in records what it finds in the photos that they were made of", async () => {
  await withFolder(async (folder) => {
    for (const name of ["daisy", "roses"]) {
      Deno.mkdirSync(`${folder}/photos/${name}`, { recursive: true });
      for (const { name: file } of Deno.readDirSync(`${flowerPhotos}/${name}`)) {
        Deno.copyFileSync(`${flowerPhotos}/${name}/${file}`, `${folder}/photos/${name}/${file}`);
      }
    }
    writeFiles(`${folder}/photos`, { "daisy/copy.jpg": flower("roses", 0) });
    await Array.fromAsync(
      convertFolder(`${folder}/photos`, `${folder}/records`, denoFiles, { numShards: 2 }),
    );
    const kinds = async (path: string) => (await check(denoFiles, path)).map(({ kind }) => kind).sort();
    assertEquals(await kinds(`${folder}/records`), await kinds(`${folder}/photos`));
    assert((await kinds(`${folder}/records`)).includes("mislabelled"));
  });
});
