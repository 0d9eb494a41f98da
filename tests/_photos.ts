/** Folders of photos for tests. */

import { encodePng } from "../formats/png.ts";

/** Five classes of twelve small JPEGs of every kind. */
export const flowerPhotos = new URL("fixtures/tfrecord/flowers/flower_photos", import.meta.url).pathname;

/** One of them. */
export function flower(name: "daisy" | "roses" | "tulips", number: number): Uint8Array<ArrayBuffer> {
  const file = `${name}_${String(number).padStart(3, "0")}.jpg`;
  return Deno.readFileSync(`${flowerPhotos}/${name}/${file}`);
}

/** A small picture that depends on a number. */
export function png(number: number, side = 24): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * (number * 37 + 11)) >> 4);
  return encodePng({ data, width: side, height: side, channels: 3 }).slice();
}

/** Writes files, making their folders. */
export function writeFiles(folder: string, contents: Record<string, Uint8Array | string>): void {
  for (const [file, content] of Object.entries(contents)) {
    const path = `${folder}/${file}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
  }
}

/** A folder with everything that people's folders have; `good` of its photos can be used. */
export function writeMessyFolder(folder: string): { good: string[]; oddities: Record<string, string> } {
  const names = ["a b.jpg", "фото.jpg", "写真 1.JPG", "صورة.jpeg", "é+%20.jpg", 'quote".jpg'];
  writeFiles(folder, {
    ...Object.fromEntries(names.map((name, i) => [`розы/${name}`, flower("roses", i)])),
    ...Object.fromEntries([0, 1, 2, 3].map((i) => [`tulips/t${i}.jpg`, flower("tulips", i)])),
    "tulips/png inside.jpg": png(1),
    "tulips/cut.jpg": flower("tulips", 5).subarray(0, 900),
    "tulips/empty.jpg": "",
    "tulips/anim.gif": "GIF89a\x01\x00\x01\x00",
    "tulips/notes.txt": "not a photo",
    "tulips/.DS_Store": "x",
    "tulips/nested/inner.jpg": flower("tulips", 6),
    "no photos here/.keep": "",
    "outside.jpg": flower("daisy", 0),
    "README.md": "my photos",
  });
  Deno.symlinkSync("..", `${folder}/tulips/up`);
  Deno.symlinkSync("itself", `${folder}/tulips/itself`);
  Deno.symlinkSync(".", `${folder}/round`);
  Deno.symlinkSync("nowhere.jpg", `${folder}/tulips/broken.jpg`);
  return {
    good: [
      "tulips/png inside.jpg",
      ...[0, 1, 2, 3].map((i) => `tulips/t${i}.jpg`),
      ...["a b.jpg", 'quote".jpg', "é+%20.jpg", "фото.jpg", "صورة.jpeg", "写真 1.JPG"].map((name) =>
        `розы/${name}`
      ),
    ],
    oddities: {
      "outside.jpg": "left out: a photo outside of the class folders",
      round: "left out: a link that leads in a circle",
      "tulips/broken.jpg": "left out: a link that leads nowhere",
      "tulips/itself": "left out: a link that leads in a circle",
      "tulips/nested": "left out: a folder inside of a class folder",
      "tulips/up": "left out: a link that leads in a circle",
      "tulips/anim.gif": "left out: it is a GIF, but only JPEG and PNG can be read; convert it",
      "tulips/cut.jpg": "left out: ",
      "tulips/empty.jpg": "left out: the file is empty",
      "tulips/notes.txt": "left out: it is neither a JPEG nor a PNG",
      "tulips/png inside.jpg": "a PNG by its content, whatever its name says",
      "no photos here": "a class without any photo that can be used",
    },
  };
}
