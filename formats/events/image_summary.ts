/**
 * Pictures for summaries: numbers of any range become bytes as TensorFlow's `tf.summary.image` makes them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { encodePng, type Picture } from "../png.ts";
import type { SummaryValue } from "./summary.ts";

/** A batch of pictures: [count, height, width, channels], row-major, of 1, 3 or 4 channels. */
export interface PictureBatch {
  shape: readonly [number, number, number, number];
  /** Bytes are shown as they are, floats are scaled. */
  data: Uint8Array | Float32Array;
}

/** Colour of pixels that are not finite: red, as far as there are channels. */
const badColor = [255, 0, 0, 255];
/** Pictures whose largest magnitude is below this are not scaled up but shown as zeros. */
const zeroThreshold = 1e-6;

/**
 * Makes the summaries of the first pictures of a batch.
 *
 * The tags are `<tag>/image/0`, `<tag>/image/1` and so on; `<tag>/image` if `maxOutputs` is 1.
 *
 * @param maxOutputs most pictures to take
 * @throws {TypeError} if the shape does not fit the data, or has other than 1, 3 or 4 channels
 * @throws {RangeError} if `maxOutputs` is no integer above 0
 */
export function imageSummaries(tag: string, batch: PictureBatch, maxOutputs = 3): SummaryValue[] {
  const { shape: [count, height, width, channels], data } = batch, size = height * width * channels;
  if (![1, 3, 4].includes(channels) || data.length !== count * size) {
    throw new TypeError(
      `Cannot make the image summary "${tag}" of shape [${batch.shape}] from ${data.length} values: ` +
        "give count * height * width * channels values with 1, 3 or 4 channels",
    );
  }
  if (!Number.isInteger(maxOutputs) || maxOutputs < 1) {
    throw new RangeError(`Cannot make ${maxOutputs} pictures of "${tag}": ask for 1 or more`);
  }
  return Array.from({ length: Math.min(count, maxOutputs) }, (_, i) => {
    const pixels = data.subarray(i * size, (i + 1) * size);
    const picture: Picture = {
      width,
      height,
      channels,
      data: pixels instanceof Uint8Array ? pixels : scaleToBytes(pixels, channels),
    };
    return {
      tag: maxOutputs === 1 ? `${tag}/image` : `${tag}/image/${i}`,
      kind: "image",
      image: { height, width, colorspace: channels, png: encodePng(picture) },
    };
  });
}

/**
 * Brings one picture into 0 to 255, in float32 arithmetic. Without negative numbers the largest becomes 255; with some, 0
 * becomes 128 and the largest magnitude 127 away from it. Pixels with a number that is not finite become red and do not
 * count for the largest.
 */
export function scaleToBytes(pixels: Float32Array, channels: number): Uint8Array {
  const bad = new Set<number>();
  pixels.forEach((value, i) => Number.isFinite(value) || bad.add(Math.floor(i / channels)));
  let min = Infinity, max = -Infinity;
  pixels.forEach((value, i) => {
    if (bad.has(Math.floor(i / channels))) return;
    min = Math.min(min, value);
    max = Math.max(max, value);
  });
  const [top, offset, largest] = min < 0 ? [127, 128, Math.max(-min, max)] : [255, 0, max];
  const scale = largest < zeroThreshold ? 0 : Math.fround(top / largest);
  return Uint8Array.from(
    pixels,
    (value, i) =>
      bad.has(Math.floor(i / channels))
        ? badColor[i % channels]
        : Math.fround(Math.fround(value * scale) + offset),
  );
}
