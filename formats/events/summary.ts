/**
 * Summaries: named numbers, histograms, pictures and tensors of one step, as `Summary` messages hold them.
 *
 * The older form has fields for numbers, histograms and pictures; the newer one has a tensor for everything, and metadata
 * that say which plugin of TensorBoard shows it. Both are read; numbers are written in the older form.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Tensor } from "../checkpoint/tensor.ts";
import { MessageWriter } from "../message_writer.ts";
import { eachField } from "../protobuf.ts";
import { decodeHistogram, encodeHistogram, type Histogram, histogramOf } from "./histogram.ts";
import { decodeSummaryTensor, encodeSummaryTensor } from "./summary_tensor.ts";

/** A picture in a summary. */
export interface SummaryImage {
  /** Pixels down. */
  height: number;
  /** Pixels across. */
  width: number;
  /** Channels: 1 grey, 3 RGB, 4 RGBA. */
  colorspace: number;
  /** The PNG file. */
  png: Uint8Array;
}

/** How TensorBoard shows a tag. */
export interface SummaryMetadata {
  /** Such as `scalars`, `histograms`, `images`, `text`. */
  pluginName: string;
  /** The plugin's own. */
  pluginContent: Uint8Array;
  displayName: string;
  /** In Markdown. */
  description: string;
  /** 1 scalar, 2 tensor, 3 blob sequence; 0 not said. */
  dataClass: number;
}

/** What a summary holds; `other` is any field that this module does not know, kept as it is. */
export type SummaryContent =
  | { kind: "simple_value"; simpleValue: number }
  | { kind: "histo"; histogram: Histogram }
  | { kind: "image"; image: SummaryImage }
  | { kind: "tensor"; tensor: Tensor }
  | { kind: "other"; field: number; bytes: Uint8Array }
  | { kind: "nothing" };

/** One tag's value at one step. */
export type SummaryValue = { tag: string; metadata?: SummaryMetadata } & SummaryContent;

/** The summary of a number, which is stored as float32 and may be NaN. */
export function scalarSummary(tag: string, value: number): SummaryValue {
  return { tag, kind: "simple_value", simpleValue: Math.fround(value) };
}

/**
 * The summary of an array's distribution.
 *
 * @throws {RangeError} if a value is NaN or infinite
 */
export function histogramSummary(tag: string, values: ArrayLike<number>): SummaryValue {
  return { tag, kind: "histo", histogram: histogramOf(tag, values) };
}

/** The summary of a text in Markdown. */
export function textSummary(tag: string, text: string): SummaryValue {
  return {
    tag,
    metadata: { ...noMetadata(), pluginName: "text" },
    kind: "tensor",
    tensor: { dtype: "string", shape: [], data: [new TextEncoder().encode(text)] },
  };
}

/** The number of a scalar summary of either form, or `undefined` if it is none. */
export function scalarOf(value: SummaryValue): number | undefined {
  if (value.kind === "simple_value") return value.simpleValue;
  if (value.kind !== "tensor" || value.metadata?.pluginName !== "scalars") return undefined;
  const { dtype, shape, data } = value.tensor;
  return shape.length === 0 && (dtype === "float32" || dtype === "float64") ? data[0] : undefined;
}

function noMetadata(): SummaryMetadata {
  return { pluginName: "", pluginContent: new Uint8Array(), displayName: "", description: "", dataClass: 0 };
}

/** Serializes a `Summary`. */
export function encodeSummary(values: readonly SummaryValue[]): Uint8Array {
  const writer = new MessageWriter();
  for (const value of values) writer.message(1, encodeValue(value));
  return writer.finish();
}

function encodeValue(value: SummaryValue): MessageWriter {
  const writer = new MessageWriter().string(1, value.tag);
  if (value.kind === "simple_value") writer.float(2, value.simpleValue);
  else if (value.kind === "image") writer.message(4, encodeImage(value.image));
  else if (value.kind === "histo") writer.message(5, encodeHistogram(value.histogram));
  else if (value.kind === "tensor") writer.message(8, encodeSummaryTensor(value.tensor));
  else if (value.kind === "other") writer.message(value.field, value.bytes);
  if (value.metadata) writer.message(9, encodeMetadata(value.metadata));
  return writer;
}

function encodeImage({ height, width, colorspace, png }: SummaryImage): MessageWriter {
  return new MessageWriter().integer(1, height).integer(2, width).integer(3, colorspace).bytes(4, png);
}

function encodeMetadata(metadata: SummaryMetadata): MessageWriter {
  const plugin = new MessageWriter().string(1, metadata.pluginName).bytes(2, metadata.pluginContent);
  return new MessageWriter().message(1, plugin).string(2, metadata.displayName)
    .string(3, metadata.description).integer(4, metadata.dataClass);
}

/**
 * Reads a `Summary`.
 *
 * @throws {Error} if the bytes are no such message
 */
export function decodeSummary(bytes: Uint8Array): SummaryValue[] {
  const values: SummaryValue[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    values.push(decodeValue(reader.bytes()));
    return true;
  });
  return values;
}

function decodeValue(bytes: Uint8Array): SummaryValue {
  let tag = "", metadata: SummaryMetadata | undefined, content: SummaryContent = { kind: "nothing" };
  eachField(bytes, (field, reader) => {
    if (field === 1) tag = reader.string();
    else if (field === 2) content = { kind: "simple_value", simpleValue: reader.float() };
    else if (field === 4) content = { kind: "image", image: decodeImage(reader.bytes()) };
    else if (field === 5) content = { kind: "histo", histogram: decodeHistogram(reader.bytes()) };
    else if (field === 8) content = { kind: "tensor", tensor: decodeSummaryTensor(reader.bytes()) };
    else if (field === 9) metadata = decodeMetadata(reader.bytes());
    else if (field === 3 || field === 6) content = { kind: "other", field, bytes: reader.bytes() };
    else return false;
    return true;
  });
  return { tag, ...(metadata && { metadata }), ...content };
}

function decodeImage(bytes: Uint8Array): SummaryImage {
  const image: SummaryImage = { height: 0, width: 0, colorspace: 0, png: new Uint8Array() };
  eachField(bytes, (field, reader) => {
    if (field === 1) image.height = reader.int32();
    else if (field === 2) image.width = reader.int32();
    else if (field === 3) image.colorspace = reader.int32();
    else if (field === 4) image.png = reader.bytes();
    else return false;
    return true;
  });
  return image;
}

function decodeMetadata(bytes: Uint8Array): SummaryMetadata {
  const metadata = noMetadata();
  eachField(bytes, (field, reader) => {
    if (field === 1) {
      eachField(reader.bytes(), (field, reader) => {
        if (field === 1) metadata.pluginName = reader.string();
        else if (field === 2) metadata.pluginContent = reader.bytes();
        else return false;
        return true;
      });
    } else if (field === 2) metadata.displayName = reader.string();
    else if (field === 3) metadata.description = reader.string();
    else if (field === 4) metadata.dataClass = reader.int32();
    else return false;
    return true;
  });
  return metadata;
}
