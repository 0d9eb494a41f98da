/** Compares decoding of JPEG and PNG files, and encoding of JPEG, with TensorFlow's `decode_jpeg`, `decode_png` and `encode_*`. */

import { reasonOf } from "../../formats/errors.ts";
import { decodeJpeg } from "../../formats/jpeg.ts";
import { encodeJpeg } from "../../formats/jpeg_encode.ts";
import { decodePng, encodePng, type Picture } from "../../formats/png.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, toHex, unknownCase } from "./report.ts";

/** How TensorFlow decoded a file in one way. */
interface Decode {
  shape?: number[];
  sum?: number;
  /** The pixels, as PNG. */
  file?: string;
  error?: string;
  vs_default_channels3?: { max: number; mean: number };
}

/** Channels of the ways to decode that are ours; the other ways are looked at for their distance from these. */
const channelsOf: Readonly<Record<string, number>> = {
  default: 0,
  default_channels3: 3,
  fast: 3,
  channels1: 1,
};
/** libjpeg's accurate cosine transform, which TensorFlow does not use by default. */
const otherWays = ["accurate", "accurate_no_fancy_upscaling"];

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const { files, broken, encoders } = await readJson(`${directory}/jpeg.json`);
  for (const [name, { decodes }] of Object.entries<{ decodes: Record<string, Decode> }>(files)) {
    yield { name: `files/${name}`, run: () => checkFile(directory, name, decodes) };
  }
  for (const [name, { decode_jpeg }] of Object.entries<{ decode_jpeg: Decode | string }>(broken)) {
    yield { name: `broken/${name}`, run: () => checkBroken(`${directory}/bad_${name}.jpg`, decode_jpeg) };
  }
  for (const [name, about] of Object.entries<EncodedFile>(encoders)) {
    yield { name: `encoders/${name}`, run: () => checkEncoder(directory, name, about) };
  }
  const pngs = await readJson(`${directory}/png.json`);
  for (const [name, decodes] of Object.entries<Record<string, PngDecode>>(pngs)) {
    yield { name: `png/${name}`, run: () => checkPng(directory, name, decodes) };
  }
  for (const entry of await listDirectory(directory)) {
    const isKnown = entry in files || entry in pngs || /^(bad_|encoded_by_tf_)/.test(entry) ||
      ["README.md", "decoded/", "jpeg.json", "png.json"].includes(entry);
    if (!isKnown) yield unknownCase(entry, `"${entry}"`);
  }
}

const read = (directory: string, name: string) => Deno.readFile(`${directory}/${name}`);

async function checkFile(
  directory: string,
  name: string,
  decodes: Record<string, Decode>,
): Promise<ExactChecks> {
  const checks = new ExactChecks(), bytes = await read(directory, name);
  for (const [way, about] of Object.entries(decodes)) {
    if (way in channelsOf) await checkDecode(checks, directory, bytes, way, about);
    else if (otherWays.includes(way)) await checkDistance(checks, directory, bytes, way, about);
    else checks.check(false, `the way "${way}" to decode is unknown to this runner`);
  }
  return checks;
}

async function checkDecode(
  checks: ExactChecks,
  directory: string,
  bytes: Uint8Array,
  way: string,
  { shape, sum, file, error }: Decode,
): Promise<void> {
  const channels = channelsOf[way];
  if (error !== undefined) {
    checks.check(
      failureOf(bytes, channels) !== undefined,
      `${way}: it was decoded, where TensorFlow says ${error}`,
    );
    return;
  }
  const picture = decodeJpeg(bytes, { channels });
  checkPicture(checks, way, picture, shape!, sum!);
  if (file) {
    checks.equal(picture.data, decodePng(await read(directory, file), { channels }).data, `pixels of ${way}`);
  }
  checkBoxes(checks, bytes, channels, picture);
}

function checkPicture(
  checks: ExactChecks,
  what: string,
  picture: Picture,
  shape: number[],
  sum: number,
): void {
  checks.equal([picture.height, picture.width, picture.channels], shape, `shape of ${what}`);
  checks.equal(picture.data.reduce((total, value) => total + value, 0), sum, `sum of ${what}`);
}

/** Boxes of a picture, decoded alone, are what the whole has there. */
function checkBoxes(checks: ExactChecks, bytes: Uint8Array, channels: number, whole: Picture): void {
  const { width, height } = whole, halves = [Math.ceil(width / 2), Math.ceil(height / 2)];
  for (const [x, y] of [[0, 0], [width >> 1, height >> 1], [width >> 2, height >> 2]]) {
    const box = { x, y, width: Math.min(halves[0], width - x), height: Math.min(halves[1], height - y) };
    const part = decodeJpeg(bytes, { channels, box }), size = box.width * whole.channels;
    const same = Array.from({ length: box.height }, (_, row) => row).every((row) => {
      const from = ((y + row) * width + x) * whole.channels;
      return whole.data.subarray(from, from + size).every((value, i) => value === part.data[row * size + i]);
    });
    checks.check(same, `the box of ${box.width} x ${box.height} at ${x}, ${y} differs from the whole`);
  }
}

