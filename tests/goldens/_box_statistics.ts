/** Statistics of random choices against the reference's. */
import { distortedBox, type DistortedBoxOptions } from "../../preprocessing/distorted_box.ts";
import type { PixelBox } from "../../preprocessing/sampling.ts";
import { Draws } from "../../random/philox.ts";
import { Comparison } from "./_comparison.ts";

interface Distribution {
  mean: number;
  std: number;
  quantiles_0_1_5_10_25_50_75_90_95_99_100: number[];
}

/** What many draws of TensorFlow's operation gave. */
export interface BoxStatistics {
  image: [height: number, width: number];
  boxes_ymin_xmin_ymax_xmax: number[][];
  args: {
    min_object_covered: number;
    aspect_ratio_range: [number, number];
    area_range: [number, number];
    max_attempts: number;
  };
  n: number;
  area_fraction: Distribution;
  aspect_w_over_h: Distribution;
  height_px: Distribution;
  width_px: Distribution;
  centre_y: Distribution;
  centre_x: Distribution;
  y_min_seen: number;
  x_min_seen: number;
  y_end_max: number;
  x_end_max: number;
  fraction_whole_image: number;
}

/** Quantiles may be off by so much of the range of what is measured. */
const QUANTILE = 0.03;
const SHARES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];

/** Draws for each of the reference's: so what differs by chance is mostly the reference's share. */
const DRAWS = 10;

/** Standard errors that a mean may be off by, of both samples. */
const ERRORS = 3;

/** A mean of so many draws with that deviation, against the reference's. */
export function compareMean(
  report: Comparison,
  what: string,
  values: readonly number[],
  { mean, std, n }: { mean: number; std: number; n: number },
): void {
  const own = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((a, v) => a + (v - own) ** 2, 0) / values.length);
  const absolute = ERRORS * (std / Math.sqrt(n) + deviation / Math.sqrt(values.length)) +
    1e-9 * Math.abs(mean);
  report.number(`mean of ${what}`, own, mean, { absolute });
}

/** Draws crops and compares. */
export function compareBoxes(statistics: BoxStatistics): Comparison {
  const report = new Comparison(), { image: [height, width], args, n } = statistics;
  const options: DistortedBoxOptions = {
    minObjectCovered: args.min_object_covered,
    aspectRatioRange: args.aspect_ratio_range,
    areaRange: args.area_range,
    maxAttempts: args.max_attempts,
  };
  const boxes = Float32Array.from(statistics.boxes_ymin_xmin_ymax_xmax.flat());
  const crops = Array.from(
    { length: DRAWS * n },
    (_, place): PixelBox =>
      distortedBox({ height, width }, boxes, new Draws(1, { stream: 0, step: 0, place }), options),
  );
  const measures: [what: string, of: (crop: PixelBox) => number, expected: Distribution, range: number][] = [
    ["area", ([, , h, w]) => h * w / (height * width), statistics.area_fraction, 1],
    ["aspect ratio", ([, , h, w]) => w / h, statistics.aspect_w_over_h, 1],
    ["height", ([, , h]) => h, statistics.height_px, height],
    ["width", ([, , , w]) => w, statistics.width_px, width],
    ["centre's height", ([y, , h]) => (y + h / 2) / height, statistics.centre_y, 1],
    ["centre's distance from the left", ([, x, , w]) => (x + w / 2) / width, statistics.centre_x, 1],
  ];
  for (const [what, of, expected, range] of measures) {
    const values = crops.map(of).sort((a, b) => a - b);
    compareMean(report, what, values, { ...expected, n });
    expected.quantiles_0_1_5_10_25_50_75_90_95_99_100.forEach((quantile, i) => {
      if (i === 0 || i === SHARES.length - 1) return; // of the ends chance decides, and below they are bounded
      const at = SHARES[i] * (values.length - 1),
        [lower, upper] = [values[Math.floor(at)], values[Math.ceil(at)]];
      const own = lower + (upper - lower) * (at % 1);
      report.number(`${100 * SHARES[i]}% quantile of ${what}`, own / range, quantile / range, {
        absolute: QUANTILE,
      });
    });
  }
  const isWhole = (crop: PixelBox) => crop[2] === height && crop[3] === width ? 1 : 0;
  const share = statistics.fraction_whole_image;
  compareMean(report, "whole pictures", crops.map(isWhole), {
    mean: share,
    std: Math.sqrt(Math.max(share, 1 / n) * (1 - share)), // none among n may be one
    n,
  });
  const ends: [what: string, own: number, expected: number, size: number][] = [
    ["first row", Math.min(...crops.map(([y]) => y)), statistics.y_min_seen, height],
    ["first column", Math.min(...crops.map(([, x]) => x)), statistics.x_min_seen, width],
    ["last row", Math.max(...crops.map(([y, , h]) => y + h)), statistics.y_end_max, height],
    ["last column", Math.max(...crops.map(([, x, , w]) => x + w)), statistics.x_end_max, width],
  ];
  for (const [what, own, expected, size] of ends) {
    report.number(what, own / size, expected / size, { absolute: QUANTILE });
  }
  return report;
}
