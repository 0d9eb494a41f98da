/** ImageNet's archives, read in place, and the files of records made of them. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { parseAnnotation } from "../datasets/imagenet/annotation.ts";
import {
  addArchivedBoxes,
  archivedTraining,
  indexedImages,
  listImages,
} from "../datasets/imagenet/archives.ts";
import { BoundingBoxTable, parseBoundingBoxes } from "../datasets/imagenet/bounding_boxes.ts";
import { preparePicture } from "../datasets/imagenet/repair.ts";
import { type ShardImage, writeShard } from "../datasets/imagenet/write_shard.ts";
import { getDataset } from "../datasets/dataset_factory.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { mutate, numbers } from "./_mutations.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";

const fixtures = new URL("fixtures/imagenet/", import.meta.url);
const read = (path: string) => Deno.readFileSync(new URL(path, fixtures));
const bytes = (text: string) => new TextEncoder().encode(text);

const nested = tar(
  tarEntry(
    "n1.tar",
    tar(tarEntry("n1_2.JPEG", "two"), tarEntry("./n1_1.JPEG", "one"), tarEntry("notes.txt", "-")),
  ),
  tarEntry("n2/n2_1.JPEG", "three"),
);

Deno.test("archives are read in place, those inside them too, by an index that is kept", async () => {
  const files = memoryFiles({ "train.tar": nested });
  const images = await indexedImages(files, "train.tar", "raw/index");
  const contents = await Promise.all(images.map(async ({ path, offset, length }) => {
    return [path, new TextDecoder().decode(await files.readRange("train.tar", offset, length))];
  }));
  assertEquals(contents, [["n1/n1_2.JPEG", "two"], ["n1/n1_1.JPEG", "one"], ["n2/n2_1.JPEG", "three"]]);
  const reads: string[] = [];
  const watched: Files = {
    ...files,
    readRange: (path, offset, length) => {
      reads.push(path);
      return files.readRange(path, offset, length);
    },
  };
  assertEquals(await indexedImages(watched, "train.tar", "raw/index"), images);
  assertEquals(reads, [], "the index is enough");
  await files.write("train.tar", [tar(tarEntry("n1/n1_9.JPEG", "nine"))]);
  assertEquals((await indexedImages(watched, "train.tar", "raw/index")).map(({ path }) => path), [
    "n1/n1_9.JPEG",
  ]);
});

Deno.test("archivedTraining() sorts pictures by class and name, and names synsets that are missing", async () => {
  const images = await indexedImages(memoryFiles({ "train.tar": nested }), "train.tar", "index");
  assertEquals(archivedTraining(images, "train.tar", ["n2", "n1"]).map(({ name, label }) => [name, label]), [
    ["n2_1.JPEG", 1],
    ["n1_1.JPEG", 2],
    ["n1_2.JPEG", 2],
  ]);
  assertThrows(
    () => archivedTraining(images, "train.tar", ["n1", "n7", "n8"]),
    NotFoundError,
    'Cannot find pictures of n7, n8 (2 of 3 synsets) in "train.tar"',
  );
  const twice = [...images, { path: "n1/n1_2.JPEG", offset: 0, length: 1 }];
  assertThrows(() => archivedTraining(twice, "train.tar", ["n1"]), SyntaxError, "it has n1_2.JPEG twice");
});

Deno.test("listImages() refuses archives that are cut, damaged, gzipped, or lead outside", async () => {
  const damaged = nested.slice();
  damaged[3] ^= 1;
  const cases: [Uint8Array, new () => Error, string][] = [
    [nested.subarray(0, 1500), DataLossError, "damaged"],
    [damaged, DataLossError, "header at byte 0"],
    [tar(tarEntry("n1.tar", nested.subarray(0, 700))), DataLossError, "train.tar: n1.tar"],
    [tar(tarEntry("../n1/n1_1.JPEG", "x")), RangeError, "leads outside"],
    [tar(tarEntry("n1.tar", tar(tarEntry("/etc/x.JPEG", "x")))), RangeError, "leads outside"],
    [await gzip(nested), RangeError, "it is gzipped"],
    [new Uint8Array(), DataLossError, "damaged"],
  ] as [Uint8Array, new () => Error, string][];
  for (const [archive, errorClass, reason] of cases) {
    const files = memoryFiles({ "train.tar": archive });
    await assertRejects(() => Array.fromAsync(listImages(files, "train.tar")), errorClass, reason);
    await assertRejects(() => indexedImages(files, "train.tar", "index"), errorClass);
    assertEquals(await files.size("index"), undefined, "no index of a damaged archive");
  }
  await assertRejects(() => indexedImages(memoryFiles(), "train.tar", "index"), NotFoundError, "train.tar");
});

const picture = read("raw/train/n01440764/n01440764_10026.JPEG");
const image: ShardImage = {
  name: "a.JPEG",
  path: "d/a.JPEG",
  label: 1,
  synset: "n01440764",
  text: "tench, Tinca tinca",
  boxes: [[0.25, 0.125, 0.75, 1], [0, 0, 0.5, 0.5]],
};

Deno.test("writeShard() writes what the data set reads, from files and from archives", async () => {
  const files = memoryFiles({ "d/a.JPEG": picture, "d/x.tar": tar(tarEntry("n1/b.JPEG", picture)) });
  const { boxes: _, ...plain } = image;
  const other = {
    ...plain,
    name: "b.JPEG",
    path: "d/x.tar",
    range: [512, picture.length] as const,
    label: 2,
    boxes: [],
  };
  assertEquals(await writeShard(files, "out/train-00000-of-00001", [image, other]), true);
  const dataset = await getDataset({ name: "imagenet", splitName: "train", datasetDir: "out", files });
  assertEquals([dataset.numSamples, dataset.numClasses, dataset.channels], [2, 1001, 3]);
  const [first, second] = [await dataset.source.get(0), await dataset.source.get(1)];
  assertEquals([first.label, first.height, first.width], [1, 60, 76]);
  assertEquals([...first.boxes!], [0.125, 0.25, 1, 0.75, 0, 0, 0.5, 0.5]);
  assertEquals([second.label, second.boxes, second.data], [2, undefined, first.data]);
});

Deno.test("writeShard() keeps a file only if it holds the same records", async () => {
  const path = "out/train-00000-of-00001", files = memoryFiles({ "d/a.JPEG": picture });
  await writeShard(files, path, [image]);
  const written = await files.read(path);
  assertEquals(await writeShard(files, path, [image]), false);
  const cases: [readonly ShardImage[], string][] = [
    [[image, image], "it has 1 records where these pictures and flags give 2"],
    [[{ ...image, name: "b.JPEG" }], "image/filename of record 0 is not that of b.JPEG"],
    [[{ ...image, label: 2 }], "image/class/label of record 0"],
    [[{ ...image, boxes: [] }], "image/object/bbox/xmin of record 0"],
    [
      [{ ...image, boxes: [[0.25, 0.125, 0.75, 0.99], image.boxes[1]] }],
      "image/object/bbox/ymax of record 0",
    ],
  ];
  for (const [images, reason] of cases) {
    const { message } = await assertRejects(() => writeShard(files, path, images), DataLossError, reason);
    assertStringIncludes(message, `Cannot keep "${path}"`);
  }
  for (const change of [written.length - 1, 300, 20]) {
    const bad = written.slice(0, change === written.length - 1 ? change : undefined);
    if (bad.length === written.length) bad[change] ^= 1;
    await files.write(path, [bad]);
    await assertRejects(() => writeShard(files, path, [image]), DataLossError, "remove it and run again");
    assertEquals(await files.read(path), bad, "it is left as it is");
  }
});

Deno.test("writeShard() names a picture that is missing, cut or none, and leaves no file", async () => {
  const cases: [Uint8Array | undefined, string][] = [
    [undefined, 'Cannot read "d/a.JPEG"'],
    [picture.subarray(0, -200), 'Cannot use "d/a.JPEG"'],
    [bytes("<html>Please log in</html>"), "neither a JPEG nor a PNG"],
    [bytes("GIF89a"), "it is a GIF"],
    [new Uint8Array(), "neither a JPEG nor a PNG"],
  ];
  for (const [file, reason] of cases) {
    const files = memoryFiles(file ? { "d/a.JPEG": file } : {});
    await assertRejects(() => writeShard(files, "out/x", [image]), Error, reason);
    assertEquals(await files.size("out/x"), undefined);
  }
});

Deno.test("writeShard() names a picture inside of an archive", async () => {
  const files = memoryFiles({ "d/x.tar": picture.subarray(0, -200) });
  const inside = { ...image, path: "d/x.tar", range: [0, picture.length - 200] as const };
  await assertRejects(() => writeShard(files, "out/x", [inside]), SyntaxError, 'Cannot use "d/x.tar/a.JPEG"');
  const behind = { ...inside, range: [100, picture.length] as const };
  await assertRejects(() => writeShard(files, "out/x", [behind]), DataLossError, 'a.JPEG from "d/x.tar"');
});

Deno.test("getDataset() refuses ImageNet with shards missing or of two conversions, and says how to make it", async () => {
  const files = memoryFiles({ "d/a.JPEG": picture });
  const open = () => getDataset({ name: "imagenet", splitName: "train", datasetDir: "out", files });
  await assertRejects(open, NotFoundError, "tools/download_and_convert_imagenet.ts out");
  await writeShard(files, "out/train-00001-of-00003", [image]);
  await assertRejects(open, NotFoundError, 'only 1 of its 3 shards are in "out"');
  await writeShard(files, "out/train-00000-of-00001", [image]);
  await assertRejects(open, NotFoundError, "of 1 and of 3; remove those that are old");
  const part = { name: "imagenet", splitName: "train", datasetDir: "out", files, filePattern: "%s-00001-*" };
  assertEquals((await getDataset(part)).numSamples, 1);
  await files.remove("out/train-00001-of-00003");
  assertEquals((await open()).numSamples, 1);
});

Deno.test("damaged annotations, tables, archives and pictures give a clear error or a result", async () => {
  const annotation = read("raw/bounding_boxes/n01440764/n01440764_10040.xml");
  const ways: [Uint8Array, (bytes: Uint8Array) => unknown][] = [
    [annotation, (bytes) => parseAnnotation(bytes, "a.xml")],
    [
      read("imagenet_2012_bounding_boxes.csv"),
      (bytes) => parseBoundingBoxes(new TextDecoder().decode(bytes), "a"),
    ],
    [nested, (bytes) => Array.fromAsync(listImages(memoryFiles({ a: bytes }), "a"))],
    [
      await gzip(tar(tarEntry("n1/a.xml", annotation))),
      (bytes) => addArchivedBoxes(memoryFiles({ a: bytes }), "a", new BoundingBoxTable()),
    ],
    [picture, (bytes) => preparePicture(bytes, "a.JPEG", "a")],
    [
      read("raw/train/n02105855/n02105855_2933.JPEG"),
      (bytes) => preparePicture(bytes, "n02105855_2933.JPEG", "a"),
    ],
  ];
  const random = numbers(11);
  for (const [bytes, use] of ways) {
    for (let trial = 0; trial < 400; trial++) {
      const damaged = mutate(bytes, random);
      try {
        await use(damaged);
      } catch (thrown) {
        assert(
          [SyntaxError, DataLossError, RangeError].some((known) => thrown instanceof known),
          String(thrown),
        );
        assert(/^(Cannot|Failed to parse) /.test((thrown as Error).message), String(thrown));
      }
    }
  }
});
