/** How each array of the topic `preprocessing` is made: by its net, or by what the manifest says of the operation. */
import type { Gpu } from "../../gpu/gpu.ts";
import { packPicture } from "../../kernels/image.ts";
import { type ColorAmounts, colorChanges } from "../../preprocessing/color_changes.ts";
import { drawBoundingBoxes } from "../../preprocessing/draw_boxes.ts";
import { colorOrders, inceptionPreprocessing } from "../../preprocessing/inception_preprocessing.ts";
import type { PreprocessingOptions } from "../../preprocessing/preprocessing.ts";
import { getPreprocessing } from "../../preprocessing/preprocessing_factory.ts";
import { resizeCrop, type Sampling, type SourcePicture, windowOf } from "../../preprocessing/sampling.ts";
import { smallestSizeAtLeast } from "../../preprocessing/vgg_preprocessing.ts";
import { Draws } from "../../random/philox.ts";
import { changeColors, perImageStandardization, sampleImages } from "../../tape/ops/image.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { randomValues } from "./_formula.ts";
import { type ArrayAbout, inputPicture, type Manifest } from "./_picture_files.ts";
import { changedImage, prepared } from "./_prepared_images.ts";

/** An array and how far it may be off. */
export interface Made {
  readonly values: ArrayLike<number>;
  readonly tolerance: number;
}
/** What makes an array is given. */
interface Context {
  readonly gpu: Gpu;
  readonly directory: string;
  readonly manifest: Manifest;
  readonly about: ArrayAbout;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
}

const UNIT = 1 / 255;
/** Absolute tolerances, as the reference's notes give them. */
const COLOR = 2e-6, HUE = 1e-5, EXTREME = 1e-4, BYTES = 1e-4, STANDARDIZED = 1e-5;
const TOLERANCES: Readonly<Record<string, number>> = {
  inception: COLOR,
  vgg: BYTES,
  lenet: BYTES,
  cifarnet: STANDARDIZED,
};

/** Makes an array of the manifest; undefined where it is unknown how. */
export async function makeArray(
  gpu: Gpu,
  directory: string,
  manifest: Manifest,
  about: ArrayAbout,
): Promise<Made | undefined> {
  const [height, width, channels = 1] = about.full_shape;
  const context = { gpu, directory, manifest, about, shape: [height, width, channels] } as const;
  if (about.key) return { values: (await inputPicture(directory, about.key, 3)).data, tolerance: 0 };
  if (about.net) return await ofNet(context);
  const found = makers.find(([pattern]) => pattern.test(`${about.file} ${about.op}`));
  return await found?.[1](context);
}

function input({ directory, about, shape }: Context, channels = shape[2]): Promise<SourcePicture> {
  return inputPicture(directory, about.image!.split(" ")[0], channels);
}

/** A family's preprocessing for evaluation, as its own function is called. */
async function ofNet(context: Context): Promise<Made> {
  const { gpu, about, shape: [rows, columns] } = context, picture = await input(context);
  const isSwapped = about.net === "lenet" || about.net === "cifarnet";
  const options: PreprocessingOptions = {
    height: isSwapped ? columns : rows,
    width: isSwapped ? rows : columns,
    isTraining: false,
    cropImage: about.crop_image,
    resizeSideMin: about.resize_side_min,
  };
  const family = getPreprocessing(about.net!), draws = new Draws(0, { stream: 0, step: 0, place: 0 });
  const values = await prepared(
    gpu,
    { picture, ...family.choose(picture, options, draws) },
    (feeds) => family.record(feeds, options),
  );
  return { values, tolerance: TOLERANCES[about.net!] };
}

/** What a sampling shows of the case's picture. */
async function sample(
  context: Context,
  sampling: (picture: SourcePicture) => Sampling,
  scale = 1,
  mean?: number[],
) {
  const picture = await input(context), size = [context.shape[0], context.shape[1]] as const;
  return await prepared(
    context.gpu,
    { picture, sampling: sampling(picture) },
    ({ packed, pictures, channels }) => sampleImages(packed, pictures, { size, channels, scale, mean }),
  );
}

const asItIs = (p: SourcePicture): Sampling => windowOf(p, [0, 0], [p.height, p.width]);

async function standardized({ gpu, directory, manifest, about, shape }: Context): Promise<Made> {
  const [, constant] = /of a constant (\S+)/.exec(about.op!) ?? [], size = sizeOf(shape);
  const [, name, scale] = /hash32\(SALT\/(\w+)\),.*,([\d.]+)\)$/.exec(about.op!) ?? [];
  const data = constant !== undefined
    ? new Float32Array(size).fill(Number(constant))
    : name !== undefined
    ? randomValues(`${manifest.salt}/${name}`, size, Number(scale))
    : Float32Array.from((await inputPicture(directory, about.image!, shape[2])).data);
  const values = await changedImage(gpu, data, shape, (x) => perImageStandardization(x), packPicture({}));
  return { values, tolerance: STANDARDIZED };
}

async function resized(context: Context): Promise<Made> {
  const { about, shape: [height, width] } = context, { op } = about, isUnit = !about.file.includes("uint8");
  const alignCorners = op!.includes("align_corners=True");
  const values = await sample(context, (p) => ({
    ...resizeCrop([0, 0, p.height, p.width], [height, width], about.method!),
    alignCorners,
  }), isUnit ? UNIT : 1);
  return { values, tolerance: isUnit ? COLOR : BYTES };
}

