// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { cached, DEFAULT_CACHE_BYTES, keeping, type RecordSource } from "../datasets/dataset.ts";
import { mnistExamples } from "../datasets/convert_mnist.ts";
import { datasetNames, getDataset } from "../datasets/dataset_factory.ts";
import { encodeImageExample } from "../datasets/image_example.ts";
import { formatLabels, parseLabels } from "../datasets/labels.ts";
import { findShards } from "../datasets/tfrecord_source.ts";
import { decodeExample } from "../formats/example.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { concatenateArrays, memoryFiles } from "../formats/files.ts";
import { parseIdxImages, parseIdxLabels } from "../formats/idx.ts";
import { decodePng, encodePng } from "../formats/png.ts";
import { decodeTfRecords, encodeTfRecords } from "../formats/tfrecord.ts";
import { denoFiles } from "../host/files.ts";

const fixture = new URL("fixtures/mnist/", import.meta.url).pathname.replace(/\/$/, "");
const images = parseIdxImages(Deno.readFileSync(`${fixture}/t10k-images-idx3-ubyte.gz`), "images");
const labels = parseIdxLabels(Deno.readFileSync(`${fixture}/t10k-labels-idx1-ubyte.gz`), "labels");

/** A picture of one colour. */
function flat(value: number, label: number, { side = 4, format = "png" } = {}): Uint8Array {
  const data = new Uint8Array(side * side).fill(value);
  const encoded = encodePng({ data, width: side, height: side, channels: 1 });
  return encodeImageExample({ encoded, format, height: side, width: side, label });
}

function encoded(...bytes: number[]): Uint8Array {
  return encodeImageExample({
    encoded: Uint8Array.from(bytes),
    format: "png",
    height: 1,
    width: 1,
    label: 0,
  });
}

const latin1 = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

function shard(...records: Uint8Array[]): Uint8Array {
  return concatenateArrays([...encodeTfRecords(records)]);
}

Deno.test("getDataset() opens the records that TF-Slim's converter wrote", async () => {
  const dataset = await getDataset({
    name: "mnist",
    splitName: "test",
    datasetDir: fixture,
    files: denoFiles,
  });
  assertEquals(dataset.numSamples, 100);
  assertEquals(dataset.numClasses, 10);
  assertEquals(dataset.channels, 1);
  assertEquals(dataset.files, [`${fixture}/mnist_test.tfrecord`]);
  assertEquals(dataset.labelsToNames.get(6), "size", "the file is taken as it is");
  for (let i = 0; i < 100; i++) {
    const { data, label } = await dataset.source.get(i);
    assertEquals(data, images.data.subarray(i * 784, (i + 1) * 784));
    assertEquals(label, labels[i]);
  }
});

Deno.test("mnistExamples() writes TF-Slim's features, and pictures equal to TF-Slim's", async () => {
  const theirs = [...decodeTfRecords(await denoFiles.read(`${fixture}/mnist_test.tfrecord`))].map(
    decodeExample,
  );
  const ours = [...mnistExamples(images, labels)].map(decodeExample);
  assertEquals(ours.length, theirs.length);
  const picture = (features: ReturnType<typeof decodeExample>) => {
    const encoded = features.get("image/encoded");
    assert(encoded?.kind === "bytes");
    features.delete("image/encoded");
    return decodePng(encoded.value[0]);
  };
  ours.forEach((features, i) => {
    assertEquals(picture(features), picture(theirs[i]));
    assertEquals(features, theirs[i], "all other features");
  });
});

Deno.test("mnistExamples() refuses labels of another split", () => {
  assertThrows(
    () => [...mnistExamples(images, labels.subarray(1))],
    RangeError,
    "Cannot pair 100 pictures with 99 labels: the two files are not of one split",
  );
});

