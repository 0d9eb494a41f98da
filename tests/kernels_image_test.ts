/** Preprocessing on the device against its definitions: sampling, changes of colour, standardization. */
import { PICTURE_WORDS } from "../kernels/image.ts";
import { BatchPacker, type PreparedPicture } from "../preprocessing/batch_images.ts";
import { colorChanges } from "../preprocessing/color_changes.ts";
import { resizeMethods } from "../preprocessing/resize_taps.ts";
import {
  cropOrPad,
  resizeCrop,
  type Sampling,
  type SourcePicture,
  windowOf,
} from "../preprocessing/sampling.ts";
import { uniforms } from "../random/philox.ts";
import { changeColors, perImageStandardization, sampleImages } from "../tape/ops/image.ts";
import { type Feed, type KernelCase, sums, testCases } from "./_kernels.ts";
import { changes, fromHsv, sampled, toHsv } from "./reference/image.ts";
import { map, type Tensor, tensor } from "./reference/tensor.ts";

/** A picture of noise; each size has its own. */
function picture(height: number, width: number, channels: number): SourcePicture {
  const next = uniforms(height, width * 1000 + channels);
  const data = Uint8Array.from({ length: height * width * channels }, () => Math.floor(256 * next()));
  return { data, height, width, channels };
}

/** A batch as feeds; `places` may be more than there are pictures. */
function feeds(prepared: readonly PreparedPicture[], places = prepared.length): Record<string, Feed> {
  const { pixels, pictures } = new BatchPacker().pack(prepared, places);
  return {
    packed: { shape: [pixels.length], data: pixels },
    pictures: { shape: [places, PICTURE_WORDS], data: pictures },
  };
}

/** Images one after another, [n, ...]; those missing are zeros. */
function stack(images: readonly Tensor[], places = images.length): Tensor {
  const [{ shape, data: { length } }] = images, all = tensor([places, ...shape]);
  images.forEach(({ data }, i) => all.data.set(data, i * length));
  return all;
}

function samplingCase(
  name: string,
  samplings: readonly (readonly [SourcePicture, Sampling])[],
  { places = samplings.length, scale = 1, mean = 0, factor = 1 } = {},
): KernelCase {
  const [[{ channels }, { size }]] = samplings;
  const images = stack(samplings.map(([picture, sampling]) => sampled(picture, sampling)), places);
  const magnitude = map(images, () => (255 * scale + Math.abs(mean)) * factor);
  return {
    name,
    feeds: feeds(samplings.map(([picture, sampling]) => ({ picture, sampling })), places),
    record: ({ packed, pictures }) => ({
      y: sampleImages(packed, pictures, { size, channels, scale, mean, factor }),
    }),
    expect: { y: sums(map(images, (v) => (v * scale - mean) * factor), magnitude, 6) },
  };
}

const sizes = [[1, 1], [1, 9], [13, 1], [2, 3], [7, 5], [16, 16], [37, 53], [100, 11]] as const;
const pictures = (channels: number) => sizes.map(([h, w]) => picture(h, w, channels));

testCases("sampleImages() crops or pads around the centre, as tf.image.resize_with_crop_or_pad", [
  samplingCase("to 7x5, colour", pictures(3).map((p) => [p, cropOrPad(p, [7, 5])] as const)),
  samplingCase("to 16x16, grey, as LeNet", pictures(1).map((p) => [p, cropOrPad(p, [16, 16])] as const), {
    mean: 128,
    factor: 1 / 128,
  }),
  samplingCase("to one pixel, four channels", pictures(4).map((p) => [p, cropOrPad(p, [1, 1])] as const)),
  samplingCase("places without a picture are zeros", [[
    picture(3, 3, 3),
    cropOrPad(picture(3, 3, 3), [3, 3]),
  ]], {
    places: 3,
  }),
]);

testCases(
  "sampleImages() resizes a crop of each picture by every method, and flips it",
  resizeMethods.flatMap((method) =>
    ([[1, 1], [8, 6], [40, 29]] as const).map((size) =>
      samplingCase(
        `${method} to ${size.join("x")}`,
        pictures(3).flatMap((p): [SourcePicture, Sampling][] => {
          const crop = [
            p.height >> 2,
            p.width >> 1,
            p.height - (p.height >> 2),
            p.width - (p.width >> 1),
          ] as const;
          return [[p, resizeCrop([0, 0, p.height, p.width], size, method)], [
            p,
            resizeCrop(crop, size, method, true),
          ]];
        }),
        { scale: 1 / 255 },
      )
    )
  ),
);

testCases("sampleImages() shows a window of a resized picture, with zeros outside", [
  samplingCase(
    "bilinear, beyond all sides",
    pictures(3).map((p) => [p, {
      crop: [0, 0, p.height, p.width],
      resized: [19, 23],
      method: "bilinear",
      corner: [-2, 4],
      size: [24, 12],
      flip: false,
    }]),
  ),
  samplingCase(
    "a flipped window without resizing",
    pictures(3).map((p) => [p, windowOf(p, [-1, 1], [5, 4], true)]),
  ),
  samplingCase("much smaller: only some rows and columns are packed", [
    [picture(700, 900, 3), resizeCrop([10, 20, 600, 850], [9, 11], "bilinear", true)],
    [picture(5, 900, 3), resizeCrop([0, 0, 5, 900], [9, 11], "bicubic")],
  ]),
]);

/** Images as samplings of pictures without change, with float64 twins in 0..1. */
function twins(prepared: readonly PreparedPicture[], scale: number): Tensor {
  return map(stack(prepared.map(({ picture, sampling }) => sampled(picture, sampling))), (v) => v * scale);
}

