/** ImageNet's annotations, the table of boxes and the lists of classes and pictures; tests/goldens compares with TF-Slim. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseAnnotation } from "../datasets/imagenet/annotation.ts";
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
import { gunzipWhole } from "../formats/compression.ts";
import { NotFoundError } from "../formats/errors.ts";
import { memoryFiles } from "../formats/files.ts";

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
