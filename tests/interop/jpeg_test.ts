/** Damaged and unusual JPEGs, decoded by TensorFlow and by us: the same ones can be decoded, to the same pixels. */
// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { crc32 } from "../../formats/crc32.ts";
import { decodeJpeg } from "../../formats/jpeg.ts";
import { mutate, numbers } from "../_mutations.ts";
import { withFolder } from "../_tools.ts";
import { runPython } from "./_tensorflow.ts";

type Decoded = [height: number, width: number, crc: number] | null;

function decode(file: Uint8Array): Decoded {
  try {
    const { height, width, data } = decodeJpeg(file, { channels: 3 });
    return [height, width, crc32(data)];
  } catch {
    return null;
  }
}

const read = (name: string) => Deno.readFileSync(new URL(`../fixtures/jpeg/${name}`, import.meta.url));
const names = [...Deno.readDirSync(new URL("../fixtures/jpeg", import.meta.url))].map(({ name }) => name)
  .filter((name) => name.endsWith(".jpg") && !name.startsWith("bad_")).sort();

async function compare(files: readonly Uint8Array[]): Promise<{ ours: Decoded[]; theirs: Decoded[] }> {
  let theirs: Decoded[] = [];
  await withFolder(async (folder) => {
    for (const [i, file] of files.entries()) await Deno.writeFile(`${folder}/${i}.jpg`, file);
    theirs = JSON.parse(await runPython("jpeg_interop.py", folder, String(files.length)));
  });
  return { ours: files.map(decode), theirs };
}

Deno.test("damaged JPEGs give TensorFlow's pixels, or an error where TensorFlow has one", async () => {
  const random = numbers(2026);
  // Of a progressive file that lost scans libjpeg smooths what is left, which we do not.
  const sources = names.filter((name) => !name.includes("prog")).map(read);
  const { ours, theirs } = await compare(
    Array.from({ length: 1500 }, (_, i) => mutate(sources[i % sources.length], random)),
  );
  const different = ours.flatMap((one, i) => String(one) === String(theirs[i]) ? [] : i);
  assert(theirs.filter((one) => one !== null).length > 500);
  // Sizes that the file cannot fill, which TensorFlow fills with grey, and markers that no file has.
  assert(different.length <= 3, `${different.length} of 1500 differ: ${different}`);
});

Deno.test("all sampling factors that a file can claim are enlarged as TensorFlow does it", async () => {
  const file = read("base_444_q90.jpg"),
    start = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
  const factors = [0x11, 0x12, 0x21, 0x22, 0x14, 0x41, 0x24, 0x42, 0x31, 0x13];
  const files = factors.flatMap((luma) =>
    factors.flatMap((chroma) => {
      const copy = file.slice();
      copy[start + 11] = luma;
      copy[start + 14] = copy[start + 17] = chroma;
      return [copy];
    })
  );
  const { ours, theirs } = await compare(files);
  assertEquals(ours, theirs);
  assert(theirs.filter((one) => one !== null).length > 30);
});
