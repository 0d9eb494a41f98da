/** TensorFlow reads every file of records that is written here, and TF-Slim's decoders give our pictures. Needs WGSLIM_PYTHON; see _tensorflow.ts. */
// @ts-types="../../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { getDataset } from "../../datasets/dataset_factory.ts";
import { denoFiles } from "../../host/files.ts";
import { main as convert } from "../../tools/convert.ts";
import { flowerPhotos, writeMessyFolder } from "../_photos.ts";
import { toHex } from "../goldens/report.ts";
import { withFolder } from "../_tools.ts";
import { runPython, withJson } from "./_tensorflow.ts";

const fixtures = new URL("../fixtures/tfrecord", import.meta.url).pathname;

/** A split as our data set gives it, in the words of the script. */
async function describe(name: string, splitName: string, datasetDir: string) {
  const dataset = await getDataset({ name, splitName, datasetDir, files: denoFiles });
  const records = await Promise.all(Array.from({ length: dataset.numSamples }, async (_, i) => {
    const { label, height, width, channels, data } = await dataset.source.get(i);
    const sha256 = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data.slice())));
    return { label, shape: [height, width, channels], sha256 };
  }));
  const decoder = name === "fashion_mnist" ? "mnist" : name === "folder" ? "flowers" : name;
  return { name: decoder, files: dataset.files, records };
}

/** Copies files into a new folder. */
function copy(from: string, names: readonly string[], to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const name of names) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
}

Deno.test("TF-Slim's decoders read what is converted here: MNIST, both archives of CIFAR-10, Flowers, a folder", async () => {
  await withFolder(async (folder) => {
    const idx = ["train", "t10k"].flatMap((
      part,
    ) => [`${part}-images-idx3-ubyte.gz`, `${part}-labels-idx1-ubyte.gz`]);
    copy(`${fixtures}/mnist`, idx, `${folder}/mnist`);
    for (const version of ["python", "binary"]) {
      copy(`${fixtures}/cifar10`, [`cifar-10-${version}.tar.gz`], `${folder}/${version}`);
    }
    for (const { name } of Deno.readDirSync(flowerPhotos)) {
      const names = [...Deno.readDirSync(`${flowerPhotos}/${name}`)].map(({ name }) => name);
      copy(`${flowerPhotos}/${name}`, names, `${folder}/flowers/flower_photos/${name}`);
    }
    Deno.mkdirSync(`${folder}/photos`);
    writeMessyFolder(`${folder}/photos`);
    const runs: [name: string, directory: string, splits: string[], ...flags: string[]][] = [
      ["fashion_mnist", "mnist", ["train", "test"]],
      ["cifar10", "python", ["train", "test"]],
      ["cifar10", "binary", ["train", "test"]],
      ["flowers", "flowers", ["train", "validation"], "--num_validation=15"],
      ["folder", "photos", ["train", "validation"], `--output_dir=${folder}/records`],
    ];
    const described = [];
    for (const [name, directory, splits, ...flags] of runs) {
      assertEquals(
        await convert([`--dataset_name=${name}`, `--dataset_dir=${folder}/${directory}`, ...flags]),
        0,
      );
      for (const split of splits) {
        described.push(
          await describe(name, split, name === "folder" ? `${folder}/records` : `${folder}/${directory}`),
        );
      }
    }
    assertEquals(described.reduce((sum, { records }) => sum + records.length, 0), 300 + 48 + 48 + 60 + 11);
    await withJson(described, async (file) => {
      assertEquals(await runPython("datasets_interop.py", file), "467 records are equal");
    });
  });
});
