/** Topic `events`: event files, histograms, scaling of pictures, and tags of summaries. */

import { histogramLimits, histogramOf } from "../../formats/events/histogram.ts";
import { imageSummaries } from "../../formats/events/image_summary.ts";
import { decodePng } from "../../formats/png.ts";
import { hash32 } from "../../random/philox.ts";
import { checkEventFile } from "./_event_files.ts";
import { randomValues, unit } from "./_formula.ts";
import { summaryTagCases } from "./_summary_tags.ts";
import { ExactChecks, type GoldenCase, listDirectory, numberOf, readJson, unknownCase } from "./report.ts";

/** Every case of a directory; files may be gzipped. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const names = await listDirectory(directory);
  for (const stored of names) {
    const name = stored.replace(/\.gz$/, ""), path = `${directory}/${stored}`;
    if (name.endsWith(".tfevents")) {
      const about = names.find((other) => other.replace(/\.gz$/, "") === `${name}.json`);
      yield { name, run: () => checkEventFile(path, `${directory}/${about ?? `${name}.json`}`) };
    } else if (name.endsWith(".tfevents.json")) {
      if (!names.some((other) => `${other.replace(/\.gz$/, "")}.json` === name)) {
        yield unknownCase(name, "the description of a missing event file");
      }
    } else if (name === "histograms.json") yield* histogramCases(path, name);
    else if (name === "histogram_bucket_limits.json") yield { name, run: () => checkLimits(path) };
    else if (name === "image_summary_scaling.json") yield* scalingCases(path, name);
    else if (name === "train_graphs.json") yield* summaryTagCases(path, name);
    else if (name !== "README.md") yield unknownCase(name, "the file");
  }
}

interface HistogramAbout {
  input: number[] | { first5: number[]; n: number };
  min: number;
  max: number;
  num: number;
  sum: number;
  sum_squares: number;
  bucket_limit: number[];
  bucket: number[];
  /** TensorFlow's message, in place of all else. */
  error?: string;
}

async function* histogramCases(path: string, file: string): AsyncGenerator<GoldenCase> {
  const { salt, cases }: { salt: string; cases: Record<string, HistogramAbout> } = await readJson(path);
  for (const [name, about] of Object.entries(cases)) {
    yield { name: `${file}/${name}`, run: () => checkHistogram(salt, name, about) };
  }
}

/** Inputs that are not listed but made: the streams h1 to h4. */
const formulas: Record<string, (salt: string, n: number) => Float32Array> = {
  normal_like: (salt, n) => randomValues(`${salt}/h1`, n, 1),
  small: (salt, n) => randomValues(`${salt}/h2`, n, 1e-3),
  ints: (salt, n) => {
    const seed = hash32(`${salt}/h3`);
    return Float32Array.from({ length: n }, (_, i) => Math.floor(10 * unit(seed, i)));
  },
  positive: (salt, n) => randomValues(`${salt}/h4`, n, 5).map(Math.abs),
};

function checkHistogram(salt: string, name: string, about: HistogramAbout): ExactChecks {
  const checks = new ExactChecks();
  if (about.error !== undefined) {
    checkError(checks, about.error);
    return checks;
  }
  const { input } = about;
  const values = Array.isArray(input) ? Float32Array.from(input) : formulas[name](salt, input.n);
  if (!Array.isArray(input)) checks.equal(values.slice(0, 5), input.first5.map(Math.fround), "input");
  const made = histogramOf(name, values);
  checks.equal(
    [made.min, made.max, made.num, made.sum, made.sumSquares],
    [about.min, about.max, about.num, about.sum, about.sum_squares],
    "min, max, num, sum, sum_squares",
  );
  checks.equal(made.bucketLimit, about.bucket_limit, "bucket_limit");
  checks.equal(made.bucket, about.bucket, "bucket");
  checks.check(made.bucketLimit.every((limit) => histogramLimits.includes(limit)), "limits are in the list");
  return checks;
}

/** NaN and infinities are refused as TensorFlow does; the message names the same tag. */
function checkError(checks: ExactChecks, message: string): void {
  const tag = message.split(": ").at(-1)!;
  for (const value of /nan/i.test(message) ? [NaN] : [Infinity, -Infinity]) {
    let reason: unknown;
    try {
      histogramOf(tag, [1, value]);
    } catch (thrown) {
      reason = thrown;
    }
    checks.check(reason instanceof RangeError && reason.message.includes(`"${tag}"`), `${value}: ${reason}`);
  }
}

async function checkLimits(path: string): Promise<ExactChecks> {
  const checks = new ExactChecks(), about = await readJson(path);
  const positive = histogramLimits.filter((limit) => limit > 0 && limit < Number.MAX_VALUE);
  checks.equal(histogramLimits.length, about.count, "count");
  checks.equal(positive.slice(0, about.first_positive.length), about.first_positive, "first_positive");
  checks.equal(positive.slice(-about.last_positive.length), about.last_positive, "last_positive");
  const mirrored = [...histogramLimits].reverse().map((limit) => limit === 0 ? 0 : -limit);
  checks.equal(mirrored, histogramLimits, "mirrored");
  return checks;
}

interface ScalingAbout {
  input_shape: [number, number, number, number];
  input: (number | string)[];
  /** Of all pictures, one after the other. */
  decoded_uint8: number[];
}

async function* scalingCases(path: string, file: string): AsyncGenerator<GoldenCase> {
  for (const [name, about] of Object.entries(await readJson(path) as Record<string, ScalingAbout>)) {
    yield { name: `${file}/${name}`, run: () => checkScaling(name, about) };
  }
}

function checkScaling(name: string, { input_shape: shape, input, decoded_uint8 }: ScalingAbout): ExactChecks {
  const checks = new ExactChecks(), [count, height, width, channels] = shape;
  const data = Float32Array.from(input.map(numberOf));
  const summaries = imageSummaries(name, { shape, data }, Math.max(2, count));
  const pixels = summaries.flatMap((summary, i) => {
    checks.equal(summary.tag, `${name}/image/${i}`, "tag");
    if (summary.kind !== "image") return [];
    const { image } = summary, picture = decodePng(image.png);
    checks.equal([image.height, image.width, image.colorspace], [height, width, channels], "shape");
    checks.equal([picture.height, picture.width, picture.channels], [height, width, channels], "PNG's shape");
    return [...picture.data];
  });
  checks.equal(pixels, decoded_uint8, "pixels");
  return checks;
}
