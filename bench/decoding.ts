/**
 * Times decoding of JPEG: our decoder beside those from npm, and our reader with its workers beside TensorFlow's tf.data.
 *
 * Usage: deno task bench_decoding --python=PYTHON, one that has tensorflow; see --help.
 *
 * @module
 */
import { cpus } from "node:os";
import type { Dataset } from "../datasets/dataset.ts";
import { DecodePool } from "../datasets/decode_pool.ts";
import { trainingOrder } from "../datasets/order.ts";
import { decodeRecord } from "../datasets/picture_record.ts";
import { BatchReader } from "../datasets/reader.ts";
import { decodeJpeg } from "../formats/jpeg.ts";
import type { Box } from "../formats/pixels.ts";
import { defineFlags, runTool, UsageError } from "../tools/_flags.ts";
import { type Decode, type Decoder, decoders } from "./decoders.ts";
import packages from "./decoding.json" with { type: "json" };
import { markdown, median } from "./report.ts";
import { TfData } from "./tf_data.ts";

const flags = defineFlags(
  "Times decoding of photo-like JPEGs of 500 x 375 pixels, quality 90, colours halved (4:2:0).",
  {
    python: { type: "path", help: "A Python that has tensorflow; without it WGSLIM_PYTHON" },
    rounds: { type: "int", default: 5, min: 1, help: "Alternating rounds; the tables give their medians" },
    write: { type: "boolean", help: "Write the tables to bench/DECODING.md" },
  },
);

/** Milliseconds that a way is timed in a round. */
const ROUND_MS = 2000;
const BATCH = 32;

/** The pictures of the bench, and what TensorFlow says of them. */
interface Material {
  readonly files: readonly Uint8Array[];
  readonly boxes: readonly Box[];
  /** TensorFlow's pixels of the first files. */
  readonly pixels: readonly Uint8Array[];
}

async function readMaterial(folder: string): Promise<Material> {
  const boxes: number[][] = JSON.parse(await Deno.readTextFile(`${folder}/boxes.json`));
  const read = (kind: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => Deno.readFile(`${folder}/${i}.${kind}`)));
  const references =
    (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => name.endsWith(".rgb")).length;
  return {
    files: await read("jpg", boxes.length),
    boxes: boxes.map(([y, x, height, width]) => ({ x, y, width, height })),
    pixels: await read("rgb", references),
  };
}

/** Largest and mean difference of a decoder's pixels from TensorFlow's. */
function distance(decode: Decode, { files, pixels }: Material): { max: number; mean: number } {
  let max = 0, sum = 0, count = 0;
  for (const [i, expected] of pixels.entries()) {
    const decoded = decode(files[i]), channels = decoded.length / (expected.length / 3);
    for (let k = 0; k < expected.length; k++, count++) {
      const difference = Math.abs(decoded[Math.floor(k / 3) * channels + k % 3] - expected[k]);
      max = Math.max(max, difference);
      sum += difference;
    }
  }
  return { max, mean: sum / count };
}

/** Milliseconds a picture on this thread. */
function timeDecoder(decode: Decode, { files }: Material): number {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < ROUND_MS; count++) decode(files[count % files.length]);
  return (performance.now() - start) / count;
}

/** What a reader is asked for: the box that Inception's training would cut, a box of 224 x 224, everything. */
const parts: Readonly<Record<string, (material: Material, i: number) => Box | undefined>> = {
  "Inception's crops": ({ boxes }, i) => boxes[i % boxes.length],
  "crops of 224 x 224": (_, i) => ({ x: 7 * i % 277, y: 5 * i % 152, width: 224, height: 224 }),
  "whole pictures": () => undefined,
};

/** Images a second that a reader with workers gives. */
async function timeReader(
  pool: DecodePool,
  material: Material,
  part: (i: number) => Box | undefined,
): Promise<number> {
  const { files } = material, size = files.length;
  const dataset: Dataset = {
    name: "bench",
    splitName: "train",
    files: [],
    numSamples: size,
    numClasses: 1,
    labelsToNames: new Map(),
    channels: 3,
    itemsToDescriptions: {},
    source: {
      size,
      get: (i, choosePart) =>
        decodeRecord({ encoded: files[i], label: 0 }, 3, { decoder: pool.decode }, choosePart),
      describe: String,
    },
  };
  const everything = part(0) === undefined;
  await using reader = new BatchReader(dataset, trainingOrder(size, { batchSize: BATCH }), {
    choosePart: everything ? undefined : (_, batch, place) => part(batch * BATCH + place)!,
  });
  for (let i = 0; i < 5; i++) await reader.next(); // workers start, the queue fills
  const start = performance.now();
  let images = 0;
  while (performance.now() - start < ROUND_MS) images += (await reader.next())!.count;
  return 1000 * images / (performance.now() - start);
}

