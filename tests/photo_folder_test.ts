/** Folders of photos as data sets: what is found, what is said about the rest, and who is in which split. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { getDataset } from "../datasets/dataset_factory.ts";
import { type Oddity, scanPhotos } from "../datasets/photo_folder.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { concatenateArrays, type Files, memoryFiles } from "../formats/files.ts";
import { decodePng } from "../formats/png.ts";
import { denoFiles } from "../host/files.ts";
import { flower, flowerPhotos, png, writeMessyFolder } from "./_photos.ts";
import { withFolder } from "./_tools.ts";

const text = (content: string) => new TextEncoder().encode(content);
const messages = (oddities: readonly Oddity[]) => oddities.map(({ file, what }) => `${file}: ${what}`);

Deno.test("scanPhotos() finds the photos among everything else, and says what that is", async () => {
  await withFolder(async (folder) => {
    const { good, oddities } = writeMessyFolder(folder);
    const found = await scanPhotos(denoFiles, folder);
    assertEquals(found.classNames, ["no photos here", "tulips", "розы"]);
    assertEquals(found.photos.map(({ file }) => file), good);
    assertEquals(found.photos.map(({ label }) => label), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    assertEquals(found.oddities.map(({ file }) => file).sort(), Object.keys(oddities).sort());
    for (const { file, what } of found.oddities) assert(what.startsWith(oddities[file]), `${file}: ${what}`);
  });
});

Deno.test("scanPhotos() reads headers behind large metadata, and photos with something behind their end", async () => {
  const photo = flower("daisy", 0), segment = new Uint8Array(65_537).fill(7);
  segment.set([0xff, 0xec, 0xff, 0xff]); // an application's segment of 65,535 bytes
  const late = concatenateArrays([photo.subarray(0, 2), segment, segment, photo.subarray(2)]);
  const more = concatenateArrays([photo, new Uint8Array(5000)]);
  const files = memoryFiles({ "d/a/late.jpg": late, "d/a/more.jpg": more, "d/a/plain.jpg": photo });
  const { photos, oddities } = await scanPhotos(files, "d");
  assertEquals(photos.map(({ header }) => [header.width, header.height]), new Array(3).fill([176, 149]));
  assertEquals(oddities, []);
});

Deno.test("scanPhotos() goes on where a folder or a name cannot be read", async () => {
  const plain = memoryFiles({ "d/a/one.png": png(1), "d/b/two.png": png(2), "d/c/caf\ufffd.png": png(3) });
  const files: Files = {
    ...plain,
    entries: (path) => path === "d/a" ? Promise.reject(new Error("permission denied")) : plain.entries(path),
    size: async (path) => path.includes("\ufffd") ? undefined : await plain.size(path),
  };
  const { photos, oddities } = await scanPhotos(files, "d");
  assertEquals(photos.map(({ file }) => file), ["b/two.png"]);
  assertEquals(messages(oddities).filter((message) => message.includes("left out")), [
    "a: left out: permission denied",
    "c/caf\ufffd.png: left out: its name is not in UTF-8; rename it",
  ]);
});

Deno.test("scanPhotos() takes folders named as splits for splits, and classes from all of them", async () => {
  const files = memoryFiles({
    "d/train/b/1.png": png(1),
    "d/train/a/2.png": png(2),
    "d/val/c/3.png": png(3),
    "d/test/a/4.png": png(4),
  });
  const { classNames, photos } = await scanPhotos(files, "d");
  assertEquals(classNames, ["a", "b", "c"]);
  assertEquals(photos.map(({ file, label, split }) => [file, label, split]), [
    ["test/a/4.png", 0, "test"],
    ["train/a/2.png", 0, "train"],
    ["train/b/1.png", 1, "train"],
    ["val/c/3.png", 2, "validation"],
  ]);
});

Deno.test("scanPhotos() reads tables of files and classes", async () => {
  const files = memoryFiles({
    "d/one.png": png(1),
    "d/deep/two.png": png(2),
    "d/labels.csv": text('file,label\none.png,"cat, black"\ndeep/two.png,dog\nmissing.png,cat\n'),
    "d/other.csv": text("one.png,b,train\ndeep/two.png,a, validation\n"),
    "d/class/ignored.png": png(3),
  });
  const table = await scanPhotos(files, "d");
  assertEquals(table.classNames, ["cat", "cat, black", "dog"]);
  assertEquals(table.photos.map(({ file, label }) => [file, label]), [["one.png", 1], ["deep/two.png", 2]]);
  assertEquals(messages(table.oddities), [
    "missing.png: left out: there is no such file",
    "cat: a class without any photo that can be used",
  ]);
  const other = await scanPhotos(files, "d/other.csv");
  assertEquals(other.photos.map(({ label, split }) => [label, split]), [[1, "train"], [0, "validation"]]);
  const bad = {
    "a.jpg": "not of the form file,label",
    "a,b\na,c": "a comes twice",
    "a,b,c,d": "not of the form",
  };
  for (const [content, reason] of Object.entries(bad)) {
    await files.write("d/bad.csv", [text(content)]);
    await assertRejects(() => scanPhotos(files, "d/bad.csv"), SyntaxError, reason);
  }
});

Deno.test("scanPhotos() says what a folder should look like where there is nothing", async () => {
  const files = memoryFiles({ "d/README.md": text("x"), "d/empty.csv": text("file,label\n") });
  await assertRejects(
    () => scanPhotos(files, "d"),
    NotFoundError,
    'one folder for each class with its photos inside, as in "d/roses/one.jpg"',
  );
  await assertRejects(() => scanPhotos(files, "d/empty.csv"), NotFoundError, "the table has no lines");
  await assertRejects(() => scanPhotos(files, "nowhere"), NotFoundError);
});

Deno.test("getDataset() opens a folder of photos", async () => {
  await withFolder(async (folder) => {
    writeMessyFolder(folder);
    const reported: Oddity[] = [];
    const open = (splitName: string) =>
      getDataset({
        name: "folder",
        splitName,
        datasetDir: folder,
        files: denoFiles,
        report: (oddities) => reported.push(...oddities),
      });
    const train = await open("train"), validation = await open("validation");
    assertEquals([train.numSamples, validation.numSamples, train.numClasses], [9, 2, 3]);
    assertEquals([...train.labelsToNames.values()], ["no photos here", "tulips", "розы"]);
    assertEquals(reported.length, 24, "each of the 12 oddities for each split");
    const all = await Promise.all(Array.from({ length: 9 }, (_, i) => train.source.get(i)));
    assert(
      all.every(({ data, height, width, channels }) =>
        data.length === height * width * channels && channels === 3
      ),
    );
    const which = Array.from({ length: 9 }, (_, i) => i).find((i) =>
      train.source.describe(i).includes("png inside")
    );
    const inside = which === undefined ? await validation.source.get(0) : all[which];
    assertEquals(inside.data, decodePng(png(1)).data);
    await assertRejects(() => open("test"), RangeError, "it has the splits train, validation");
  });
});

Deno.test("getDataset() says which name records need that are opened as a folder", async () => {
  const names = {
    "flowers_train_00000-of-00005.tfrecord": "flowers",
    "mnist_test.tfrecord": "mnist",
    "train-00000-of-01024": "imagenet",
  };
  for (const [file, name] of Object.entries(names)) {
    const files = memoryFiles({ [`d/${file}`]: new Uint8Array(), "d/labels.txt": text("0:a\n") });
    await assertRejects(
      () => getDataset({ name: "folder", splitName: "train", datasetDir: "d", files }),
      NotFoundError,
      `it holds records, which need a name; add --dataset_name=${name}`,
    );
  }
});

Deno.test("getDataset() says why none of the files is a photo, and what a folder should look like", async () => {
  const files = memoryFiles({ "d/a/one.jpg": text("no"), "d/b/notes.txt": text("no") }),
    reported: Oddity[] = [];
  const report = (oddities: readonly Oddity[]) => reported.push(...oddities);
  await assertRejects(
    () => getDataset({ name: "folder", splitName: "train", datasetDir: "d", files, report }),
    NotFoundError,
    "one folder for each class",
  );
  assertEquals(messages(reported).slice(0, 2), [
    "a/one.jpg: left out: it is neither a JPEG nor a PNG",
    "b/notes.txt: left out: it is neither a JPEG nor a PNG",
  ]);
  assertEquals(await files.list("d"), ["a", "b"], "no split was written");
});

Deno.test("getDataset() names the photo that is damaged in the middle", async () => {
  const damaged = png(3).slice();
  damaged[60] ^= 0xff;
  const files = memoryFiles({
    "d/a/good.png": png(1),
    "d/a/bad.png": damaged,
    "d/split.csv": text("file,split\na/good.png,train\na/bad.png,train\n"),
  });
  const { source, numSamples } = await getDataset({
    name: "folder",
    splitName: "train",
    datasetDir: "d",
    files,
    cacheBytes: 0,
  });
  assertEquals(numSamples, 2);
  await assertRejects(() => source.get(0), DataLossError, 'Cannot decode "d/a/bad.png"');
  assertEquals((await source.get(1)).width, 24);
});

Deno.test("getDataset() gives the same photos and labels as are in the folder", async () => {
  await withFolder(async (folder) => {
    for (const name of ["daisy", "tulips"]) {
      Deno.mkdirSync(`${folder}/${name}`);
      for (const { name: file } of Deno.readDirSync(`${flowerPhotos}/${name}`)) {
        Deno.copyFileSync(`${flowerPhotos}/${name}/${file}`, `${folder}/${name}/${file}`);
      }
    }
    const { source, numSamples } = await getDataset({
      name: "folder",
      splitName: "train",
      datasetDir: folder,
      files: denoFiles,
    });
    assertEquals(numSamples, 22);
    for (let i = 0; i < numSamples; i++) {
      assertEquals((await source.get(i)).label, source.describe(i).includes("/daisy/") ? 0 : 1);
    }
  });
});
