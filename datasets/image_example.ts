/**
 * The pictures of TF-Slim's classification records: one tf.Example each, with these features.
 *
 * | feature | |
 * | --- | --- |
 * | `image/encoded` | the picture's file, byte for byte |
 * | `image/format` | its kind, `png` or `jpg`; written, not believed: the content tells |
 * | `image/class/label` | its class |
 * | `image/height`, `image/width` | its size; written, not read |
 *
 * This module is browser compatible.
 *
 * @module
 */

import {
  bytesFeature,
  encodeExample,
  type FeatureSpec,
  int64Feature,
  parseSingleExample,
} from "../formats/example.ts";

/** A picture as a record holds it. */
export interface EncodedImage {
  /** The picture's file. */
  encoded: Uint8Array;
  /** Its kind, as `image/format` names it. */
  format: string;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Class. */
  label: number;
}

/** Serializes a picture and its class, as TF-Slim's `image_to_tfexample`. */
export function encodeImageExample({ encoded, format, height, width, label }: EncodedImage): Uint8Array {
  return encodeExample({
    "image/encoded": bytesFeature(encoded),
    "image/format": bytesFeature(format),
    "image/class/label": int64Feature(label),
    "image/height": int64Feature(height),
    "image/width": int64Feature(width),
  });
}

const one = { length: "fixed", shape: [] } as const;
const specs: Record<"image/encoded" | "image/format" | "image/class/label", FeatureSpec> = {
  "image/encoded": { ...one, kind: "bytes" },
  "image/format": { ...one, kind: "bytes", default: [new TextEncoder().encode("png")] },
  "image/class/label": { ...one, kind: "int64" },
};

/**
 * Reads the picture of a record without decoding it.
 *
 * @param record a serialized tf.Example
 * @throws {ExampleError} if a feature is missing or of another type
 */
export function readImageExample(record: Uint8Array): Omit<EncodedImage, "height" | "width"> {
  const parsed = parseSingleExample(record, specs);
  return {
    encoded: parsed["image/encoded"].value[0] as Uint8Array,
    format: new TextDecoder().decode(parsed["image/format"].value[0] as Uint8Array),
    label: Number(parsed["image/class/label"].value[0]),
  };
}