async function decoderTable(material: Material, rounds: number): Promise<string> {
  const loaded: [Decoder, Decode, number[]][] = [];
  for (const decoder of decoders) loaded.push([decoder, await decoder.load(), []]);
  for (let round = 0; round < rounds; round++) {
    for (const [, decode, times] of loaded) times.push(timeDecoder(decode, material));
  }
  const rows = loaded.map(([{ name, about, licence }, decode, times]) => {
    const { max, mean } = distance(decode, material);
    return [name, about, licence, median(times).toFixed(2), String(max), mean.toFixed(3)];
  });
  return markdown(
    ["decoder", "what", "licence", "ms a picture", "largest difference", "mean difference"],
    rows,
  );
}

async function readerTable(tf: TfData, material: Material, rounds: number): Promise<string> {
  using pool = new DecodePool();
  const speeds = new Map<string, number[]>();
  let bytes = 0;
  const add = (name: string, speed: number) => speeds.set(name, [...speeds.get(name) ?? [], speed]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, speed] of Object.entries(await tf.round())) add(name, speed);
    for (const [name, part] of Object.entries(parts)) {
      const speed = await timeReader(pool, material, (i) => part(material, i));
      add(`ours, ${pool.workers} workers: ${name}`, speed);
      bytes = Math.max(bytes, Deno.memoryUsage().external);
    }
  }
  const table = markdown(
    ["reader", "images/s", "least", "most"],
    [...speeds].map(([name, all]) => [
      name,
      ...[median(all), Math.min(...all), Math.max(...all)].map((speed) => String(Math.round(speed))),
    ]),
  );
  const mebibytes = Math.round(bytes / 2 ** 20);
  return `${table}\n\nThe arrays of our main thread, the queue of 4 batches included, took ${mebibytes} MiB at most.`;
}

/** Prints the tables; 1 if our pixels are not TensorFlow's. */
export async function main(args: string[]): Promise<number> {
  const { python = Deno.env.get("WGSLIM_PYTHON"), rounds, write } = flags.parse(args);
  if (!python) throw new UsageError("--python is required: a Python that has tensorflow");
  const folder = await Deno.makeTempDir();
  try {
    await using tf = await TfData.start(python, folder);
    const material = await readMaterial(folder);
    const bytes = material.files.reduce((sum, { length }) => sum + length, 0) / material.files.length;
    const text = [
      "# Decoding of JPEG",
      "Written by `deno task bench_decoding --write`.",
      [
        `- Date: ${new Date().toISOString().slice(0, 10)}`,
        `- Machine: ${cpus().length} cores of ${
          cpus()[0].model
        }; Deno ${Deno.version.deno}; TensorFlow ${tf.version}`,
        `- Pictures: ${material.files.length} of 500 x 375 pixels, quality 90, 4:2:0, ${
          Math.round(bytes / 1000)
        } kB on average`,
        `- Packages: ${
          Object.values(packages.imports).map((address) => address.replace("npm:", "")).join(", ")
        }`,
        `- Medians of ${rounds} alternating rounds`,
      ].join("\n"),
      "## One thread, whole pictures",
      "Differences are from the pixels of TensorFlow's `decode_jpeg`, in levels.",
      await decoderTable(material, rounds),
      "## Readers",
      "tf.data decodes, crops and resizes to 224 x 224 with one thread: `whole` by `decode_jpeg` as TF-Slim does, `part` by\n" +
      "`decode_and_crop_jpeg`, both with Inception's crops. Ours gives batches of 32 as training gets them; resizing is the\n" +
      "device's work.",
      await readerTable(tf, material, rounds),
    ].join("\n\n") + "\n";
    console.log(text);
    if (write) await Deno.writeTextFile(new URL("DECODING.md", import.meta.url), text);
    return distance((file) => decodeJpeg(file, { channels: 3 }).data, material).max === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runTool(main);
