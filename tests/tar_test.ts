// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { readUnpacked } from "../formats/byte_stream.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { concatenate, concatenateArrays, memoryFiles } from "../formats/files.ts";
import { readTar } from "../formats/tar.ts";
import { extractTar } from "../host/extract_tar.ts";
import { withTarChecksums } from "./_fuzz_targets.ts";
import { mutate, numbers } from "./_mutations.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";

/** Gives bytes in pieces of a size that divides nothing. */
async function* pieces(bytes: Uint8Array, size = 97): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** Every entry: its kind, path and text. */
async function list(archive: Uint8Array, maxBytes = 2 ** 20): Promise<[string, string, string][]> {
  const entries: [string, string, string][] = [];
  for await (const { kind, path, data } of readTar(pieces(archive), { path: "a.tar", maxBytes })) {
    entries.push([kind, path, new TextDecoder().decode(await concatenate(data))]);
  }
  return entries;
}

Deno.test("readTar() gives files, folders, links and devices of every kind of header", async () => {
  const long = `deep/${"x".repeat(120)}.jpg`;
  const pax = (fields: string) => tarEntry("PaxHeaders/x", fields, { type: "x" });
  const field = (text: string) => `${new TextEncoder().encode(text).length + 4} ${text}\n`; // of two digits
  const archive = tar(
    tarEntry("./a/", "", { type: "5" }),
    tarEntry("old-folder/", ""),
    tarEntry("./a/one.txt", "one"),
    tarEntry("empty", "", { type: "\0" }),
    tarEntry("b.jpg", "x".repeat(512), { prefix: "some/folders" }),
    tarEntry("././@LongLink", `${long}\0`, { type: "L" }),
    tarEntry("cut name", "long"),
    pax(field("path=ключ/é") + field("mtime=1234.567")),
    tarEntry("ascii", "pax"),
    pax(field("size=03")),
    tarEntry("three", "abc", { size: new Uint8Array(12) }),
    tarEntry("big", "base 256", { size: Uint8Array.of(0x80, ...new Array(10).fill(0), 8) }),
    tarEntry("link", "", { type: "2" }),
    tarEntry("hard", "", { type: "1" }),
    tarEntry("tty", "", { type: "3" }),
    tarEntry("pipe", "", { type: "6" }),
    tarEntry("pax_global_header", "52 comment=0000000000000000000000000000000000000000\n", { type: "g" }),
    tarEntry("last//file", "last"),
  );
  assertEquals(await list(archive), [
    ["folder", "a", ""],
    ["folder", "old-folder", ""],
    ["file", "a/one.txt", "one"],
    ["file", "empty", ""],
    ["file", "some/folders/b.jpg", "x".repeat(512)],
    ["file", long, "long"],
    ["file", "ключ/é", "pax"],
    ["file", "three", "abc"],
    ["file", "big", "base 256"],
    ["link", "link", ""],
    ["link", "hard", ""],
    ["device", "tty", ""],
    ["device", "pipe", ""],
    ["other", "pax_global_header", "52 comment=0000000000000000000000000000000000000000\n"],
    ["file", "last/file", "last"],
  ]);
});

Deno.test("readTar() passes over data that nobody reads", async () => {
  const archive = tar(tarEntry("a", "x".repeat(5000)), tarEntry("b", "beta"));
  const seen: string[] = [];
  for await (const { path, data } of readTar(pieces(archive), { path: "a.tar", maxBytes: 10_000 })) {
    seen.push(path);
    for await (const _ of data) break;
  }
  assertEquals(seen, ["a", "b"]);
});

Deno.test("readTar() refuses entries that lead outside", async () => {
  for (const path of ["../x", "/etc/passwd", "a/../../x", "..", "C:/x", "a\\..\\x", "c:x", "file:///x"]) {
    await assertRejects(
      () => list(tar(tarEntry("good", "g"), tarEntry(path, "x"))),
      RangeError,
      `Cannot unpack "a.tar": its entry "${path}" leads outside of the folder it belongs to`,
    );
  }
  const renamed = tar(tarEntry("x", "16 path=/etc/xy\n", { type: "x" }), tarEntry("innocent", "x"));
  await assertRejects(() => list(renamed), RangeError, "/etc/xy");
});

Deno.test("readTar() says where an archive is damaged or cut", async () => {
  const archive = tar(
    tarEntry("a", "alpha"),
    tarEntry("b", "x".repeat(600)),
    tarEntry("n", "y", { type: "L" }),
  );
  for (const at of [0, 1, 124, 150, 1024, 1025, 1024 + 124]) {
    const damaged = archive.slice();
    damaged[at] ^= 1;
    await assertRejects(() => list(damaged), DataLossError, `the header at byte ${at < 1024 ? 0 : 1024} `);
  }
  for (let length = 0; length < archive.length - 512; length += 61) { // one block of zeros is enough of an end
    await assertRejects(() => list(archive.subarray(0, length)), DataLossError, "or the archive is cut");
  }
  for (const fields of ["8 path=x\n", "999999999 path=x\n", "nothing", "10 size=x\n", "11 size=-1\n"]) {
    await assertRejects(
      () => list(tar(tarEntry("p", fields, { type: "x" }), tarEntry("a", "a"))),
      DataLossError,
    );
  }
});

