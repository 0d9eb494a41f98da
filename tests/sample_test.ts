// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import type { Dataset } from "../datasets/dataset.ts";
import { getDataset } from "../datasets/dataset_factory.ts";
import { originals } from "../datasets/downloads.ts";
import { getSampleSplit, SAMPLE_NAME } from "../datasets/sample.ts";
import { NotFoundError } from "../formats/errors.ts";
import { parseIdxImages, parseIdxLabels } from "../formats/idx.ts";

const folder = new URL("../datasets/sample/", import.meta.url);

async function contents(dataset: Dataset) {
  const images = new Uint8Array(dataset.numSamples * 784);
  const labels = new Uint8Array(dataset.numSamples);
  for (let i = 0; i < dataset.numSamples; i++) {
    const { data, label } = await dataset.source.get(i);
    images.set(data, i * 784);
    labels[i] = label;
  }
  return { images, labels };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

// SHA-256 of the pixels and labels of the first images in the original files.
const expected = {
  train: {
    numSamples: 10_000,
    images: "2929ae1c7b89e0ee6587bbe4911fd5f0a5dafe21ae6ed9b737173cbfe20c12c9",
    labels: "1022e4632874e71bb84d924c475e6a3428a2deeb8c5a0f612a015c97e4fce7f0",
  },
  test: {
    numSamples: 2_000,
    images: "09bbac78738f0229a68f7ca74e62665d7fb34f45ea7a3509ab5c4a202c1370de",
    labels: "a86243d2b2400909bc0a82f5fd5c9df83bf827852a1543e3dc70af890035a9d4",
  },
};

for (const [splitName, { numSamples, images, labels }] of Object.entries(expected)) {
  Deno.test(`getDataset() without a name gives the sample: ${splitName}`, async () => {
    const dataset = await getDataset({ splitName });
    assertEquals([dataset.name, dataset.splitName], [SAMPLE_NAME, splitName]);
    assertEquals([dataset.numSamples, dataset.numClasses], [numSamples, 10]);
    assertEquals(dataset.channels, 1);
    assertEquals(dataset.labelsToNames.get(0), "T-shirt/top");
    const found = await contents(dataset);
    assertEquals(await sha256(found.images), images);
    assertEquals(await sha256(found.labels), labels);
  });
}

const debian = originals.fashion_mnist.systemFolders[0];
const isInstalled = await Deno.stat(debian).then(() => true, () => false);

Deno.test({
  name: "the sample is the beginning of the original Fashion-MNIST",
  ignore: !isInstalled,
  async fn() {
    const imagesPath = `${debian}/t10k-images-idx3-ubyte.gz`;
    const labelsPath = `${debian}/t10k-labels-idx1-ubyte.gz`;
    const images = parseIdxImages(await Deno.readFile(imagesPath), imagesPath);
    const labels = parseIdxLabels(await Deno.readFile(labelsPath), labelsPath);
    const sample = await contents(await getSampleSplit("test"));
    assertEquals(sample.images, Uint8Array.from(images.data.subarray(0, sample.images.length)));
    assertEquals(sample.labels, Uint8Array.from(labels.subarray(0, sample.labels.length)));
  },
});

Deno.test("getSampleSplit() loads over HTTP, from any address", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/page/")) return new Response("nothing here", { status: 404 });
    return new Response(await Deno.readFile(new URL(pathname.slice("/page/".length), folder)));
  });
  const address = `http://127.0.0.1:${server.addr.port}`;
  const dataset = await getSampleSplit("test", { baseUrl: `${address}/page` });
  assertEquals(
    (await dataset.source.get(1999)).label,
    (await (await getSampleSplit("test")).source.get(1999)).label,
  );
  await assertRejects(
    () => getSampleSplit("test", { baseUrl: `${address}/elsewhere/` }),
    NotFoundError,
    `Cannot load the sample from ${address}/elsewhere/test_images.png: the server answered 404`,
  );
});

Deno.test("getSampleSplit() says what is wrong with split, folder and sheet", async () => {
  await assertRejects(
    () => getSampleSplit("validation"),
    RangeError,
    'Cannot open split "validation" of fashion_mnist_sample: it has the splits train, test',
  );
  await assertRejects(
    () => getSampleSplit("test", { baseUrl: new URL("nowhere/", folder) }),
    NotFoundError,
    "Cannot load the sample from",
  );
  const directory = await Deno.makeTempDir();
  try {
    await Deno.copyFile(new URL("test_images.png", folder), `${directory}/test_images.png`);
    await Deno.writeTextFile(`${directory}/test_labels.txt`, "123\n");
    await assertRejects(
      () => getSampleSplit("test", { baseUrl: `file://${directory}/` }),
      RangeError,
      "Cannot use the sample's test split: 3 labels do not fit a sheet of 560 x 2800 pixels",
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
