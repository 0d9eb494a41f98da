/** Random crops, resizes, windows and changes of colour of pictures of odd sizes, as TensorFlow makes them. */
// @ts-types="../../types/std_assert.d.ts"
import { assert } from "@std/assert";
import { colorChanges } from "../../preprocessing/color_changes.ts";
import { resizeMethods } from "../../preprocessing/resize_taps.ts";
import { cropOrPad, resizeCrop, type Sampling, type SourcePicture } from "../../preprocessing/sampling.ts";
import { Draws } from "../../random/philox.ts";
import { changeColors, perImageStandardization, sampleImages } from "../../tape/ops/image.ts";
import { prepared } from "../goldens/_prepared_images.ts";
import { withGpu } from "../_gpu.ts";
import { withFolder } from "../_tools.ts";
import { runPython } from "./_tensorflow.ts";

/** A picture and what is to be made of it, in our words and in those of images_interop.py. */
interface Case {
  readonly picture: SourcePicture;
  readonly sampling: Sampling;
  readonly order: string;
  readonly amounts: Readonly<Record<string, number>>;
  readonly standardizes: boolean;
  readonly steps: (string | number | boolean)[][];
}

function randomCase(place: number): Case {
  const draws = new Draws(2026, { stream: 3, step: 0, place }),
    side = () => 1 + draws.below(draws.chance(0.2) ? 300 : 40);
  const [height, width] = [side(), side()], channels = draws.chance(0.2) ? 1 : 3;
  const data = Uint8Array.from({ length: height * width * channels }, () => draws.below(256));
  const picture = { data, height, width, channels }, size = [side() % 90 + 1, side() % 90 + 1] as const;
  const steps: Case["steps"] = [], flip = draws.chance();
  let sampling: Sampling;
  if (draws.chance(0.2)) {
    sampling = { ...cropOrPad(picture, size), flip };
    steps.push(["crop_or_pad", ...size]);
  } else {
    const h = 1 + draws.below(height), w = 1 + draws.below(width), method = draws.below(4);
    const crop = [draws.below(height - h + 1), draws.below(width - w + 1), h, w] as const;
    const alignCorners = method < 3 && draws.chance(0.3);
    sampling = { ...resizeCrop(crop, size, resizeMethods[method], flip), alignCorners };
    steps.push(["crop", ...crop], ["resize", ...size, method, alignCorners]);
  }
  if (flip) steps.push(["flip"]);
  const order = channels === 1 ? "" : ["", "bshc", "sbch", "chbs", "hscb", "bs", "c"][draws.below(7)];
  const amounts = {
    b: draws.uniform(-0.3, 0.3),
    s: draws.uniform(0, 2),
    h: draws.uniform(-0.5, 0.5),
    c: draws.uniform(0, 2),
  };
  for (const letter of order) steps.push([letter, amounts[letter as "b"]]);
  const standardizes = order === "" && draws.chance();
  if (standardizes) steps.push(["standardize"]);
  return { picture, sampling, order, amounts, standardizes, steps };
}

Deno.test("images of random samplings and changes of colour are TensorFlow's", () =>
  withGpu(async (gpu) => {
    const cases = Array.from({ length: 300 }, (_, i) => randomCase(i));
    let theirs: number[][] = [];
    await withFolder(async (folder) => {
      const [input, output] = [`${folder}/cases.json`, `${folder}/results.json`];
      const forTensorFlow = cases.map(({ picture: { data, height, width, channels }, steps }) => ({
        shape: [height, width, channels],
        pixels: [...data],
        steps,
      }));
      await Deno.writeTextFile(input, JSON.stringify(forTensorFlow));
      await runPython("images_interop.py", input, output);
      theirs = JSON.parse(await Deno.readTextFile(output));
    });
    for (const [i, { picture, sampling, order, amounts, standardizes, steps }] of cases.entries()) {
      const { b: brightness, s: saturation, h: hue, c: contrast } = amounts;
      const colors = colorChanges(order, { brightness, saturation, hue, contrast });
      const ours = await prepared(gpu, { picture, sampling, colors }, ({ packed, pictures, channels }) => {
        const images = sampleImages(packed, pictures, { size: sampling.size, channels, scale: 1 / 255 });
        if (standardizes) return perImageStandardization(images);
        return order === "" ? images : changeColors(images, pictures, { contrast: order.includes("c") });
      });
      const tolerance = standardizes || order !== "" ? 1e-5 : 2e-6;
      const worst = ours.reduce((most, v, at) => Math.max(most, Math.abs(v - theirs[i][at])), 0);
      const { height, width, channels } = picture;
      assert(
        ours.length === theirs[i].length && worst <= tolerance,
        `case ${i}, ${height}x${width}x${channels}, is off by ${worst}: ${JSON.stringify(steps)}`,
      );
    }
  }));
