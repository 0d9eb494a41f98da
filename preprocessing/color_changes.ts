/**
 * Changes of an image's colours, in the order in which they are made.
 *
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Changes by the letters that stand for them, in the order of their numbers on the device: brightness, saturation, hue,
 * contrast, `tf.image.rgb_to_hsv` and, back again, `tf.image.hsv_to_rgb`.
 */
const LETTERS = "bshcvr";

/** Amounts of the changes; one that is not made may have any. */
export interface ColorAmounts {
  /** Added to each value: `tf.image.adjust_brightness`. @default {0} */
  readonly brightness?: number;
  /** Factor of the saturation, which is then cut to 0..1: `tf.image.adjust_saturation`. @default {1} */
  readonly saturation?: number;
  /** Added to the hue, in turns: `tf.image.adjust_hue`. @default {0} */
  readonly hue?: number;
  /** Factor of the distance from each channel's mean: `tf.image.adjust_contrast`. @default {1} */
  readonly contrast?: number;
}

/** Changes as the device takes them, see kernels/image_common.wgsl. */
export interface ColorChanges extends Required<ColorAmounts> {
  /** Which, and in what order. */
  readonly changes: number;
}

/**
 * Changes of an image's colours.
 *
 * @param order for instance "bshc": brightness, saturation, hue, contrast; "v" and "r" go to HSV and back
 */
export function colorChanges(
  order: string,
  { brightness = 0, saturation = 1, hue = 0, contrast = 1 }: ColorAmounts,
): ColorChanges {
  let changes = 0;
  [...order].forEach((letter, i) => changes |= (LETTERS.indexOf(letter) + 1) << 4 * i);
  return { changes, brightness, saturation, hue, contrast };
}
