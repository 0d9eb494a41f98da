/** ImageNet's annotations, lists, archives and files of records, in memory; what is compared with TF-Slim is in tests/goldens. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { parseAnnotation } from "../datasets/imagenet/annotation.ts";
import { archivedTraining, indexedImages, listImages } from "../datasets/imagenet/archives.ts";
import { BoundingBoxTable, parseBoundingBoxes } from "../datasets/imagenet/bounding_boxes.ts";
import {
  challengeNames,
  challengeSynsets,
  parseMetadata,
  parseSynsets,
  parseValidationLabels,
} from "../datasets/imagenet/classes.ts";
import { imagenetDescriptor } from "../datasets/imagenet/imagenet.ts";
import { findImages, labelValidation, validationName } from "../datasets/imagenet/images.ts";
import { type ShardImage, writeShard } from "../datasets/imagenet/write_shard.ts";
import { getDataset } from "../datasets/dataset_factory.ts";
import { gunzipWhole } from "../formats/compression.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";

const fixtures = new URL("fixtures/imagenet/", import.meta.url);
const read = (path: string) => Deno.readFileSync(new URL(path, fixtures));
const bytes = (text: string) => new TextEncoder().encode(text);

/** An annotation with one box; other elements may come before or after it. */
function annotation(
  box: string,
  { size = "<width>100</width><height>100</height>", rest = "" } = {},
): Uint8Array {
  return bytes(
    `<annotation><filename>x</filename><size>${size}</size>${rest}<bndbox>${box}</bndbox></annotation>`,
  );
}

const box = (xmin: string, xmax = "50") =>
  `<xmin>${xmin}</xmin><ymin>10</ymin><xmax>${xmax}</xmax><ymax>60</ymax>`;

Deno.test("parseAnnotation() reads integers as Python does, whatever markup they are written in", () => {
  const expected = [{ xmin: 0.2, ymin: 0.1, xmax: 0.5, ymax: 0.6 }];
  for (const text of ["20", " +20\n", "<![CDATA[20]]>", "2<!-- ten times -->0", "&#50;0", "20<b>7</b>8"]) {
    assertEquals(parseAnnotation(annotation(box(text)), "a.xml").boxes, expected, text);
  }
});

Deno.test("parseAnnotation() puts coordinates in order and cuts them to the picture", () => {
  const { boxes } = parseAnnotation(annotation(box("120", "-7")), "a.xml");
  assertEquals(boxes, [{ xmin: 0, ymin: 0.1, xmax: 1, ymax: 0.6 }]);
});

Deno.test("parseAnnotation() takes the first <name> of the file, wherever it is", () => {
  const names = "<owner><name>n1</name></owner><object><name>n2</name></object>";
  assertEquals(parseAnnotation(annotation(box("1"), { rest: names }), "a.xml").label, "n1");
  assertEquals(parseAnnotation(bytes("<annotation/>"), "a.xml"), { boxes: [], label: undefined });
});

Deno.test("parseAnnotation() names the file and what is wrong with it", () => {
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    "",
  );
  const cases: [Uint8Array, string][] = [
    [bytes("<annotation><object></annotation>"), "no well-formed XML"],
    [bytes("<annotation>"), "unclosed tag"],
    [bytes(""), "must contain a root element"],
    [bytes("not XML at all"), "no well-formed XML"],
    [Uint8Array.of(0x3c, 0x61, 0x3e, 0xff), "no well-formed XML"],
    [bytes(`<!DOCTYPE a [<!ENTITY l0 "ha">${laughs}]><annotation>&l9;</annotation>`), "it declares entities"],
    [
      bytes(`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>`),
      "it declares entities",
    ],
    [bytes("<annotation>&unknown;</annotation>"), "undefined entity"],
    [new Uint8Array(2 ** 20 + 1).fill(0x20), "it has 1048577 bytes"],
    [annotation(box("1.5")), 'its <xmin> is "1.5", which is no integer'],
    [annotation(box("")), 'its <xmin> is "", which is no integer'],
    [annotation(box("1"), { size: "<width>0</width><height>9</height>" }), "a width of 0"],
    [annotation(box("1"), { size: "<width>9</width><height>0</height>" }), "a height of 0"],
    [bytes("<annotation><width>9</width><height>9</height><xmin>1</xmin></annotation>"), "no <filename>"],
  ];
  for (const [xml, reason] of cases) {
    const { message } = assertThrows(() => parseAnnotation(xml, "n1/n1_2.xml"), SyntaxError, reason);
    assertStringIncludes(message, '"n1/n1_2.xml"');
  }
});

Deno.test("BoundingBoxTable rounds a tie to the even digit, as Python prints it", () => {
  const table = new BoundingBoxTable();
  const size = "<width>32</width><height>32</height>";
  for (const [xmin, xmax] of [["1", "3"], ["5", "7"]]) {
    table.add("n1/n1_1.xml", annotation(box(xmin, xmax), { size }));
  }
  assertEquals(table.lines, [
    "n1_1.JPEG,0.0312,0.3125,0.0938,1.0000", // 0.03125 and 0.09375
    "n1_1.JPEG,0.1562,0.3125,0.2188,1.0000", // 0.15625 and 0.21875
  ]);
});

