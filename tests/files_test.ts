// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NotFoundError } from "../formats/errors.ts";
import { type Files, isTemporaryName, lastingName, memoryFiles, temporaryName } from "../formats/files.ts";
import { denoFiles } from "../host/files.ts";

/** Runs a test in a fresh folder, once in memory and once on disk. */
function testBoth(name: string, test: (files: Files, folder: string) => Promise<void>): void {
  Deno.test(`memoryFiles() ${name}`, () => test(memoryFiles(), "/folder"));
  Deno.test(`denoFiles ${name}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(denoFiles, folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 7);

testBoth("gives back what was written, whole and in part", async (files, folder) => {
  const path = `${folder}/a/b/file`;
  await files.write(path, [bytes.subarray(0, 10), bytes.subarray(10, 2_000_000), bytes.subarray(2_000_000)]);
  assertEquals(await files.size(path), bytes.length);
  assertEquals(await files.read(path), bytes);
  assertEquals(await files.readRange(path, 5, 10), bytes.slice(5, 15));
  assertEquals(await files.readRange(path, bytes.length - 5, 10), bytes.slice(-5));
  assertEquals(await files.readRange(path, bytes.length + 5, 10), new Uint8Array());
  assertEquals(await files.list(folder), ["a"]);
  assertEquals(await files.list(`${folder}/a/b`), ["file"]);
});

testBoth("tells files from folders", async (files, folder) => {
  await files.write(`${folder}/b/file`, [bytes]);
  await files.write(`${folder}/a`, [bytes]);
  const expected = [{ name: "a", kind: "file" }, { name: "b", kind: "folder" }] as const;
  assertEquals(await files.entries(folder), [...expected]);
  assertEquals(await files.entries(`${folder}/`), [...expected]);
  assertEquals(await files.entries(`${folder}/missing`), []);
});

Deno.test("denoFiles says where links lead", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/photos/roses`, { recursive: true });
    await Deno.mkdir(`${folder}/photos-too`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const links = {
      above: "..",
      circle: "circle",
      file: "../file",
      folder: "roses",
      here: "../photos",
      neighbour: "../photos-too",
      nowhere: "missing",
      null: "/dev/null",
    };
    for (const [name, to] of Object.entries(links)) await Deno.symlink(to, `${folder}/photos/${name}`);
    const entries = await denoFiles.entries(`${folder}/photos`);
    assertEquals(Object.fromEntries(entries.map(({ name, kind }) => [name, kind])), {
      above: "loop",
      circle: "loop",
      file: "file",
      folder: "folder",
      here: "loop",
      neighbour: "folder",
      nowhere: "broken",
      null: "other",
      roses: "folder",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testBoth("takes chunks that come later", async (files, folder) => {
  async function* later() {
    for (const byte of [1, 2, 3]) {
      await Promise.resolve();
      yield new Uint8Array([byte]);
    }
  }
  await files.write(`${folder}/x`, later());
  assertEquals(await files.read(`${folder}/x`), new Uint8Array([1, 2, 3]));
});

testBoth("keeps the old file and leaves nothing else if the chunks fail", async (files, folder) => {
  const path = `${folder}/x`;
  await files.write(path, [new Uint8Array([1])]);
  function* failing() {
    yield new Uint8Array(2_000_000);
    throw new Error("no more");
  }
  await assertRejects(() => files.write(path, failing()), Error, "no more");
  assertEquals(await files.read(path), new Uint8Array([1]));
  assertEquals(await files.list(folder), ["x"]);
});

testBoth("appends to a file, and makes what is missing", async (files, folder) => {
  const path = `${folder}/a/b/log`;
  for (const part of [bytes.subarray(0, 3), new Uint8Array(), bytes.subarray(3)]) {
    await files.append(path, part);
  }
  assertEquals(await files.read(path), bytes);
  await files.write(path, [new Uint8Array([1])]);
  await files.append(path, new Uint8Array([2]));
  assertEquals(await files.read(path), new Uint8Array([1, 2]));
});

testBoth("says what is missing", async (files, folder) => {
  assertEquals(await files.size(`${folder}/none`), undefined);
  assertEquals(await files.list(`${folder}/none`), []);
  const message = `Cannot read "${folder}/none": there is no such file`;
  await assertRejects(() => files.read(`${folder}/none`), NotFoundError, message);
  await assertRejects(() => files.readRange(`${folder}/none`, 0, 1), NotFoundError, message);
  await files.remove(`${folder}/none`);
});

testBoth("removes and replaces", async (files, folder) => {
  await files.write(`${folder}/x`, [new Uint8Array([1])]);
  await files.write(`${folder}/x`, [new Uint8Array([2])]);
  assertEquals(await files.read(`${folder}/x`), new Uint8Array([2]));
  await files.remove(`${folder}/x`);
  assertEquals(await files.list(folder), []);
});

testBoth("renames, over a file that is there as well", async (files, folder) => {
  await files.write(`${folder}/new`, [new Uint8Array([2])]);
  await files.write(`${folder}/x`, [new Uint8Array([1])]);
  await files.rename(`${folder}/new`, `${folder}/x`);
  assertEquals(await files.list(folder), ["x"]);
  assertEquals(await files.read(`${folder}/x`), new Uint8Array([2]));
});

testBoth("gives folders no size", async (files, folder) => {
  await files.write(`${folder}/a/x`, [new Uint8Array([1])]);
  assertEquals(await files.size(`${folder}/a`), undefined);
});

Deno.test("denoFiles never shows a half-written file", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/x`;
  async function* slowly() {
    for (let i = 0; i < 3; i++) {
      yield new Uint8Array(2_000_000);
      assertEquals(await denoFiles.size(path), undefined);
      const names = await denoFiles.list(folder);
      assert(names.length === 1 && isTemporaryName(names[0]));
    }
  }
  await denoFiles.write(path, slowly());
  assertEquals(await denoFiles.size(path), 6_000_000);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("denoFiles.write() and .append() say that a folder is in the way", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/x/y`, { recursive: true });
  for (const write of [denoFiles.append, (path: string) => denoFiles.write(path, [bytes])]) {
    const error = await assertRejects(() => write(`${folder}/x`, bytes), Error);
    assert(error.message.startsWith(`Cannot write "${folder}/x": `));
  }
  assertEquals(await denoFiles.list(folder), ["x"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("isTemporaryName() knows names made by temporaryName() and no others", () => {
  assert(isTemporaryName(temporaryName("runs/model.ckpt-1.index")));
  for (const name of ["model.ckpt-1.index", "x.tmp", "x.tmp-1", temporaryName("x") + ".index"]) {
    assertEquals(isTemporaryName(name), false);
  }
});

Deno.test("lastingName() undoes temporaryName(), also twice", () => {
  for (const name of ["x", temporaryName("x"), temporaryName(temporaryName("x"))]) {
    assertEquals(lastingName(name), "x");
  }
});
