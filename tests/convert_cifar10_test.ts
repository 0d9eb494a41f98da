/** CIFAR-10's archives as records; tests/goldens.ts compares with TF-Slim's own. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { convertCifar10 } from "../datasets/convert_cifar10.ts";
import { getDataset } from "../datasets/dataset_factory.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";

const PLANE = 32 * 32;

/** A batch of the binary version: pictures of one colour each. */
function batch(...pictures: [label: number, red: number, green: number, blue: number][]): Uint8Array {
  const bytes = new Uint8Array(pictures.length * (1 + 3 * PLANE));
  pictures.forEach(([label, ...colour], i) => {
    const start = i * (1 + 3 * PLANE);
    bytes[start] = label;
    colour.forEach((value, c) => bytes.fill(value, start + 1 + c * PLANE, start + 1 + (c + 1) * PLANE));
  });
  return bytes;
}

/** Batches by name, in the order of the archive. */
const batches: Record<string, Uint8Array> = {
  "data_batch_4.bin": batch([4, 1, 2, 3]),
  "readme.html": new TextEncoder().encode("<html>"),
  "test_batch.bin": batch([9, 7, 8, 9], [8, 4, 5, 6]),
  "data_batch_3.bin": batch([3, 0, 0, 0]),
  "data_batch_2.bin": batch([2, 0, 0, 0]),
  "data_batch_5.bin": batch([5, 0, 0, 0]),
  "data_batch_1.bin": batch([1, 0, 0, 0], [0, 0, 0, 255]),
};

async function withArchive(
  contents: Record<string, Uint8Array>,
  name = "cifar-10-binary.tar.gz",
): Promise<Files> {
  const entries = Object.entries(contents).map(([file, bytes]) =>
    tarEntry(`cifar-10-batches/${file}`, bytes)
  );
  return memoryFiles({ [`d/${name}`]: await gzip(tar(...entries)) });
}

const convert = (files: Files) => Array.fromAsync(convertCifar10("d", files));

Deno.test("convertCifar10() puts batches in order, whatever the archive's is, and planes into pixels", async () => {
  const files = await withArchive(batches);
  assertEquals(await convert(files), [
    { path: "d/cifar10_train.tfrecord", records: 6, written: true },
    { path: "d/cifar10_test.tfrecord", records: 2, written: true },
    { path: "d/labels.txt", written: true },
  ]);
  const open = (splitName: string) => getDataset({ name: "cifar10", splitName, datasetDir: "d", files });
  const train = await open("train"), test = await open("test");
  const labels = await Promise.all([0, 1, 2, 3, 4, 5].map(async (i) => (await train.source.get(i)).label));
  assertEquals(labels, [1, 0, 2, 3, 4, 5]);
  const { data, height, width, channels } = await test.source.get(0);
  assertEquals([height, width, channels], [32, 32, 3]);
  assertEquals(data, Uint8Array.from({ length: 3 * PLANE }, (_, i) => 7 + i % 3));
  assertEquals([...test.labelsToNames.values()][9], "truck");
});

Deno.test("convertCifar10() does only what is missing, and prefers the pickles", async () => {
  const files = await withArchive(batches);
  await convert(files);
  assertEquals((await convert(files)).map(({ written }) => written), [false, false, false]);
  await files.remove("d/cifar10_test.tfrecord");
  assertEquals((await convert(files)).map(({ written }) => written), [false, true, false]);
  await files.remove("d/cifar10_test.tfrecord");
  await files.write("d/cifar-10-python.tar.gz", [await gzip(tar(tarEntry("b/test_batch", "no pickle")))]);
  await assertRejects(
    () => convert(files),
    DataLossError,
    'Cannot read the pickle "d/cifar-10-python.tar.gz: b/test_batch": at byte 0',
  );
});

Deno.test("convertCifar10() says what is missing or wrong, and leaves no half of a file", async () => {
  await assertRejects(
    () => convert(memoryFiles()),
    NotFoundError,
    'neither cifar-10-python.tar.gz nor cifar-10-binary.tar.gz is in "d"; get one with tools/download.ts --dataset_name=cifar10',
  );
  const { "data_batch_2.bin": _, ...incomplete } = batches;
  const wrongLabel = { ...batches, "data_batch_5.bin": batch([5, 0, 0, 0], [10, 0, 0, 0]) };
  const cut = { ...batches, "data_batch_3.bin": batches["data_batch_3.bin"].subarray(1) };
  const cases: [Record<string, Uint8Array>, string, new (...args: never[]) => Error, string][] = [
    [incomplete, "binary", NotFoundError, "it has no data_batch_2; download it again"],
    [wrongLabel, "binary", RangeError, "label 1 is 10, but there are classes 0 to 9 only"],
    [cut, "binary", DataLossError, "its 3072 bytes are no multiple of 3073"],
    [{ "../data_batch_1": batches["data_batch_1.bin"] }, "binary", RangeError, "leads outside"],
    // pickle.dumps({"labels": [1]}, 2)
    [
      { data_batch_1: Uint8Array.from("\x80\x02}U\x06labels](K\x01es.", (c) => c.charCodeAt(0)) },
      "python",
      DataLossError,
      "it is not a batch of CIFAR-10",
    ],
  ];
  for (const [contents, version, errorClass, reason] of cases) {
    const files = await withArchive(contents, `cifar-10-${version}.tar.gz`);
    await assertRejects(() => convert(files), errorClass as new () => Error, reason);
    assertEquals(await files.list("d"), [`cifar-10-${version}.tar.gz`]);
  }
});
