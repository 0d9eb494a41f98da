/**
 * Preprocessing of CifarNet.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { imageWindow, perImageStandardization, randomContrast } from "../tape/ops/image.ts";
import type { Preprocessing } from "./preprocessing.ts";

/**
 * For training: four zeros around, a random crop, flips, contrast between 0.2 and 1.8, standardization. For evaluation: crop
 * or pad to size, standardization.
 *
 * TF-Slim's random brightness adds one number to all pixels of an image, which the standardization takes away again, so it is
 * not computed. In evaluation height and width change places, as in TF-Slim, which shows only where they differ.
 */
export const cifarnetPreprocessing: Preprocessing = (images, { height, width, isTraining, step, seed }) => {
  if (!isTraining) return perImageStandardization(imageWindow(images, step, { size: [width, height] }));
  const cropped = imageWindow(images, step, { size: [height, width], pad: 4, random: true, seed });
  return perImageStandardization(randomContrast(cropped, step, { lower: 0.2, upper: 1.8, seed }));
};
