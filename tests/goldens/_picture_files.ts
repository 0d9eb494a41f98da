/** Reference pictures of the topic `preprocessing`: what the manifest says of an array, inputs, and the comparison. */
import { decodePng } from "../../formats/png.ts";
import type { SourcePicture } from "../../preprocessing/sampling.ts";
import { Comparison } from "./_comparison.ts";
import { readNpy } from "./_npy.ts";

/** An array of the manifest. */
export interface ArrayAbout {
  file: string;
  full_shape: number[];
  /** The array holds every so many rows and columns only. */
  stored_every: number;
  dtype: string;
  stats_of_full: { mean: number; std: number; min: number; max: number };
  key?: string;
  net?: string;
  image?: string;
  op?: string;
  method?: "bilinear" | "nearest" | "bicubic" | "area";
  out?: number | [number, number] | null;
  resize_side_min?: number;
  crop_image?: boolean;
  value?: number;
  means?: number[];
  crop_y_x_h_w?: [number, number, number, number];
  offset?: [number, number];
  size?: number;
  flip?: boolean;
  fast_mode?: boolean;
  color_ordering?: number;
  resize_method?: "bilinear" | "nearest" | "bicubic" | "area";
  brightness?: number;
  saturation?: number;
  hue?: number;
  contrast?: number;
}

/** The manifest. */
export interface Manifest {
  salt: string;
  /** A small picture with values outside of 0..1, [height][width][channel]. */
  extreme: number[][][];
  files: ArrayAbout[];
}

/** The input picture of that key, with the first `channels` of its channels. */
export async function inputPicture(directory: string, key: string, channels: number): Promise<SourcePicture> {
  const { data, height, width } = decodePng(await Deno.readFile(`${directory}/inputs/${key}.png`), {
    channels: 3,
  });
  const kept = Uint8Array.from(
    { length: height * width * channels },
    (_, i) => data[Math.floor(i / channels) * 3 + i % channels],
  );
  return { data: kept, height, width, channels };
}

/** Compares an array [height, width, channels] with what is stored of the reference, and with its statistics. */
export async function compareArray(
  directory: string,
  about: ArrayAbout,
  actual: ArrayLike<number>,
  absolute: number,
): Promise<Comparison> {
  const report = new Comparison(), { full_shape: [height, width, channels], stored_every: every } = about;
  const compressed = `${directory}/${about.file}.gz`,
    isCompressed = await Deno.stat(compressed).then(() => true, () => false);
  const stored = await readNpy(isCompressed ? compressed : `${directory}/${about.file}`);
  if (actual.length !== height * width * channels) {
    report.fail(`${actual.length} values for ${height} x ${width} x ${channels}`);
    return report;
  }
  let at = 0;
  for (let y = 0; y < height; y += every) {
    for (let x = 0; x < width; x += every) {
      for (let c = 0; c < channels; c++) {
        report.number(`[${y}, ${x}, ${c}]`, actual[(y * width + x) * channels + c], stored.data[at++], {
          absolute,
        });
      }
    }
  }
  if (at !== stored.data.length) report.fail(`${stored.data.length} values are stored instead of ${at}`);
  const { mean, std, min, max } = about.stats_of_full, count = actual.length;
  let sum = 0, squares = 0, least = Infinity, most = -Infinity;
  for (let i = 0; i < count; i++) {
    sum += actual[i];
    squares += (actual[i] - mean) ** 2;
    least = Math.min(least, actual[i]);
    most = Math.max(most, actual[i]);
  }
  const rounded = { absolute: Math.max(absolute, 1e-9) }; // sums of bytes are rounded, too
  report.number("mean", sum / count, mean, rounded);
  report.number("deviation", Math.sqrt(squares / count), std, rounded);
  report.number("smallest value", least, min, { absolute });
  report.number("largest value", most, max, { absolute });
  return report;
}