Deno.test("getDataset() counts the samples of all shards that match the pattern, in order", async () => {
  const files = memoryFiles({
    "d/mnist_train_1.tfrecord": shard(flat(3, 3)),
    "d/mnist_train_0.tfrecord": shard(flat(1, 1), flat(2, 2)),
    "d/mnist_train_2.tfrecord": shard(),
    "d/mnist_test_0.tfrecord": shard(flat(9, 9)),
  });
  const filePattern = "mnist_%s_*.tfrecord";
  const dataset = await getDataset({
    name: "mnist",
    splitName: "train",
    datasetDir: "d/",
    files,
    filePattern,
  });
  assertEquals(dataset.numSamples, 3);
  const read = [];
  for (let i = 0; i < 3; i++) read.push((await dataset.source.get(i)).label);
  assertEquals(read, [1, 2, 3]);
  assertEquals(dataset.source.describe(2), 'record 0 of "d/mnist_train_1.tfrecord" (at byte 0)');
  await assertRejects(
    () => dataset.source.get(3),
    RangeError,
    "Cannot read record 3: the data set has records 0 to 2",
  );
});

Deno.test("getDataset() names classes itself where there is no label file", async () => {
  const files = memoryFiles({ "d/mnist_test.tfrecord": shard(flat(0, 0)) });
  const open = (name: string) => getDataset({ name, splitName: "test", datasetDir: "d", files });
  assertEquals((await open("mnist")).labelsToNames.get(6), "six");
  assertEquals((await open("fashion_mnist")).labelsToNames.get(9), "Ankle boot");
});

Deno.test("getDataset() says which data sets and splits there are", async () => {
  const files = memoryFiles();
  await assertRejects(
    () => getDataset({ name: "fashion-mnist", splitName: "train", datasetDir: "d", files }),
    RangeError,
    'Cannot find data set "fashion-mnist": did you mean "fashion_mnist"? The known ones are ' +
      datasetNames.join(", "),
  );
  await assertRejects(
    () => getDataset({ name: "constructor", splitName: "train", datasetDir: "d", files }),
    RangeError,
    'Cannot find data set "constructor"',
  );
  await assertRejects(
    () => getDataset({ name: "mnist", splitName: "validation", datasetDir: "d", files }),
    RangeError,
    'Cannot open split "validation" of mnist: it has the splits train, test',
  );
  await assertRejects(
    () => getDataset({ name: "mnist", splitName: "train", files }),
    TypeError,
    "Cannot open mnist: no directory was given; name it with --dataset_dir",
  );
});

Deno.test("getDataset() says which commands make missing files", async () => {
  const error = await assertRejects(
    () => getDataset({ name: "mnist", splitName: "train", datasetDir: "/data/m", files: memoryFiles() }),
    NotFoundError,
    'Cannot open split "train" of mnist: there is no "/data/m/mnist_train.tfrecord"',
  );
  assert(error.message.includes("tools/download.ts --dataset_name=mnist --dataset_dir=/data/m"));
  assert(error.message.includes("tools/convert.ts --dataset_name=mnist --dataset_dir=/data/m"));
});

Deno.test("getDataset() believes a picture's content, not the format that the record names", async () => {
  const files = memoryFiles({ "d/mnist_test.tfrecord": shard(flat(7, 1, { format: "jpg" })) });
  const { source } = await getDataset({ name: "mnist", splitName: "test", datasetDir: "d", files });
  assertEquals((await source.get(0)).data[0], 7);
});

Deno.test("getDataset() names file and offset of a record that cannot be decoded", async () => {
  const good = flat(1, 1);
  const cases: [string, Uint8Array, string][] = [
    ["no example", Uint8Array.of(7, 7, 7), "tf.Example"],
    ["kind", encoded(...latin1("GIF89a")), "it is a GIF, but only JPEG and PNG can be read"],
    ["no picture", encoded(1), "only JPEG and PNG can be read"],
  ];
  for (const [what, bad, reason] of cases) {
    const files = memoryFiles({ "d/mnist_test.tfrecord": shard(good, bad) });
    const { source } = await getDataset({ name: "mnist", splitName: "test", datasetDir: "d", files });
    const error = await assertRejects(() => source.get(1), DataLossError, reason, what);
    const place = `Cannot decode record 1 of "d/mnist_test.tfrecord" (at byte ${good.length + 16})`;
    assert(error.message.startsWith(place), error.message);
    assertEquals([error.path, error.record, error.offset], ["d/mnist_test.tfrecord", 1, good.length + 16]);
  }
});

