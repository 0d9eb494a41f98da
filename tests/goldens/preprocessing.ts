/**
 * Topic `preprocessing`: every array of manifest.json, the pieces of vgg_pieces.json, and the random choices of
 * distorted_bounding_box.json and random_choices.json as distributions.
 */
import { centralCrop } from "../../preprocessing/inception_preprocessing.ts";
import { getPreprocessing } from "../../preprocessing/preprocessing_factory.ts";
import type { SourcePicture } from "../../preprocessing/sampling.ts";
import { smallestSizeAtLeast, vggPreprocessing } from "../../preprocessing/vgg_preprocessing.ts";
import { Draws } from "../../random/philox.ts";
import { makeArray } from "./_array_cases.ts";
import { type BoxStatistics, compareBoxes, compareMean } from "./_box_statistics.ts";
import { Comparison } from "./_comparison.ts";
import { onDevice } from "./_device.ts";
import { compareArray, type Manifest } from "./_picture_files.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, unknownCase } from "./report.ts";

interface Pieces {
  smallest_size_at_least: [
    height: number,
    width: number,
    side: number,
    newHeight: number,
    newWidth: number,
  ][];
  central_crop_box: { in: [number, number]; fraction: number; y: number; x: number; h: number; w: number }[];
  vgg_central_crop_offsets: { in: [number, number]; crop: number; y: number; x: number }[];
}
interface RandomChoices {
  vgg_resize_side: { min: number; max: number; mean: number };
}
interface FactoryMap {
  preprocessing_by_name: Record<string, string>;
  unknown_name_error: string;
}

/** Draws that stand for a distribution. */
const DRAWS = 5000;

/** A picture of which only the size counts. */
function blank(height: number, width: number): SourcePicture {
  return { data: new Uint8Array(0), height, width, channels: 3 };
}

function checkPieces(pieces: Pieces): ExactChecks {
  const checks = new ExactChecks();
  for (const [height, width, side, ...expected] of pieces.smallest_size_at_least) {
    checks.equal(
      smallestSizeAtLeast({ height, width }, side),
      expected,
      `${height}x${width} to at least ${side}`,
    );
  }
  for (const { in: [height, width], fraction, y, x, h, w } of pieces.central_crop_box) {
    checks.equal(centralCrop({ height, width }, fraction), [y, x, h, w], `the middle of ${height}x${width}`);
  }
  for (const { in: [height, width], crop, y, x } of pieces.vgg_central_crop_offsets) {
    // a picture whose smaller side is already what it is resized to
    const options = { height: crop, width: crop, isTraining: false, resizeSideMin: Math.min(height, width) };
    const { corner } = vggPreprocessing.choose(
      blank(height, width),
      options,
      new Draws(0, { stream: 0, step: 0, place: 0 }),
    ).sampling;
    checks.equal(corner, [y, x], `the middle ${crop} of ${height}x${width}`);
  }
  return checks;
}

function checkSides({ vgg_resize_side: { min, max, mean } }: RandomChoices): Comparison {
  const report = new Comparison(), options = { height: 224, width: 224, isTraining: true };
  const sides = Array.from({ length: DRAWS }, (_, place) => {
    const draws = new Draws(1, { stream: 0, step: 0, place });
    return vggPreprocessing.choose(blank(1000, 1000), options, draws).sampling.resized[0];
  });
  report.number("smallest side", Math.min(...sides), min, { absolute: 0 });
  report.number("largest side", Math.max(...sides), max, { absolute: 0 });
  const std = Math.sqrt(((max - min + 1) ** 2 - 1) / 12);
  compareMean(report, "the sides", sides, { mean, std, n: DRAWS });
  return report;
}

function checkFactory({ preprocessing_by_name: names, unknown_name_error: error }: FactoryMap): ExactChecks {
  const checks = new ExactChecks(), [, unknown] = /\[(.*)\]/.exec(error) ?? [, "x"];
  for (const [name, family] of Object.entries(names)) {
    checks.check(getPreprocessing(name) === getPreprocessing(family), `${name} is of the family ${family}`);
  }
  let message = "nothing was thrown";
  try {
    getPreprocessing(unknown);
  } catch (thrown) {
    message = String(thrown);
  }
  checks.check(message.includes(`Cannot find preprocessing ${unknown}`), `unknown names: ${message}`);
  return checks;
}

/** One case an array. */
async function* arrayCases(directory: string): AsyncGenerator<GoldenCase> {
  const manifest: Manifest = await readJson(`${directory}/manifest.json`);
  for (const about of manifest.files) {
    yield onDevice(about.file, async (gpu) => {
      const made = await makeArray(gpu, directory, manifest, about);
      if (!made) return await unknownCase(about.file, `${about.file} (${about.op})`).run();
      return await compareArray(directory, about, made.values, made.tolerance);
    });
  }
}

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const manifest: Manifest = await readJson(`${directory}/manifest.json`);
  const arrays = new Set(manifest.files.map(({ file }) => file));
  for (const name of await listDirectory(directory)) {
    const path = `${directory}/${name}`;
    if (name === "manifest.json") yield* arrayCases(directory);
    else if (name === "vgg_pieces.json") yield { name, run: async () => checkPieces(await readJson(path)) };
    else if (name === "random_choices.json") {
      yield {
        name,
        run: async () => checkSides(await readJson(path)),
      };
    } else if (name === "factory_map.json") {
      yield {
        name,
        run: async () => checkFactory(await readJson(path)),
      };
    } else if (name === "distorted_bounding_box.json") {
      const all: BoxStatistics[] = await readJson(path);
      for (const [i, statistics] of all.entries()) {
        yield { name: `distorted_bounding_box/${i}`, run: () => compareBoxes(statistics) };
      }
    } else if (!arrays.has(name.replace(/\.gz$/, "")) && name !== "README.md" && name !== "inputs/") {
      yield unknownCase(name, name);
    }
  }
}
