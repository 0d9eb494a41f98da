/**
 * Preprocessing of LeNet: the same in training and evaluation.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { imageWindow } from "../tape/ops/image.ts";
import type { Preprocessing } from "./preprocessing.ts";

/**
 * Crops or pads to size and maps 0..255 to -1..1 as (x - 128) / 128, padding (0) to -1.
 *
 * As in TF-Slim, height and width change places on the way, which shows only where they differ.
 */
export const lenetPreprocessing: Preprocessing = (images, { height, width, step }) =>
  imageWindow(images, step, { size: [width, height], scale: 1 / 128, shift: -1 });
