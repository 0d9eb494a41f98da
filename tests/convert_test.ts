// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { convertMnist } from "../datasets/convert_mnist.ts";
import { getDataset } from "../datasets/dataset_factory.ts";
import { mnistClassNames } from "../datasets/mnist.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { parseIdxImages } from "../formats/idx.ts";
import { main } from "../tools/convert.ts";

const fixture = new URL("fixtures/mnist/", import.meta.url);
const read = (name: string) => Deno.readFileSync(new URL(name, fixture));
const imagesGz = read("t10k-images-idx3-ubyte.gz");
const labelsGz = read("t10k-labels-idx1-ubyte.gz");
const images = parseIdxImages(imagesGz, "images");

/** A directory with the original files; the cut test split serves as both splits. */
function originalFiles(replace: Record<string, Uint8Array> = {}): Files {
  return memoryFiles({
    "d/train-images-idx3-ubyte.gz": imagesGz,
    "d/train-labels-idx1-ubyte.gz": labelsGz,
    "d/t10k-images-idx3-ubyte.gz": imagesGz,
    "d/t10k-labels-idx1-ubyte.gz": labelsGz,
    ...replace,
  });
}

const convert = (files: Files) => Array.fromAsync(convertMnist("fashion_mnist", "d", files));

/** An uncompressed IDX file of labels. */
function idxLabels(...labels: number[]): Uint8Array {
  return Uint8Array.of(0, 0, 8, 1, 0, 0, 0, labels.length, ...labels);
}

Deno.test("convertMnist() writes records that getDataset() reads, and the names", async () => {
  const files = originalFiles();
  assertEquals(await convert(files), [
    { path: "d/mnist_train.tfrecord", records: 100, written: true },
    { path: "d/mnist_test.tfrecord", records: 100, written: true },
    { path: "d/labels.txt", written: true },
  ]);
  for (const splitName of ["train", "test"]) {
    const dataset = await getDataset({ name: "fashion_mnist", splitName, datasetDir: "d", files });
    assertEquals(dataset.numSamples, 100);
    assertEquals([...dataset.labelsToNames.values()], [...mnistClassNames.fashion_mnist]);
    const last = await dataset.source.get(99);
    assertEquals(last.data, images.data.subarray(99 * 784));
  }
});

Deno.test("convertMnist() does only what is missing", async () => {
  const files = originalFiles();
  await convert(files);
  const before = await files.read("d/mnist_train.tfrecord");
  assertEquals((await convert(files)).map(({ written }) => written), [false, false, false]);
  await files.remove("d/mnist_test.tfrecord");
  assertEquals((await convert(files)).map(({ written }) => written), [false, true, false]);
  assertEquals(await files.read("d/mnist_train.tfrecord"), before);
});

Deno.test("convertMnist() spells the digits' names right, and keeps a label file that is there", async () => {
  const files = originalFiles();
  await Array.fromAsync(convertMnist("mnist", "d", files));
  const text = new TextDecoder().decode(await files.read("d/labels.txt"));
  assertEquals(text, "0:zero\n1:one\n2:two\n3:three\n4:four\n5:five\n6:six\n7:seven\n8:eight\n9:nine\n");
  const theirs = originalFiles({ "d/labels.txt": read("labels.txt") });
  await Array.fromAsync(convertMnist("mnist", "d", theirs));
  assertEquals(await theirs.read("d/labels.txt"), read("labels.txt"));
});

Deno.test("convertMnist() says which original file is missing or wrong", async () => {
  const missing = originalFiles();
  await missing.remove("d/t10k-labels-idx1-ubyte.gz");
  const error = await assertRejects(
    () => convert(missing),
    NotFoundError,
    'Cannot convert fashion_mnist: t10k-labels-idx1-ubyte.gz is not in "d"',
  );
  assertStringIncludes(error.message, "tools/download.ts --dataset_name=fashion_mnist --dataset_dir=d");

  const name = "d/train-labels-idx1-ubyte.gz";
  const cases: [Uint8Array, new (...args: never[]) => Error, string][] = [
    [imagesGz, SyntaxError, name],
    [imagesGz.subarray(0, 500), DataLossError, name], // cut gzip data
    [labelsGz.subarray(0, 50), DataLossError, name],
    [idxLabels(1, 2, 3), RangeError, "Cannot pair 100 pictures with 3 labels"],
    [
      idxLabels(1, 10, 3),
      RangeError,
      `Cannot convert "${name}": label 1 is 10, but there are classes 0 to 9 only`,
    ],
  ];
  for (const [bytes, errorClass, text] of cases) {
    const files = originalFiles({ [name]: bytes });
    await assertRejects(() => convert(files), errorClass as new () => Error, text);
    assertEquals(await files.size("d/mnist_train.tfrecord"), undefined, "whole or not at all");
  }
});

Deno.test("convertMnist() does not keep a damaged record file silently", async () => {
  const files = originalFiles();
  await convert(files);
  const bytes = await files.read("d/mnist_test.tfrecord");
  await files.write("d/mnist_test.tfrecord", [bytes.subarray(0, -1)]);
  const error = await assertRejects(
    () => convert(files),
    DataLossError,
    'Cannot keep "d/mnist_test.tfrecord": Cannot read record 99',
  );
  assertStringIncludes(error.message, "remove it and convert again");
});

Deno.test("convert's main() converts in place", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const prefix of ["train", "t10k"]) {
      await Deno.writeFile(`${directory}/${prefix}-images-idx3-ubyte.gz`, imagesGz);
      await Deno.writeFile(`${directory}/${prefix}-labels-idx1-ubyte.gz`, labelsGz);
    }
    const args = ["--dataset_name=mnist", `--dataset_dir=${directory}/`];
    assertEquals(await main(args), 0);
    const written = await Deno.stat(`${directory}/mnist_train.tfrecord`);
    assertEquals(await main(args), 0);
    assertEquals(
      (await Deno.stat(`${directory}/mnist_train.tfrecord`)).ino,
      written.ino,
      "not written again",
    );
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), [
      "labels.txt",
      "mnist_test.tfrecord",
      "mnist_train.tfrecord",
      "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
      "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte.gz",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
