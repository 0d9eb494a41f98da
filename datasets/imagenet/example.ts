/**
 * ImageNet's records: one tf.Example a picture, with the features of TF-Slim's `build_imagenet_data.py`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import {
  bytesFeature,
  encodeExample,
  type Feature,
  floatFeature,
  int64Feature,
} from "../../formats/example.ts";

/** What is known of a picture besides its pixels. */
export interface ImageFacts {
  /** Name of its file, without folders. */
  name: string;
  /** Its class, from 1 on. */
  label: number;
  /** Its class in WordNet. */
  synset: string;
  /** Its class in words. */
  text: string;
  /** Boxes around things of its class, `[xmin, ymin, xmax, ymax]` each, as shares of its sides. */
  boxes: readonly (readonly number[])[];
}

/** A picture's file and the size of what is in it. */
export interface EncodedPicture {
  encoded: Uint8Array;
  height: number;
  width: number;
}

/** The features of a record that do not depend on the picture's file. */
export function factFeatures({ name, label, synset, text, boxes }: ImageFacts): Record<string, Feature> {
  const corner = (i: number) => floatFeature(...boxes.map((box) => box[i]));
  return {
    "image/class/label": int64Feature(label),
    "image/class/synset": bytesFeature(synset),
    "image/class/text": bytesFeature(text),
    "image/filename": bytesFeature(name),
    "image/object/bbox/xmin": corner(0),
    "image/object/bbox/ymin": corner(1),
    "image/object/bbox/xmax": corner(2),
    "image/object/bbox/ymax": corner(3),
    "image/object/bbox/label": int64Feature(...boxes.map(() => label)),
    // The same for all pictures, even those that hold grey or inks: readers make RGB of them.
    "image/colorspace": bytesFeature("RGB"),
    "image/channels": int64Feature(3),
    "image/format": bytesFeature("JPEG"),
  };
}

/** Serializes a record. */
export function encodeImagenetExample(
  facts: ImageFacts,
  { encoded, height, width }: EncodedPicture,
): Uint8Array {
  return encodeExample({
    ...factFeatures(facts),
    "image/encoded": bytesFeature(encoded),
    "image/height": int64Feature(height),
    "image/width": int64Feature(width),
  });
}