/** What colour changes in that order make of images [n, height, width, 1 or 3]. */
function changed(x: Tensor, order: string, amounts: Readonly<Record<string, number>>): Tensor {
  const [n, , , channels] = x.shape, values = x.data.length / n, y = tensor(x.shape, x.data);
  for (let image = 0; image < n; image++) {
    for (const letter of order) {
      const of = (channel: number) =>
        Array.from(
          { length: values / channels },
          (_, i) => image * values + i * channels + channel % channels,
        );
      const mean = [0, 1, 2].map((c) => of(c).reduce((sum, i) => sum + y.data[i], 0) / (values / channels));
      of(0).forEach((at) => {
        const color = [0, 1, 2].map((c) => y.data[at + c % channels]) as [number, number, number];
        const result = changes[letter](color, amounts[letter], mean as [number, number, number]);
        for (let c = 0; c < channels; c++) y.data[at + c] = result[c];
      });
    }
  }
  return y;
}

const amounts = { b: 0.09, s: 1.37, h: -0.12, c: 1.24 };
const colored = (
  order: string,
  channels: 1 | 3,
  [height, width]: readonly [number, number],
): PreparedPicture[] =>
  [0, 1, 2].map((i) => {
    const p = { ...picture(height, width + i, channels) };
    const { b: brightness, s: saturation, h: hue, c: contrast } = amounts;
    return {
      picture: p,
      sampling: cropOrPad(p, [height, width]),
      colors: colorChanges(order, { brightness, saturation, hue, contrast }),
    };
  });

testCases(
  "changeColors() makes each image's changes in its order",
  ["", "b", "s", "h", "c", "bshc", "sbch", "chbs", "hscb", "bs", "sb"].flatMap((order) =>
    ([[1, 1, 3], [9, 13, 3], [9, 13, 1]] as const).map(([height, width, channels]): KernelCase => {
      const prepared = colored(order, channels, [height, width]), scale = 1 / 255;
      const value = changed(twins(prepared, scale), order, amounts);
      return {
        name: `"${order}" of ${height}x${width}x${channels}`,
        feeds: feeds(prepared),
        record: ({ packed, pictures }) => {
          const x = sampleImages(packed, pictures, { size: [height, width], channels, scale });
          return { y: changeColors(x, pictures, { contrast: order.includes("c") }) };
        },
        // values are at most 2 in between; a hue is a quotient whose error is up to 6 in units of the range
        expect: { y: sums(value, map(value, () => 2), 24) },
      };
    })
  ),
);

testCases(
  "changeColors() clips, keeps the luminance and maps",
  [false, true].map((gray): KernelCase => {
    const prepared = colored("b", 3, [5, 4]), x = changed(twins(prepared, 1 / 100), "b", amounts);
    const clipped = map(x, (v) => Math.min(1, Math.max(0, v)));
    const value = tensor([3, 5, 4, gray ? 1 : 3]);
    for (let i = 0; i < 60; i++) {
      const [r, g, b] = clipped.data.subarray(3 * i, 3 * i + 3);
      if (gray) value.data[i] = (0.2989 * r + 0.587 * g + 0.114 * b - 0.5) * 2;
      else [r, g, b].forEach((v, c) => value.data[3 * i + c] = (v - 0.5) * 2);
    }
    return {
      name: gray ? "to grey" : "in colour",
      feeds: feeds(prepared),
      record: ({ packed, pictures }) => {
        const x = sampleImages(packed, pictures, { size: [5, 4], channels: 3, scale: 1 / 100 });
        return { y: changeColors(x, pictures, { contrast: false, clip: true, mean: 0.5, factor: 2, gray }) };
      },
      expect: { y: sums(value, map(value, () => 2), 8) },
    };
  }),
);

testCases(
  "changeColors() converts to hue, saturation and value and back",
  (["v", "vr"] as const).map((order): KernelCase => {
    const prepared = colored(order, 3, [8, 8]), x = twins(prepared, 1 / 255), value = tensor(x.shape);
    for (let at = 0; at < x.data.length; at += 3) {
      const hsv = toHsv(Array.from(x.data.subarray(at, at + 3)) as [number, number, number]);
      (order === "v" ? hsv : fromHsv(hsv)).forEach((v, c) => value.data[at + c] = v);
    }
    return {
      name: order,
      feeds: feeds(prepared),
      record: ({ packed, pictures }) => ({
        y: changeColors(
          sampleImages(packed, pictures, { size: [8, 8], channels: 3, scale: 1 / 255 }),
          pictures,
          {
            contrast: false,
          },
        ),
      }),
      expect: { y: sums(value, map(value, () => 1), 24) },
    };
  }),
);

/** Of constant images too: their deviation is bounded below. */
const images: Record<string, SourcePicture> = {
  "three channels": picture(7, 5, 3),
  "one channel": picture(28, 28, 1),
  "one pixel": picture(1, 1, 3),
  "a large one": picture(150, 170, 3),
  "constant": { height: 4, width: 4, channels: 3, data: new Uint8Array(48).fill(7) },
};

testCases(
  "perImageStandardization equals its definition",
  Object.entries(images).map(([name, p]): KernelCase => {
    const { height, width, channels, data } = p, size = data.length, values = Float64Array.from(data);
    const mean = values.reduce((a, v) => a + v, 0) / size;
    const deviation = Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / size);
    const divisor = Math.max(deviation, 1 / Math.sqrt(size));
    const value = tensor([1, height, width, channels], values.map((v) => (v - mean) / divisor));
    return {
      name,
      feeds: feeds([{ picture: p, sampling: windowOf(p, [0, 0], [height, width]) }]),
      record: ({ packed, pictures }) => ({
        y: perImageStandardization(sampleImages(packed, pictures, { size: [height, width], channels })),
      }),
      expect: { y: sums(value, map(value, (v) => Math.abs(v) + mean / divisor)) },
    };
  }),
);
