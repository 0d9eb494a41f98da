/**
 * The embedded sample: the first 10,000 training and the first 2,000 test images of the real Fashion-MNIST, for a first run
 * without any download.
 *
 * The images of a split are the tiles of one PNG (`sample/train_images.png`), 100 a row, which any viewer shows; the labels
 * are the digits of a text file, laid out alike.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NotFoundError, reasonOf } from "../formats/errors.ts";
import { decodePng } from "../formats/png.ts";
import { checkIndex, type Dataset, type RecordSource } from "./dataset.ts";
import { mnistClassNames, mnistItems } from "./mnist.ts";
import { unknownSplit } from "./record_split.ts";

/** Name of the sample in the factory. */
export const SAMPLE_NAME = "fashion_mnist_sample";

/** Splits of the sample. */
export const sampleSplits: readonly string[] = ["train", "test"];

const SIDE = 28;
const TILES_A_ROW = 100;

/** Where the sample's files are. */
export interface SampleOptions {
  /**
   * Absolute address of the folder with the files; a page that was bundled must give its own.
   *
   * @default {new URL("./sample/", import.meta.url)}
   */
  baseUrl?: string | URL;
}

/**
 * Loads a split of the sample, with `fetch`: from the clone, from the server that `mod.ts` came from, or from the page's.
 *
 * @param splitName `train` or `test`
 * @throws {RangeError} if there is no such split
 * @throws {NotFoundError} if a file cannot be fetched
 */
export async function getSampleSplit(
  splitName: string,
  { baseUrl = new URL("./sample/", import.meta.url) }: SampleOptions = {},
): Promise<Dataset> {
  if (!sampleSplits.includes(splitName)) throw unknownSplit(SAMPLE_NAME, splitName, sampleSplits);
  const folder = String(baseUrl).replace(/\/?$/, "/");
  const [sheet, digits] = await Promise.all([
    fetchBytes(new URL(`${splitName}_images.png`, folder)),
    fetchBytes(new URL(`${splitName}_labels.txt`, folder)),
  ]);
  const labels = Uint8Array.from(new TextDecoder().decode(digits).replaceAll("\n", ""), Number);
  const source = tileSource(decodePng(sheet, { channels: 1 }), labels, splitName);
  return {
    name: SAMPLE_NAME,
    splitName,
    files: [],
    numSamples: source.size,
    numClasses: mnistClassNames.fashion_mnist.length,
    labelsToNames: new Map(mnistClassNames.fashion_mnist.entries()),
    channels: 1,
    itemsToDescriptions: mnistItems.fashion_mnist,
    source,
  };
}

/** Cuts tiles out of a sheet. */
function tileSource(
  sheet: { data: Uint8Array; height: number; width: number },
  labels: Uint8Array,
  splitName: string,
): RecordSource {
  if (sheet.width !== SIDE * TILES_A_ROW || sheet.height * TILES_A_ROW !== labels.length * SIDE) {
    throw new RangeError(
      `Cannot use the sample's ${splitName} split: ${labels.length} labels do not fit a sheet of ` +
        `${sheet.height} x ${sheet.width} pixels; restore datasets/sample from the repository`,
    );
  }
  const source: RecordSource = {
    size: labels.length,
    get(index) {
      checkIndex(source, index);
      const top = Math.floor(index / TILES_A_ROW) * SIDE;
      const left = (index % TILES_A_ROW) * SIDE;
      const data = new Uint8Array(SIDE * SIDE);
      for (let row = 0; row < SIDE; row++) {
        const start = (top + row) * sheet.width + left;
        data.set(sheet.data.subarray(start, start + SIDE), row * SIDE);
      }
      return Promise.resolve({ data, height: SIDE, width: SIDE, channels: 1, label: labels[index] });
    },
    label: (index) => Promise.resolve(labels[index]),
    describe: (index) => `record ${index} of the sample's ${splitName} split`,
  };
  return source;
}

async function fetchBytes(url: URL): Promise<Uint8Array> {
  const failure = (reason: string, cause?: unknown) =>
    new NotFoundError(
      `Cannot load the sample from ${url}: ${reason}; give the address of the folder datasets/sample as baseUrl, ` +
        "or name another data set",
      url.href,
      { cause },
    );
  let response: Response;
  try {
    response = await fetch(url);
  } catch (thrown) {
    throw failure(reasonOf(thrown), thrown);
  }
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  await response.body?.cancel();
  throw failure(`the server answered ${response.status}`);
}