/** Our pixels lie as far from those of another way as TensorFlow's own do. */
async function checkDistance(
  checks: ExactChecks,
  directory: string,
  bytes: Uint8Array,
  way: string,
  { file, vs_default_channels3: stated }: Decode,
): Promise<void> {
  if (!file || !stated) return;
  const { data } = decodeJpeg(bytes, { channels: 3 }),
    other = decodePng(await read(directory, file), { channels: 3 });
  const distances = Array.from(data, (value, i) => Math.abs(value - other.data[i]));
  checks.equal(distances.reduce((a, b) => Math.max(a, b), 0), stated.max, `largest distance from ${way}`);
  const mean = distances.reduce((a, b) => a + b, 0) / distances.length;
  checks.check(
    Math.abs(mean - stated.mean) < 1e-9,
    `mean distance from ${way}: ${mean} instead of ${stated.mean}`,
  );
}

/** Why a file cannot be decoded; `undefined` if it can be. */
function failureOf(bytes: Uint8Array, channels = 0): string | undefined {
  try {
    decodeJpeg(bytes, { channels });
    return undefined;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

async function checkBroken(path: string, expected: Decode | string): Promise<ExactChecks> {
  const checks = new ExactChecks(), bytes = await Deno.readFile(path);
  if (typeof expected === "string") {
    const failure = failureOf(bytes);
    checks.check(
      failure?.startsWith("Cannot decode a JPEG") ?? false,
      `${failure}, where TensorFlow says ${expected}`,
    );
  } else {
    checkPicture(checks, "decode_jpeg", decodeJpeg(bytes), expected.shape!, expected.sum!);
  }
  return checks;
}

interface EncodedFile {
  bytes: number;
  head_hex?: string;
  header_hex?: string;
}

/** What precedes a PNG's pixels: signature and header. */
const PNG_HEAD = 33;

async function checkEncoder(directory: string, name: string, about: EncodedFile): Promise<ExactChecks> {
  const checks = new ExactChecks(), picture = decodePng(await read(directory, "rgb.png"), { channels: 3 });
  if (name === "encode_png") { // compressors differ
    const png = encodePng(picture), head = about.header_hex!.slice(0, 2 * PNG_HEAD);
    checks.equal(toHex(png.subarray(0, PNG_HEAD)), head, "header");
    checks.equal(decodePng(png).data, picture.data, "pixels written and read again");
    return checks;
  }
  const file = name.replace("encode_jpeg", "encoded_by_tf"), theirs = await read(directory, `${file}.jpg`);
  checks.equal(theirs.length, about.bytes, "length of TensorFlow's file");
  checks.check(toHex(theirs).startsWith(about.head_hex!), "the file's head is another");
  const decoded = await read(directory, `decoded/${file}.jpg.default_channels3.png`);
  checks.equal(decodeJpeg(theirs, { channels: 3 }).data, decodePng(decoded, { channels: 3 }).data, "pixels");
  if (name.endsWith("_q100")) checks.equal(encodeJpeg(picture), theirs, "bytes written"); // the one quality that is written
  return checks;
}

interface PngDecode {
  shape: number[];
  sum?: number;
  first12?: number[];
  values?: number[] | null;
}

async function checkPng(
  directory: string,
  name: string,
  decodes: Record<string, PngDecode>,
): Promise<ExactChecks> {
  const checks = new ExactChecks(), bytes = await read(directory, name);
  for (const [way, { shape, sum, first12, values }] of Object.entries(decodes)) {
    const channels = Number(/^channels([0-4])$/.exec(way)?.[1] ?? 0);
    const picture = way === "uint16" ? decodePng(bytes, { depth: 16 }) : decodePng(bytes, { channels });
    const { height, width, data } = picture;
    checks.equal([height, width, picture.channels], shape, `shape of ${way}`);
    if (sum !== undefined) {
      checks.equal([...data].reduce((total, value) => total + value, 0), sum, `sum of ${way}`);
    }
    if (first12) checks.equal(data.subarray(0, 12), first12, `first values of ${way}`);
    if (values) checks.equal(data, values, `values of ${way}`);
  }
  const stored = await read(directory, `decoded/${name}.channels3.npy`).catch(() => undefined);
  if (stored) {
    checks.equal(decodePng(bytes, { channels: 3 }).data, contentOfNpy(stored), "all values of channels3");
  }
  return checks;
}

/** The bytes of an array that NumPy saved, behind the header whose length its bytes 8 and 9 hold. */
function contentOfNpy(file: Uint8Array): Uint8Array {
  return file.subarray(10 + (file[8] | (file[9] << 8)));
}
