/** Readers of data files, each with good files to damage. A reader gives a result or throws a clear error. */

import { readImageExample } from "../datasets/image_example.ts";
import { parseLabels } from "../datasets/labels.ts";
import { scanPhotos } from "../datasets/photo_folder.ts";
import { splitPhotos } from "../datasets/photo_split.ts";
import { readUnpacked } from "../formats/byte_stream.ts";
import { crc32c, maskCrc } from "../formats/crc32c.ts";
import { parseCsv } from "../formats/csv.ts";
import { decodeExample } from "../formats/example.ts";
import { concatenate, concatenateArrays, memoryFiles } from "../formats/files.ts";
import { parseIdxImages, parseIdxLabels } from "../formats/idx.ts";
import { readPickle } from "../formats/pickle.ts";
import { readPictureHeader } from "../formats/picture_header.ts";
import { readTar } from "../formats/tar.ts";
import { decodeTfRecords, encodeTfRecords, indexTfRecords, readTfRecord } from "../formats/tfrecord.ts";
import { flower, png } from "./_photos.ts";
import { array, pickle } from "./_pickles.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";

/** One reader. */
export interface FuzzTarget {
  readonly seeds: readonly Uint8Array[];
  /** Makes checksums right again, so that what lies behind them is reached as well. */
  readonly repair?: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  read(bytes: Uint8Array): unknown;
}

const fixtures = new URL("fixtures/tfrecord", import.meta.url).pathname;
const fixture = (path: string) => Deno.readFileSync(`${fixtures}/${path}`);
const text = (content: string) => new TextEncoder().encode(content);

/** The files of an archive by name. */
async function openArchive(path: string): Promise<Map<string, Uint8Array>> {
  const chunks = readUnpacked(memoryFiles({ a: fixture(path) }), "a"), files = new Map<string, Uint8Array>();
  for await (const { path, data } of readTar(chunks, { path: "a", maxBytes: 1e7 })) {
    files.set(path.replace(/.*\//, ""), await concatenate(data));
  }
  return files;
}

const pickles = await openArchive("cifar10/cifar-10-python.tar.gz");
/** A batch as Python 2 wrote it, of two pictures of three pixels. */
const smallBatch = pickle(
  "\x80\x02}q\x01(U\x04dataq\x02",
  array(2, 3, "abcdef"),
  "U\x06labelsq\x03](K\x06K\x09eu.",
);
const records = [...decodeTfRecords(fixture("mnist/mnist_test.tfrecord"))].slice(0, 8);
const examples = [...decodeTfRecords(fixture("raw/examples.tfrecord"))];
const shard = concatenateArrays([...encodeTfRecords(records.slice(0, 3))]);
const archive = tar(
  tarEntry("photos/", "", { type: "5" }),
  tarEntry("photos/a.jpg", "alpha"),
  tarEntry("pax", "20 path=photos/b.jp\n12 size=004\n", { type: "x" }),
  tarEntry("photos/b.jpg", "beta", { prefix: "deep" }),
  tarEntry("long", "photos/long/link", { type: "L" }),
  tarEntry("photos/link", "", { type: "2" }),
);
const idxImages = Uint8Array.of(
  0,
  0,
  8,
  3,
  0,
  0,
  0,
  3,
  0,
  0,
  0,
  4,
  0,
  0,
  0,
  5,
  ...Array.from({ length: 60 }, (_, i) => i * 4),
);
const idxLabels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5);

/** Writes the right checksums over a record file, as far as its lengths can be followed. */
function withRecordChecksums(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(), view = new DataView(copy.buffer);
  for (let at = 0; at + 16 <= copy.length;) {
    view.setUint32(at + 8, maskCrc(crc32c(copy.subarray(at, at + 8))), true);
    const end = at + 12 + Number(view.getBigUint64(at, true));
    if (!(end + 4 <= copy.length)) break;
    view.setUint32(end, maskCrc(crc32c(copy.subarray(at + 12, end))), true);
    at = end + 4;
  }
  return copy;
}

/** Writes the right checksum into every block that looks like a tar header. */
export function withTarChecksums(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let at = 0; at + 512 <= copy.length; at += 512) {
    const header = copy.subarray(at, at + 512);
    if (String.fromCharCode(...header.subarray(257, 262)) !== "ustar") continue;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(text(sum.toString(8).padStart(6, "0") + "\0"), 148);
  }
  return copy;
}