Deno.test("readTar() keeps to its limit, whatever a header says", async () => {
  const huge = tarEntry("huge", "", { size: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0) });
  await assertRejects(() => list(tar(huge)), RangeError, "it becomes more than 1048576 bytes");
  const endless = tarEntry("huge", "", { size: new Uint8Array(12).fill(0xff) });
  await assertRejects(() => list(tar(endless)), DataLossError);
  const longName = tarEntry("l", new Uint8Array(2 ** 17).fill(65), { type: "L" });
  await assertRejects(() => list(tar(longName)), DataLossError);
});

Deno.test("readUnpacked() unpacks gzip and leaves the rest as it is, and finds damage", async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 5);
  const packed = await gzip(bytes);
  const broken = packed.slice();
  broken[broken.length - 6] ^= 1;
  const files = memoryFiles({
    plain: bytes,
    packed,
    broken,
    cut: packed.subarray(0, -20),
    empty: new Uint8Array(),
  });
  const read = (path: string) => concatenate(readUnpacked(files, path));
  assertEquals(await read("plain"), bytes);
  assertEquals(await read("packed"), bytes);
  assertEquals(await read("empty"), new Uint8Array());
  await assertRejects(
    () => read("broken"),
    DataLossError,
    'Cannot unpack "broken": its gzip data are damaged',
  );
  await assertRejects(() => read("cut"), DataLossError);
  await assertRejects(() => read("missing"), NotFoundError);
});

/** Runs with an archive in a new folder. */
async function withArchive(archive: Uint8Array, run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/a.tgz`, archive);
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("extractTar() writes the files of one folder, and neither links nor devices", async () => {
  const archive = tar(
    tarEntry("photos/", "", { type: "5" }),
    tarEntry("photos/rosé/a b.jpg", "one"),
    tarEntry("photos/rosé/link", "", { type: "2" }),
    tarEntry("photos/rosé/link/through.jpg", "a file all the same"),
    tarEntry("photos/null", "", { type: "3" }),
    tarEntry("photos/rosé/a b.jpg", "two: the later one counts"),
    tarEntry("elsewhere/x.jpg", "x"),
  );
  await withArchive(await gzip(archive), async (folder) => {
    const result = await extractTar(`${folder}/a.tgz`, `${folder}/photos`, {
      maxBytes: 1e6,
      folder: "photos",
    });
    assertEquals(result, { files: 3, passedOver: ["photos/rosé/link (link)", "photos/null (device)"] });
    assertEquals(names(folder), ["a.tgz", "photos"]);
    assertEquals(names(`${folder}/photos`), ["rosé"]);
    assertEquals(Deno.readTextFileSync(`${folder}/photos/rosé/a b.jpg`), "two: the later one counts");
    assert(Deno.lstatSync(`${folder}/photos/rosé/link`).isDirectory);
  });
});

Deno.test("extractTar() leaves nothing behind when an archive is bad", async () => {
  const good = tarEntry("photos/a.jpg", "alpha");
  const bombed = tar(tarEntry("photos/zeros", new Uint8Array(3e6)));
  const cases: [string, Uint8Array, new (...args: never[]) => Error][] = [
    ["outside", await gzip(tar(good, tarEntry("photos/../../x.jpg", "x"))), RangeError],
    ["absolute", await gzip(tar(good, tarEntry("/tmp/x.jpg", "x"))), RangeError],
    [
      "cut",
      (await gzip(tar(good, tarEntry("photos/b", crypto.getRandomValues(new Uint8Array(5000)))))).subarray(
        0,
        -900,
      ),
      DataLossError,
    ],
    ["bomb", await gzip(bombed), RangeError],
    ["no such folder", await gzip(tar(tarEntry("a", "a"))), RangeError],
    ["no archive", concatenateArrays([new Uint8Array(512).fill(1)]), DataLossError],
  ];
  for (const [what, archive, errorClass] of cases) {
    await withArchive(archive, async (folder) => {
      await Deno.mkdir(`${folder}/in`);
      const extract = () =>
        extractTar(`${folder}/a.tgz`, `${folder}/in/photos`, { maxBytes: 1e6, folder: "photos" });
      await assertRejects(extract, errorClass as new () => Error, "Cannot", what);
      assertEquals(names(folder), ["a.tgz", "in"], what);
      assertEquals(names(`${folder}/in`), [], what);
    });
  }
});

Deno.test("extractTar() writes nothing outside of its folder, however an archive is damaged", async () => {
  const archive = tar(
    tarEntry("photos/a.jpg", "alpha"),
    tarEntry("photos/deep/b.jpg", "beta", { prefix: "photos/.." }),
    tarEntry("photos/link", "", { type: "2" }),
    tarEntry("photos/link/c.jpg", "gamma"),
    tarEntry("l", "photos/../../d.jpg", { type: "L" }),
    tarEntry("photos/d.jpg", "delta"),
  );
  const random = numbers(3);
  let written = 0;
  for (let trial = 0; trial < 100; trial++) {
    const damaged = withTarChecksums(mutate(archive.slice(0, trial % 2 === 0 ? 1024 : undefined), random));
    await withArchive(concatenateArrays([damaged, new Uint8Array(1024)]), async (folder) => {
      await Deno.mkdir(`${folder}/in/it`, { recursive: true });
      const extract = extractTar(`${folder}/a.tgz`, `${folder}/in/it/photos`, {
        maxBytes: 1e5,
        folder: "photos",
      });
      written += await extract.then(({ files }) => files, () => 0);
      assertEquals([names(folder), names(`${folder}/in`)], [["a.tgz", "in"], ["it"]]);
      assert(names(`${folder}/in/it`).every((name) => name === "photos"), String(names(`${folder}/in/it`)));
    });
  }
  assert(written > 10, `${written} files were written`);
});