async function aspectResized(context: Context): Promise<Made> {
  const [, side] = /, (\d+)\)/.exec(context.about.op!)!;
  const values = await sample(
    context,
    (p) => resizeCrop([0, 0, p.height, p.width], smallestSizeAtLeast(p, Number(side)), "bilinear"),
  );
  return { values, tolerance: BYTES };
}

/** The case's picture as numbers: 0..1, or the small one with values outside. */
async function numbers(context: Context): Promise<{ data: Float32Array; shape: readonly number[] }> {
  const { extreme } = context.manifest;
  if (context.about.image!.includes("extreme")) {
    return { data: Float32Array.from(extreme.flat(2)), shape: [extreme.length, extreme[0].length, 3] };
  }
  const { data, height, width } = await input(context, 3);
  return {
    data: Float32Array.from(data, (v) => Math.fround(v * Math.fround(UNIT))),
    shape: [height, width, 3],
  };
}

async function changed(context: Context, order: string, amounts: ColorAmounts = {}, options = {}) {
  const { data, shape } = await numbers(context);
  const record = packPicture({ ...colorChanges(order, amounts) });
  return await changedImage(
    context.gpu,
    data,
    shape,
    (x, pictures) => changeColors(x, pictures, { contrast: order.includes("c"), ...options }),
    record,
  );
}

async function adjusted(context: Context): Promise<Made> {
  const { op, value, image } = context.about, what = op!.replace("adjust_", "");
  const values = await changed(context, what[0], { [what]: value });
  const tolerance = image!.includes("extreme")
    ? EXTREME
    : what === "hue" || what === "saturation"
    ? HUE
    : COLOR;
  return { values, tolerance };
}

function orderOf({ color_ordering, fast_mode }: ArrayAbout): string {
  return colorOrders[fast_mode ? "fast" : "slow"][color_ordering!];
}

function amountsOf({ brightness, saturation, hue, contrast }: ArrayAbout): ColorAmounts {
  return { brightness, saturation, hue, contrast };
}

async function inceptionTraining(context: Context): Promise<Made> {
  const { gpu, about } = context, picture = await input(context), size = about.size!;
  const sampling = resizeCrop(about.crop_y_x_h_w!, [size, size], about.resize_method!, about.flip);
  const colors = colorChanges(orderOf(about), amountsOf(about));
  const options = { height: size, width: size, isTraining: true, fastMode: about.fast_mode };
  const record = inceptionPreprocessing.record;
  const values = await prepared(gpu, { picture, sampling, colors }, (feeds) => record(feeds, options));
  return { values, tolerance: HUE };
}

async function cifarnetTraining(context: Context): Promise<Made> {
  const { gpu, about, shape: [height, width] } = context,
    picture = await input(context),
    [y, x] = about.offset!;
  const sampling = windowOf(picture, [y - 4, x - 4], [height, width], about.flip);
  const colors = colorChanges("bc", amountsOf(about)), options = { height, width, isTraining: true };
  const { record } = getPreprocessing("cifarnet");
  const values = await prepared(gpu, { picture, sampling, colors }, (feeds) => record(feeds, options));
  return { values, tolerance: STANDARDIZED };
}

async function gray(context: Context): Promise<Made> {
  const values = await changed(context, "", {}, { gray: true });
  if (context.about.dtype !== "uint8") return { values, tolerance: COLOR };
  return { values: values.map((v) => Math.floor(Math.min(v * 255.5, 255))), tolerance: 0 }; // as TF converts to bytes
}

async function boxed(context: Context): Promise<Made> {
  const { data, shape: [height, width, channels] } = await numbers(context);
  const list = JSON.parse(
    context.about.op!.replace("draw_bounding_boxes ", "").replace(/(^|[^\d])\./g, "$10."),
  );
  return { values: drawBoundingBoxes(data, { height, width, channels }, list.flat(), 1), tolerance: COLOR };
}

const makers: [pattern: RegExp, make: (context: Context) => Promise<Made>][] = [
  [/per_image_standardization/, standardized],
  [/^resize_/, resized],
  [/_aspect_preserving_resize/, aspectResized],
  [
    /mean subtraction/,
    async (c) => ({ values: await sample(c, asItIs, 1, c.about.means), tolerance: BYTES }),
  ],
  [/convert_image_dtype/, async (c) => ({ values: await sample(c, asItIs, UNIT), tolerance: COLOR })],
  [/adjust_(brightness|saturation|hue|contrast)$/, adjusted],
  [/distort_color/, async (c) => ({
    values: await changed(c, orderOf(c.about), amountsOf(c.about), { clip: true }),
    tolerance: HUE,
  })],
  [/train chain with fixed choices/, inceptionTraining],
  [/pad 4, crop at/, cifarnetTraining],
  [/hsv_to_rgb/, async (c) => ({ values: await changed(c, "vr"), tolerance: HUE })],
  [/rgb_to_hsv/, async (c) => ({ values: await changed(c, "v"), tolerance: HUE })],
  [/rgb_to_grayscale/, gray],
  [/draw_bounding_boxes/, boxed],
];
