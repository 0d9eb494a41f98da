/** Flowers and folders of photos as records. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { convertFlowers, convertFolder } from "../datasets/convert_photos.ts";
import type { ConvertedFile } from "../datasets/conversion.ts";
import { getDataset } from "../datasets/dataset_factory.ts";
import { readImageExample } from "../datasets/image_example.ts";
import { scanPhotos } from "../datasets/photo_folder.ts";
import { NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { decodeTfRecords } from "../formats/tfrecord.ts";
import { denoFiles } from "../host/files.ts";
import { main } from "../tools/convert.ts";
import { UsageError } from "../tools/_flags.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";
import { flower, flowerPhotos, png, writeFiles, writeMessyFolder } from "./_photos.ts";
import { withFolder } from "./_tools.ts";

/** Photos `FOLDER/CLASS/NUMBER.png`. */
function photos(folder: string, counts: Record<string, number>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(counts).flatMap(([name, count], c) =>
      Array.from({ length: count }, (_, i) => [`${folder}/${name}/${i}.png`, png(100 * c + i, 4)])
    ),
  );
}

const written = (files: ConvertedFile[]) => files.filter(({ written }) => written).map(({ path }) => path);
const counts = (files: ConvertedFile[]) => files.map(({ records }) => records);
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

async function pictures(files: Files, path: string) {
  return [...decodeTfRecords(await files.read(path))].map(readImageExample);
}

Deno.test("convertFlowers() deals photos to shards as TF-Slim does, the last ones left empty", async () => {
  const files = memoryFiles(photos("d/flower_photos", { a: 4, b: 5 }));
  const made = await Array.fromAsync(convertFlowers("d", files, { numValidation: 2, numShards: 5 }));
  assertEquals(counts(made), [2, 2, 2, 1, 0, 1, 1, 0, 0, 0, undefined]);
  assertEquals(made[3].path, "d/flowers_train_00003-of-00005.tfrecord");
  assertEquals(made[9].path, "d/flowers_validation_00004-of-00005.tfrecord");
  const train = await getDataset({ name: "flowers", splitName: "train", datasetDir: "d", files });
  assertEquals([train.numSamples, train.numClasses, train.channels], [7, 2, 3]);
  assertEquals([...train.labelsToNames.values()], ["a", "b"]);
  const validation = await getDataset({ name: "flowers", splitName: "validation", datasetDir: "d", files });
  assertEquals(validation.numSamples, 2);
  assertEquals((await validation.source.get(0)).width, 4);
});

Deno.test("convertFlowers() keeps a complete set, and makes all of one that is not", async () => {
  const files = memoryFiles(photos("d/flower_photos", { a: 4, b: 5 }));
  const convert = () => Array.fromAsync(convertFlowers("d", files, { numValidation: 2, numShards: 2 }));
  const first = await convert();
  assertEquals(written(first).length, 5);
  assertEquals(written(await convert()), []);
  await files.remove(first[0].path);
  assertEquals(written(await convert()).length, 4, "all but the label file");
  for (const path of await files.list("d/flower_photos/a")) await files.remove(`d/flower_photos/a/${path}`);
  assertEquals(written(await convert()), [], "shards are enough");
});

Deno.test("convertFlowers() says what is missing", async () => {
  const convert = (files: Files) => Array.fromAsync(convertFlowers("d", files));
  await assertRejects(
    () => convert(memoryFiles()),
    NotFoundError,
    "tools/download.ts --dataset_name=flowers --dataset_dir=d",
  );
  const few = memoryFiles(photos("d/flower_photos", { a: 4 }));
  await assertRejects(
    () => convert(few),
    RangeError,
    "Cannot keep 350 photos for validation: there are 4 in all",
  );
  const other = memoryFiles({
    ...photos("d/flower_photos", { a: 4 }),
    "d/labels.txt": new TextEncoder().encode("0:x\n1:y\n"),
  });
  await assertRejects(
    () => Array.fromAsync(convertFlowers("d", other, { numValidation: 1 })),
    RangeError,
    'Cannot keep "d/labels.txt": it names 2 classes where there are 1',
  );
});

