/**
 * Operations of preprocessing: bytes to floats, crops, flips, contrast, standardization. None of them has a gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import * as kernels from "../../kernels/image.ts";
import type { ImageShape } from "../../kernels/image.ts";
import { defineOperation, type Operation, type Shape, type Value } from "../tape.ts";

type Pair = readonly [number, number];

interface WindowAttributes extends kernels.ImageWindow {
  readonly size: Pair;
}
interface ContrastAttributes {
  readonly lower: number;
  readonly upper: number;
  readonly seed: number;
}

function images(shape: Shape): ImageShape {
  if (shape.length !== 4) throw new RangeError("images need 4 dimensions [n, height, width, channels]");
  return shape as unknown as ImageShape;
}

const windowOperation: Operation<WindowAttributes> = defineOperation<WindowAttributes>({
  name: "imageWindow",
  dtypes: ["u8", "u32"],
  infer: ([x], { size: [height, width], range }) => {
    const [n, h, w, channels] = images(x);
    if (range[0] < 1 || range[1] < 1) {
      throw new RangeError(`${h}x${w} images have no room for a crop of ${height}x${width}`);
    }
    return [[n, height, width, channels]];
  },
  lower: (e, { inputs: [x, step], outputs: [y], attributes: { size: _, ...window } }) =>
    kernels.imageWindow(e, images(x.shape), images(y.shape), window, { x, step, y }),
});

const momentsOperation: Operation<null> = defineOperation<null>({
  name: "imageMoments",
  infer: ([x]) => {
    const [n, , , channels] = images(x);
    return [[n, channels, 2]];
  },
  lower: (e, { inputs: [x], outputs: [moments] }) => kernels.imageMoments(e, images(x.shape), { x, moments }),
});

const contrastOperation: Operation<ContrastAttributes> = defineOperation<ContrastAttributes>({
  name: "randomContrast",
  dtypes: ["f32", "f32", "u32"],
  infer: ([x]) => [images(x)],
  lower: (e, { inputs: [x, moments, step], outputs: [y], attributes }) =>
    kernels.imageContrast(e, images(x.shape), attributes, { x, moments, step, y }),
});

const standardizationOperation: Operation<null> = defineOperation<null>({
  name: "perImageStandardization",
  infer: ([x]) => [images(x)],
  lower: (e, { inputs: [x, moments], outputs: [y] }) =>
    kernels.imageStandardization(e, images(x.shape), { x, moments, y }),
});

/** Options of {@linkcode imageWindow}. */
export interface ImageWindowOptions {
  /** [height, width] of the result. */
  readonly size: Pair;
  /** Zeros on each side before cropping. @default {0} */
  readonly pad?: number;
  /** A random place instead of the centre, and every second image mirrored. @default {false} */
  readonly random?: boolean;
  readonly seed?: number;
  /** y = scale * x + shift. @default {1 and 0} */
  readonly scale?: number;
  readonly shift?: number;
}

/**
 * Byte images as float images of another size: cropped or padded with zeros around the centre, as
 * `tf.image.resize_image_with_crop_or_pad`, or cropped at random and mirrored at random.
 *
 * @param x [n, height, width, channels], u8
 * @param step training step, uint32 [1]
 */
export function imageWindow(x: Value, step: Value, options: ImageWindowOptions): Value {
  const { size, pad = 0, random = false, seed = 0, scale = 1, shift = 0 } = options;
  const axis = (i: 0 | 1) => {
    const room = x.shape[1 + i] + 2 * pad - size[i]; // negative: the window is larger
    return random ? { corner: -pad, range: room + 1 } : { corner: Math.trunc(room / 2) - pad, range: 1 };
  };
  const [vertical, horizontal] = [axis(0), axis(1)];
  return x.tape.apply(windowOperation, [x, step], {
    size,
    corner: [vertical.corner, horizontal.corner],
    range: [vertical.range, horizontal.range],
    mirror: random,
    seed,
    scale,
    shift,
  }, "preprocessing")[0];
}

/** Contrast changed by a random factor in [lower, upper) for each image, as `tf.image.random_contrast`. */
export function randomContrast(x: Value, step: Value, attributes: ContrastAttributes): Value {
  const [moments] = x.tape.apply(momentsOperation, [x], null, "preprocessing");
  return x.tape.apply(contrastOperation, [x, moments, step], attributes, "preprocessing")[0];
}

/** Each image with mean 0 and deviation 1 over all its values, as `tf.image.per_image_standardization`. */
export function perImageStandardization(x: Value): Value {
  const [moments] = x.tape.apply(momentsOperation, [x], null, "preprocessing");
  return x.tape.apply(standardizationOperation, [x, moments], null, "preprocessing")[0];
}