Deno.test("parseBoundingBoxes() groups boxes by picture and names a line that is none", () => {
  const text = "a.JPEG,0.1,0.2,0.3,0.4\nb.JPEG,0,0,1,1\r\na.JPEG,0,0,0.5,0.5\n";
  assertEquals([...parseBoundingBoxes(text, "boxes.csv")], [
    ["a.JPEG", [[0.1, 0.2, 0.3, 0.4], [0, 0, 0.5, 0.5]]],
    ["b.JPEG", [[0, 0, 1, 1]]],
  ]);
  for (const line of ["a.JPEG,0,0,1", "a.JPEG,0,0,1,x", ",0,0,1,1", "a.JPEG,0,0,1,1,1", "a.JPEG,0,0,1,"]) {
    assertThrows(
      () => parseBoundingBoxes(`${text}${line}\n`, "boxes.csv"),
      SyntaxError,
      'line 4 of "boxes.csv"',
    );
  }
});

Deno.test("lists of classes refuse what is no synset, comes twice or contradicts itself", () => {
  assertEquals(parseSynsets("n01440764\r\nn01443537\n\n", "s.txt"), ["n01440764", "n01443537"]);
  assertThrows(() => parseSynsets("n1\nn2\nn1\n", "s.txt"), SyntaxError, "n1 is on line 1 already");
  assertThrows(
    () => parseSynsets("n1\n../n2\n", "s.txt"),
    SyntaxError,
    'line 2 of "s.txt": "../n2" is no synset',
  );
  assertThrows(() => parseSynsets("n1\n\nn2\n", "s.txt"), SyntaxError, 'line 2 of "s.txt": "" is no synset');
  assertThrows(() => parseSynsets("\n", "s.txt"), SyntaxError, "it lists no synsets");
  assertEquals(parseValidationLabels("n1\nn2\nn1\n", "v.txt"), ["n1", "n2", "n1"]);
  assertThrows(() => parseValidationLabels("n1\n/etc\n", "v.txt"), SyntaxError, "no synset");
  assertEquals([...parseMetadata("n1\tsea lion\nn1\tsea lion\n", "m.txt")], [["n1", "sea lion"]]);
  assertThrows(
    () => parseMetadata("n1 sea lion\n", "m.txt"),
    SyntaxError,
    "is not of the form synset, tab, name",
  );
  assertThrows(() => parseMetadata("n1\ta\nn1\tb\n", "m.txt"), SyntaxError, 'n1 is "b" here and "a" before');
});

Deno.test("the challenge has 1,000 classes with 50 validation pictures each", () => {
  assertEquals([challengeSynsets.length, challengeNames.size], [1000, 1000]);
  assertEquals(challengeSynsets.toSorted(), challengeSynsets);
  assertEquals(imagenetDescriptor.classNames!.slice(0, 3), [
    "background",
    "tench, Tinca tinca",
    "goldfish, Carassius auratus",
  ]);
  assertEquals(challengeNames.get("n02119022"), "red fox, Vulpes vulpes");
  const packed = Deno.readFileSync(new URL("../datasets/imagenet/validation_labels.gz", import.meta.url));
  const labels = new TextDecoder().decode(gunzipWhole(packed, 2 ** 20, "labels")).trim().split("\n").map(
    Number,
  );
  assertEquals(labels.length, 50_000);
  const counts = Map.groupBy(labels, (label) => label);
  assertEquals(counts.size, 1000);
  assert(counts.values().every((list) => list.length === 50));
  assertEquals(labels.slice(0, 3).map((label) => challengeSynsets[label - 1]), [
    "n01751748",
    "n09193705",
    "n02105855",
  ]);
});

Deno.test("findImages() takes *.JPEG of the listed synsets, in their order", async () => {
  const names = ["n2/b.JPEG", "n2/a.JPEG", "n2/c.jpeg", "n2/.d.JPEG", "n1/e.JPEG", "n3/f.JPEG"];
  const files = memoryFiles(Object.fromEntries(names.map((name) => [`d/${name}`, bytes("")])));
  assertEquals((await findImages(files, "d", ["n2", "n1", "n9"])).map(({ path, label }) => [path, label]), [
    ["d/n2/a.JPEG", 1],
    ["d/n2/b.JPEG", 1],
    ["d/n1/e.JPEG", 2],
  ]);
});

Deno.test("labelValidation() leaves out other synsets and names a picture that is missing", () => {
  assertEquals(validationName(49_999), "ILSVRC2012_val_00049999.JPEG");
  const find = (name: string) => name.endsWith("3.JPEG") ? undefined : { path: `d/${name}` };
  const labelled = labelValidation(find, ["n2", "n1", "n9"], ["n1", "n2"], "d");
  assertEquals(labelled.map(({ name, label }) => [name.slice(-6), label]), [["2.JPEG", 1], ["1.JPEG", 2]]);
  assertThrows(
    () => labelValidation(find, ["n2", "n1", "n1"], ["n1", "n2"], "d"),
    NotFoundError,
    'Failed to find ILSVRC2012_val_00000003.JPEG in "d"',
  );
});

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