Deno.test("convertFolder() stores every photo once, as it is, in the split that it has in the folder", async () => {
  await withFolder(async (folder) => {
    const { good } = writeMessyFolder(`${folder}/photos`);
    const reported: string[] = [];
    const report = (oddities: readonly { file: string }[]) =>
      reported.push(...oddities.map(({ file }) => file));
    const convert = () =>
      Array.fromAsync(
        convertFolder(`${folder}/photos`, `${folder}/records`, denoFiles, { numShards: 2, report }),
      );
    const made = await convert();
    assertEquals(counts(made), [5, 4, 1, 1, undefined]);
    assert(reported.includes("tulips/cut.jpg") && reported.includes("round"), String(reported));
    const stored = (await Promise.all(made.slice(0, 4).map(({ path }) => pictures(denoFiles, path)))).flat();
    const { photos: found } = await scanPhotos(denoFiles, `${folder}/photos`);
    const expected = found.map(({ file, label }) =>
      `${label} ${Deno.readFileSync(`${folder}/photos/${file}`).toHex()}`
    );
    assertEquals(good.length, stored.length);
    assertEquals(stored.map(({ label, encoded }) => `${label} ${encoded.toHex()}`).sort(), expected.sort());
    assertEquals(stored.filter(({ format }) => format === "png").length, 1, "the PNG whose name says jpg");
    for (const splitName of ["train", "validation"]) {
      const open = (datasetDir: string) =>
        getDataset({ name: "folder", splitName, datasetDir, files: denoFiles });
      const [converted, direct] = [await open(`${folder}/records`), await open(`${folder}/photos`)];
      assertEquals(converted.numSamples, direct.numSamples);
      assertEquals(converted.labelsToNames, direct.labelsToNames);
    }
    writeFiles(`${folder}/photos`, { "tulips/new.jpg": flower("tulips", 9) });
    reported.length = 0;
    assertEquals(written(await convert()), []);
    assert(reported.includes(`${folder}/records`), "the shards are older than the photos");
  });
});

Deno.test("convertFolder() takes the splits of a table, and a photo without one is left out", async () => {
  const table = new TextEncoder().encode("p/a/0.png,x,train\np/a/1.png,y,test\np/a/2.png,y,\n");
  const files = memoryFiles({ ...photos("d/p", { a: 3 }), "d/list.csv": table });
  const made = await Array.fromAsync(convertFolder("d/list.csv", "out", files, { numShards: 1 }));
  assertEquals(made.map(({ path, records }) => [path, records]), [
    ["out/folder_test_00000-of-00001.tfrecord", 1],
    ["out/folder_train_00000-of-00001.tfrecord", 1],
    ["out/labels.txt", undefined],
  ]);
  const test = await getDataset({ name: "folder", splitName: "test", datasetDir: "out", files });
  assertEquals([test.numSamples, (await test.source.get(0)).label], [1, 1]);
  await assertRejects(
    () => getDataset({ name: "folder", splitName: "validation", datasetDir: "out", files }),
    RangeError,
    "it has the splits test, train",
  );
});

Deno.test("convert's main() unpacks Flowers and converts them; links are left out", async () => {
  await withFolder(async (folder) => {
    const entries = ["daisy", "roses"].flatMap((name) =>
      [0, 1, 2].map((i) => tarEntry(`flower_photos/${name}/${i}.jpg`, flower(name as "daisy", i)))
    );
    const license = tarEntry("flower_photos/LICENSE.txt", "by many");
    const link = tarEntry("flower_photos/roses/link.jpg", "", { type: "2" });
    await Deno.writeFile(`${folder}/flower_photos.tgz`, await gzip(tar(license, ...entries, link)));
    const args = [
      "--dataset_name=flowers",
      `--dataset_dir=${folder}`,
      "--num_validation=1",
      "--num_shards=2",
    ];
    assertEquals(await main(args), 0);
    assertEquals(names(folder), [
      "flower_photos",
      "flower_photos.tgz",
      ...["train_00000", "train_00001", "validation_00000", "validation_00001"].map((part) =>
        `flowers_${part}-of-00002.tfrecord`
      ),
      "labels.txt",
    ]);
    assertEquals(names(`${folder}/flower_photos/roses`), ["0.jpg", "1.jpg", "2.jpg"]);
    assertEquals(await main(args), 0);
  });
});

Deno.test("convert's main() converts a folder in place, and refuses flags that do not concern a data set", async () => {
  await withFolder(async (folder) => {
    for (const name of ["daisy", "tulips"]) {
      Deno.mkdirSync(`${folder}/${name}`);
      for (const { name: file } of Deno.readDirSync(`${flowerPhotos}/${name}`)) {
        Deno.copyFileSync(`${flowerPhotos}/${name}/${file}`, `${folder}/${name}/${file}`);
      }
    }
    assertEquals(await main(["--dataset_name=folder", `--dataset_dir=${folder}`, "--num_shards=1"]), 0);
    assertEquals(names(folder), [
      "daisy",
      "folder_train_00000-of-00001.tfrecord",
      "folder_validation_00000-of-00001.tfrecord",
      "labels.txt",
      "split.csv",
      "tulips",
    ]);
    await assertRejects(
      () => main(["--dataset_name=mnist", `--dataset_dir=${folder}`, "--num_shards=1"]),
      UsageError,
      "--num_shards does not concern mnist, only flowers and folder",
    );
  });
});