async function readArchive(bytes: Uint8Array): Promise<void> {
  const files = memoryFiles({ a: bytes });
  for await (const { path, size, data } of readTar(readUnpacked(files, "a"), { path: "a", maxBytes: 1e6 })) {
    if (path.startsWith("/") || path.split("/").includes("..")) throw new TypeError(`${path} leads outside`);
    if ((await concatenate(data)).length > size) throw new TypeError(`${path} has more bytes than it says`);
  }
}

async function readShard(bytes: Uint8Array): Promise<void> {
  const files = memoryFiles({ a: bytes }), entries = await indexTfRecords(files, "a", { blockSize: 64 });
  for (const entry of entries) readImageExample(await readTfRecord(files, "a", entry));
}

const folder = { "d/a/1.png": png(1, 2), "d/a/2.png": png(2, 2), "d/b/3.png": png(3, 2) };
const regzip = async (bytes: Uint8Array) => await gzip(bytes.slice());

/** All readers by name. */
export const fuzzTargets: Readonly<Record<string, FuzzTarget>> = {
  "records, whole": {
    seeds: [shard, fixture("raw/ok_small.tfrecord"), await gzip(shard)],
    repair: withRecordChecksums,
    read: (bytes) => [...decodeTfRecords(bytes, { path: "a", maxBytes: 2 ** 24 })].length,
  },
  "records, by index": { seeds: [shard], repair: withRecordChecksums, read: readShard },
  examples: { seeds: [...examples, records[0]], read: decodeExample },
  "examples of pictures": { seeds: records, read: readImageExample },
  "IDX pictures": { seeds: [idxImages, await gzip(idxImages)], read: (bytes) => parseIdxImages(bytes, "a") },
  "IDX labels": { seeds: [idxLabels], read: (bytes) => parseIdxLabels(bytes, "a") },
  pickles: {
    seeds: [pickles.get("batches.meta")!, smallBatch],
    read: (bytes) => readPickle(bytes, "a"),
  },
  "tar archives": { seeds: [archive], repair: withTarChecksums, read: readArchive },
  "gzipped tar archives": { seeds: [await gzip(archive)], read: readArchive },
  "tar archives, gzipped after the damage": {
    seeds: [archive],
    repair: async (bytes) => await regzip(withTarChecksums(bytes)),
    read: readArchive,
  },
  tables: {
    seeds: [text('file,label\n"a, b.jpg",x\r\nc.jpg,"say ""ah"""\n'), text("a,b,c\n".repeat(9))],
    read: (bytes) => parseCsv(new TextDecoder().decode(bytes), "a"),
  },
  "label files": {
    seeds: [text("0:a\n1:b\n2:c d\n")],
    read: (bytes) => parseLabels(new TextDecoder().decode(bytes), "a"),
  },
  "tables of photos": {
    seeds: [text("file,label\na/1.png,x\nb/3.png,y\n"), text("a/1.png,x,train\na/2.png,y,validation\n")],
    read: (bytes) => scanPhotos(memoryFiles({ ...folder, "d/labels.csv": bytes }), "d"),
  },
  "tables of splits": {
    seeds: [text("file,split\na/1.png,train\nb/3.png,validation\n")],
    read: async (bytes) => {
      const files = memoryFiles({ ...folder, "d/split.csv": bytes });
      return await splitPhotos(files, await scanPhotos(files, "d"));
    },
  },
  "headers of pictures": { seeds: [flower("daisy", 0), flower("roses", 6), png(1)], read: readPictureHeader },
};
