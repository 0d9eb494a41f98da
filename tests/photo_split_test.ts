/** Who of a folder's photos is in which split, and the table that says so. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Oddity, scanPhotos } from "../datasets/photo_folder.ts";
import { SPLIT_FILE, splitPhotos } from "../datasets/photo_split.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { png } from "./_photos.ts";

const text = (content: string) => new TextEncoder().encode(content);
const messages = (oddities: readonly Oddity[]) => oddities.map(({ file, what }) => `${file}: ${what}`);

/** The photos of a folder by split. */
async function splitsOf(files: Files, folder = "d") {
  const photos = await scanPhotos(files, folder), { splits, oddities } = await splitPhotos(files, photos);
  const of = (name: string) => photos.photos.filter((_, i) => splits[i] === name).map(({ file }) => file);
  return { train: of("train"), validation: of("validation"), none: of(""), oddities: messages(oddities) };
}

/** Photos `d/CLASS/NUMBER.png`. */
function numbered(counts: Record<string, number>): Files {
  const photo = png(0, 2);
  return memoryFiles(Object.fromEntries(
    Object.entries(counts).flatMap(([name, count]) =>
      Array.from({ length: count }, (_, i) => [`d/${name}/${i}.png`, photo])
    ),
  ));
}

Deno.test("splitPhotos() keeps a tenth of each class for validation, always the same one, and writes it down", async () => {
  const files = numbered({ a: 30, b: 4, c: 1 });
  const first = await splitsOf(files);
  assertEquals(first.validation.map((file) => file[0]), ["a", "a", "a", "b"]);
  assertEquals(first.train.length + first.validation.length, 35);
  const table = new TextDecoder().decode(await files.read(`d/${SPLIT_FILE}`));
  assertEquals(table.split("\n").length, 37);
  assert(table.startsWith("file,split\na/0.png,train\n"), table);
  assertEquals(await splitsOf(numbered({ a: 30, b: 4, c: 1 })), first, "the same in another place");
  assertEquals(await splitsOf(files), first, "the same again");
});

Deno.test("splitPhotos() takes what people wrote, and adds what is new", async () => {
  const files = numbered({ a: 3 });
  await files.write(`d/${SPLIT_FILE}`, [
    text('file,split\r\n"a/0.png",validation\r\na/1.png,\r\na/9.png,train\r\n'),
  ]);
  assertEquals(await splitsOf(files), {
    train: ["a/2.png"],
    validation: ["a/0.png"],
    none: ["a/1.png"],
    oddities: [
      `${SPLIT_FILE}: 1 new photos were added to it`,
      `${SPLIT_FILE}: it names 1 photos that are not there or cannot be used`,
    ],
  });
  assertEquals(
    new TextDecoder().decode(await files.read(`d/${SPLIT_FILE}`)),
    "file,split\na/0.png,validation\na/1.png,\na/9.png,train\na/2.png,train\n",
  );
  const bad = {
    "a/0.png,train": "its first line must be",
    "file,split\na": "line 2",
    "file,split\na,b\na,c": "a comes twice",
    "file,split\na,b/c": '"b/c" cannot name a split',
  };
  for (const [content, reason] of Object.entries(bad)) {
    await files.write(`d/${SPLIT_FILE}`, [text(content)]);
    await assertRejects(() => splitsOf(files), SyntaxError, reason);
  }
});

Deno.test("splitPhotos() goes on where nothing can be written", async () => {
  const files = { ...numbered({ a: 30 }), write: () => Promise.reject(new Error("the disk is full")) };
  const { validation, oddities } = await splitsOf(files);
  assertEquals(validation, (await splitsOf(numbered({ a: 30 }))).validation);
  assertEquals(oddities, [`${SPLIT_FILE}: not written, so it is decided anew each time: the disk is full`]);
});
