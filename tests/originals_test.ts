/** Original files of data sets: taken from where they are, else downloaded. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { type OriginalFile, type Originals, originals } from "../datasets/downloads.ts";
import { UsageError } from "../tools/_flags.ts";
import { ChecksumError, DownloadError } from "../tools/_originals.ts";
import { main, obtainOriginals } from "../tools/download.ts";
import { main as downloadAndConvert } from "../tools/download_and_convert_data.ts";
import { content, file, names, notFound, other, packed, serve, sha256, whole } from "./_mirrors.ts";
import { withFolder } from "./_tools.ts";

const set: Originals = { files: [file], mirrors: [], systemFolders: [] };
const quiet = { report: () => {} };

Deno.test("obtainOriginals() takes gzipped and plain files from a directory, and none twice", async () => {
  for (const [name, bytes] of [["images.gz", packed], ["images", content]] as const) {
    await withFolder(async (directory) => {
      const from = `${directory}/from`, target = `${directory}/a/b`;
      await Deno.mkdir(from);
      await Deno.writeFile(`${from}/${name}`, bytes);
      const lines: string[] = [];
      const report = (line: string) => lines.push(line);
      await obtainOriginals(set, target, { from, report });
      await obtainOriginals(set, target, { report });
      assertEquals(await Deno.readFile(`${target}/${name}`), bytes);
      assertEquals(names(target), [name]);
      assertEquals(lines, [`${target}/${name} copied from ${from}`, `${target}/${name} is there already`]);
    });
  }
});

Deno.test("obtainOriginals() looks into the system's folders before it downloads", async () => {
  await withFolder(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz`, packed);
    const folders = { ...set, systemFolders: [`${directory}/none`, directory] };
    await obtainOriginals(folders, `${directory}/target`, quiet);
    assertEquals(await Deno.readFile(`${directory}/target/images.gz`), packed);
    await using server = serve(whole(packed));
    const elsewhere = { ...set, systemFolders: [`${directory}/none`], mirrors: [server.mirror] };
    await obtainOriginals(elsewhere, `${directory}/downloaded`, quiet);
    assertEquals(await Deno.readFile(`${directory}/downloaded/images.gz`), packed);
  });
});

Deno.test("obtainOriginals() never replaces a file that is there", async () => {
  await withFolder(async (directory) => {
    await using server = serve(whole(packed));
    for (const bytes of [other, content.subarray(1), new Uint8Array(200_000), packed.subarray(0, 99)]) {
      await Deno.writeFile(`${directory}/images.gz`, bytes);
      await assertRejects(
        () => obtainOriginals({ ...set, mirrors: [server.mirror] }, directory, quiet),
        ChecksumError,
        `Cannot use ${directory}/images.gz: it is not the published images: expected SHA-256 ${file.sha256}`,
      );
      assertEquals(await Deno.readFile(`${directory}/images.gz`), bytes);
    }
    assertEquals(server.requests, []);
  });
});

Deno.test("obtainOriginals() says so if a directory lacks the file or has a wrong one", async () => {
  await withFolder(async (directory) => {
    const target = `${directory}/target`;
    await assertRejects(
      () => obtainOriginals(set, target, { from: directory, ...quiet }),
      DownloadError,
      `Cannot find images.gz or images in ${directory}`,
    );
    await Deno.writeFile(`${directory}/images`, content.toReversed());
    await assertRejects(
      () => obtainOriginals(set, target, { from: directory, ...quiet }),
      ChecksumError,
      `Cannot use ${directory}/images: it is not the published images`,
    );
    assertEquals(names(target), []);
  });
});

const alternative: OriginalFile = {
  name: "b.tgz",
  bytes: other.length,
  sha256: await sha256(other),
  isArchive: true,
};
const archive: OriginalFile = {
  name: "a.tgz",
  bytes: packed.length,
  sha256: await sha256(packed),
  isArchive: true,
  alternative,
};
const archives: Originals = { ...set, files: [archive] };

Deno.test("obtainOriginals() keeps archives as they are published, and takes one or the other", async () => {
  for (const [name, bytes] of [["a.tgz", packed], ["b.tgz", other]] as const) {
    await withFolder(async (directory) => {
      await Deno.mkdir(`${directory}/from`);
      await Deno.writeFile(`${directory}/from/${name}`, bytes);
      await obtainOriginals(archives, directory, { from: `${directory}/from`, ...quiet });
      assertEquals(await Deno.readFile(`${directory}/${name}`), bytes);
      await using server = serve(notFound);
      const lines: string[] = [], report = (line: string) => lines.push(line);
      await obtainOriginals({ ...archives, mirrors: [server.mirror] }, directory, { report });
      assertEquals(lines, [`${directory}/${name} is there already`]);
      assertEquals(server.requests, []);
      await using mirror = serve((request) =>
        request.path.endsWith(name) ? whole(bytes)(request) : notFound(request)
      );
      const downloaded = `${directory}/downloaded`, onFailure = () => {};
      await obtainOriginals({ ...archives, mirrors: [mirror.mirror] }, downloaded, { ...quiet, onFailure });
      assertEquals(names(downloaded), [name]);
    });
  }
});

Deno.test("obtainOriginals() refuses another archive, though it unpacks to the same", async () => {
  await withFolder(async (directory) => {
    const again = Uint8Array.from([...packed, 0]);
    await Deno.writeFile(
      `${directory}/a.tgz`,
      again.subarray(0, -1).map((byte, i) => i === 8 ? byte ^ 1 : byte),
    );
    await assertRejects(
      () => obtainOriginals(archives, directory, quiet),
      ChecksumError,
      "it is not the published a.tgz",
    );
    await Deno.writeFile(`${directory}/a.tgz`, again);
    await assertRejects(
      () => obtainOriginals(archives, directory, quiet),
      ChecksumError,
      `it has ${again.length} bytes`,
    );
    await Deno.remove(`${directory}/a.tgz`);
    await assertRejects(
      () => obtainOriginals(archives, directory, { from: directory, ...quiet }),
      DownloadError,
      `Cannot find a.tgz or b.tgz in ${directory}`,
    );
  });
});

Deno.test("download's main() refuses unknown data sets and missing flags", async () => {
  await assertRejects(
    () => main(["--dataset_name=mnits", "--dataset_dir=d"]),
    UsageError,
    "mnist, fashion_mnist",
  );
  await assertRejects(() => main(["--dataset_name=mnist"]), UsageError, "--dataset_dir");
});

const debian = originals.fashion_mnist.systemFolders[0];
const isInstalled = await Deno.stat(debian).then(() => true, () => false);

Deno.test({
  name: "download's main() finds Debian's dataset-fashion-mnist by itself",
  ignore: !isInstalled,
  fn: () =>
    withFolder(async (directory) => {
      assertEquals(await main(["--dataset_name=fashion_mnist", `--dataset_dir=${directory}`]), 0);
      assertEquals(names(directory), originals.fashion_mnist.files.map(({ name }) => `${name}.gz`).sort());
    }),
});

Deno.test({
  name: "download_and_convert_data's main() does both, and nothing twice",
  ignore: !isInstalled,
  fn: () =>
    withFolder(async (directory) => {
      // Records that are there are kept, so that 70,000 pictures need not be converted here.
      const args = ["--dataset_name=fashion_mnist", `--dataset_dir=${directory}`, `--from=${debian}`];
      for (const split of ["train", "test"]) {
        await Deno.writeFile(`${directory}/mnist_${split}.tfrecord`, new Uint8Array());
      }
      assertEquals(await downloadAndConvert(args), 0);
      assertEquals(
        names(directory),
        [
          "labels.txt",
          "mnist_test.tfrecord",
          "mnist_train.tfrecord",
          ...originals.fashion_mnist.files.map(({ name }) => `${name}.gz`),
        ].sort(),
      );
      await assertRejects(
        () => downloadAndConvert(["--dataset_dir=d"]),
        UsageError,
        "--dataset_name",
      );
    }),
});