Deno.test("getDataset() names a record whose label is no class: an error of the data set, not of the picture", async () => {
  for (const label of [10, -1]) {
    const files = memoryFiles({ "d/mnist_test.tfrecord": shard(flat(1, 1), flat(1, label)) });
    const { source } = await getDataset({ name: "mnist", splitName: "test", datasetDir: "d", files });
    const { message } = await assertRejects(() => source.get(1), RangeError);
    assert(message.startsWith('Cannot use record 1 of "d/mnist_test.tfrecord"'), message);
    assert(message.includes(`its label is ${label}, but there are classes 0 to 9 only`), message);
  }
});

Deno.test("getDataset() finds a cut file before the first step and a flipped bit when it is read", async () => {
  const whole = shard(flat(1, 1), flat(2, 2));
  const open = (bytes: Uint8Array) =>
    getDataset({
      name: "mnist",
      splitName: "test",
      datasetDir: "d",
      files: memoryFiles({ "d/mnist_test.tfrecord": bytes }),
    });
  await assertRejects(
    () => open(whole.subarray(0, -5)),
    DataLossError,
    'record 1 of "d/mnist_test.tfrecord"',
  );
  await assertRejects(() => open(new Uint8Array()), RangeError, "d/mnist_test.tfrecord holds no records");
  const flipped = whole.slice();
  flipped[flipped.length - 20] ^= 4;
  const { source } = await open(flipped);
  assertEquals((await source.get(0)).label, 1);
  await assertRejects(() => source.get(1), DataLossError, "data does not match its checksum");
});

Deno.test("findShards() takes pattern characters other than * and ? literally", async () => {
  const files = memoryFiles(
    Object.fromEntries(["a.b", "aXb", "a+.b", "ab"].map((name) => [`d/${name}`, new Uint8Array()])),
  );
  assertEquals(await findShards(files, "d", "a.b", ""), ["d/a.b"]);
  assertEquals(await findShards(files, "d/", "a?b", ""), ["d/a.b", "d/aXb"]);
  assertEquals(await findShards(files, "d", "%s+.*", "a"), ["d/a+.b"]);
  assertEquals(await findShards(files, "elsewhere", "*", "a"), []);
});

/** Three images of 6 bytes; counts how often one is decoded. */
function countingSource(isDamaged = (_: number) => false): RecordSource & { decoded: number } {
  return {
    decoded: 0,
    size: 3,
    get(label) {
      this.decoded++;
      if (isDamaged(label)) return Promise.reject(new DataLossError(`damaged ${label}`));
      return Promise.resolve({ data: new Uint8Array(6), height: 2, width: 3, channels: 1, label });
    },
    describe: String,
  };
}

Deno.test("cached() decodes once, unless the set is too large", async () => {
  const source = countingSource(), kept = await cached(source, 18);
  assert(kept !== source);
  for (const index of [0, 1, 2, 2, 1, 0]) assertEquals((await kept.get(index)).label, index);
  assertEquals(source.decoded, 4, "record 0 once more, to know its size");
  assertEquals(await cached(source, 17), source);
  assertEquals(await cached(source, 0), source);
  assert(60_000 * 784 < DEFAULT_CACHE_BYTES);
});

Deno.test("cached() judges a set by the first image that is not damaged", async () => {
  const source = countingSource((index) => index < 2), kept = await cached(source, 18);
  assert(kept !== source);
  await assertRejects(() => kept.get(1), DataLossError, "damaged 1");
  const damaged = countingSource(() => true);
  assertEquals(await cached(damaged, 18), damaged);
});

Deno.test("keeping() never keeps more than it may", async () => {
  const source = countingSource(), kept = keeping(source, 13);
  for (const index of [0, 1, 2, 0, 1, 2, 2]) assertEquals((await kept.get(index)).label, index);
  assertEquals(source.decoded, 5, "record 2 three times");
});

Deno.test("parseLabels() reads what formatLabels() writes, and names a bad line", () => {
  const names = ["T-shirt/top", "a:b", ""];
  assertEquals(parseLabels(formatLabels(names), "l"), new Map(names.entries()));
  assertEquals(parseLabels("1:one\r\n0:zero", "l"), new Map([[1, "one"], [0, "zero"]]));
  assertThrows(
    () => parseLabels("0:a\nb\n", "d/l"),
    SyntaxError,
    'Cannot read line 2 of "d/l": "b" is not of the form',
  );
  assertThrows(
    () => parseLabels("0:a\n0:b\n", "l"),
    SyntaxError,
    'line 2 of "l": label 0 has a name already',
  );
});
