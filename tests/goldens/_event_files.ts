/** Event files that TensorFlow wrote, checked event by event, and written again. */

import { inflate } from "../../formats/compression.ts";
import { decodeEvent, encodeEvent, type TfEvent } from "../../formats/events/event.ts";
import type { Histogram } from "../../formats/events/histogram.ts";
import type { SummaryValue } from "../../formats/events/summary.ts";
import { decodePng } from "../../formats/png.ts";
import { eachField } from "../../formats/protobuf.ts";
import { decodeTfRecords } from "../../formats/tfrecord.ts";
import { ExactChecks, numberOf, readJson, toHex } from "./report.ts";

interface EventAbout {
  wall_time: number;
  step: number;
  what: TfEvent["what"];
  record_bytes: number;
  file_version: string;
  /** Of graphs. */
  bytes: number;
  nodes: number;
  first_nodes: [name: string, op: string][];
  collections: string[];
  session_log: { status: string; checkpoint_path: string };
  /** Not of every summary of a long run. */
  values?: ValueAbout[];
}

interface ValueAbout {
  tag: string;
  kind: SummaryValue["kind"];
  simple_value: number | string;
  histo: Omit<Histogram, "sumSquares" | "bucket" | "bucketLimit"> & {
    sum_squares: number;
    buckets: number;
    first3: [limit: number, count: number][];
  };
  image: { height: number; width: number; colorspace: number; png_bytes: number; png_sha256: string };
  metadata?: { display_name: string; plugin_name: string; plugin_content_hex: string; data_class: number };
  tensor: { dtype: string; shape: number[]; values: (number | string | { bytes: number; sha256: string })[] };
}

/** Checks a file, gzipped or not, with what the JSON beside it says. */
export async function checkEventFile(path: string, about: string): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const { bytes, events }: { bytes: number; events: EventAbout[] } = await readJson(about);
  const stored = await Deno.readFile(path);
  const file = inflate(stored, path.endsWith(".gz") ? "GZIP" : "", 2 ** 31, path).data;
  checks.equal(file.length, bytes, "bytes");
  const records = [...decodeTfRecords(file, { path, compression: "" })];
  checks.equal(records.length, events.length, "number of events");
  for (const [i, record] of records.slice(0, events.length).entries()) {
    const event = decodeEvent(record);
    checks.equal(record.length, events[i].record_bytes, `event ${i}: bytes`);
    await checkEvent(checks, `event ${i}`, event, events[i]);
    checks.equal(encodeEvent(event), record, `event ${i} written again`);
  }
  return checks;
}

async function checkEvent(checks: ExactChecks, name: string, event: TfEvent, about: EventAbout) {
  checks.equal(event.wallTime, about.wall_time, `${name}: wall_time`);
  checks.equal(event.step, about.step, `${name}: step`);
  checks.equal(event.what, about.what, `${name}: what`);
  if (event.what === "file_version") {
    checks.equal(event.fileVersion, about.file_version, `${name}: file_version`);
  } else if (event.what === "graph_def") {
    checks.equal(event.graphDef.length, about.bytes, `${name}: bytes of the graph`);
    const nodes = nodesOf(event.graphDef);
    checks.equal(nodes.length, about.nodes, `${name}: nodes`);
    checks.equal(nodes.slice(0, about.first_nodes.length), about.first_nodes, `${name}: first nodes`);
  } else if (event.what === "meta_graph_def") {
    checks.equal(event.metaGraphDef.length, about.bytes, `${name}: bytes of the graph`);
    const { nodes, collections } = readMetaGraph(event.metaGraphDef);
    checks.equal(nodes, about.nodes, `${name}: nodes`);
    checks.equal(collections, about.collections, `${name}: collections`);
  } else if (event.what === "session_log") {
    checks.equal(event.status, about.session_log.status, `${name}: status`);
    checks.equal(event.checkpointPath, about.session_log.checkpoint_path, `${name}: checkpoint_path`);
  } else if (event.what === "summary" && Array.isArray(about.values)) {
    checks.equal(event.values.map(({ tag }) => tag), about.values.map(({ tag }) => tag), `${name}: tags`);
    for (const [i, value] of event.values.entries()) {
      await checkValue(checks, `${name}, ${value.tag}`, value, about.values[i]);
    }
  }
}

async function checkValue(checks: ExactChecks, name: string, value: SummaryValue, about: ValueAbout) {
  checks.equal(value.kind, about.kind, `${name}: kind`);
  const { metadata } = value;
  checks.equal(metadata === undefined, about.metadata === undefined, `${name}: lack of metadata`);
  if (metadata && about.metadata) {
    checks.equal(metadata.displayName, about.metadata.display_name, `${name}: display_name`);
    checks.equal(metadata.pluginName, about.metadata.plugin_name, `${name}: plugin_name`);
    checks.equal(toHex(metadata.pluginContent), about.metadata.plugin_content_hex, `${name}: plugin_content`);
    checks.equal(metadata.dataClass, about.metadata.data_class, `${name}: data_class`);
  }
  if (!(value.kind in about)) return; // Of a long run, some values are only named.
  if (value.kind === "simple_value") {
    checks.equal(value.simpleValue, Math.fround(numberOf(about.simple_value)), `${name}: simple_value`);
  } else if (value.kind === "histo") {
    const { min, max, num, sum, sumSquares, bucketLimit, bucket } = value.histogram, { histo } = about;
    checks.equal(
      [min, max, num, sum, sumSquares, bucket.length],
      [histo.min, histo.max, histo.num, histo.sum, histo.sum_squares, histo.buckets],
      `${name}: min, max, num, sum, sum_squares, buckets`,
    );
    const first = histo.first3.map((_, i) => [bucketLimit[i], bucket[i]]);
    checks.equal(first, histo.first3, `${name}: first buckets`);
  } else if (value.kind === "image") {
    const { height, width, colorspace, png } = value.image, { image } = about;
    checks.equal(
      [height, width, colorspace],
      [image.height, image.width, image.colorspace],
      `${name}: shape`,
    );
    checks.equal(png.length, image.png_bytes, `${name}: png_bytes`);
    checks.equal(await sha256(png), image.png_sha256, `${name}: png_sha256`);
    const picture = decodePng(png);
    checks.equal(
      [picture.height, picture.width, picture.channels],
      [height, width, colorspace],
      `${name}: shape of the PNG`,
    );
  } else if (value.kind === "tensor") {
    const { dtype, shape, data } = value.tensor, { tensor } = about;
    checks.equal(dtype, tensor.dtype, `${name}: dtype`);
    checks.equal(shape, tensor.shape, `${name}: shape`);
    checks.equal(data.length, tensor.values.length, `${name}: number of values`);
    for (const [i, expected] of tensor.values.slice(0, data.length).entries()) {
      await checkTensorValue(checks, `${name}: value ${i}`, data[i], expected, dtype);
    }
  }
}

async function checkTensorValue(
  checks: ExactChecks,
  name: string,
  value: number | bigint | Uint8Array,
  expected: ValueAbout["tensor"]["values"][number],
  dtype: string,
) {
  if (!(value instanceof Uint8Array)) {
    const number = numberOf(expected as number | string);
    checks.equal(Number(value), dtype === "float32" ? Math.fround(number) : number, name);
  } else if (typeof expected === "object") {
    checks.equal(value.length, expected.bytes, `${name}: bytes`);
    checks.equal(await sha256(value), expected.sha256, `${name}: sha256`);
  } else checks.equal(new TextDecoder().decode(value), expected, name);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice())));
}

/** Names and operations of a `GraphDef`'s nodes. */
function nodesOf(graphDef: Uint8Array): [string, string][] {
  return messagesOf(graphDef, 1).map((node) => [textOf(node, 1), textOf(node, 2)]);
}

/** Number of nodes and sorted names of collections of a `MetaGraphDef`. */
function readMetaGraph(metaGraph: Uint8Array): { nodes: number; collections: string[] } {
  const nodes = messagesOf(metaGraph, 2).reduce((sum, graph) => sum + nodesOf(graph).length, 0);
  return { nodes, collections: messagesOf(metaGraph, 4).map((entry) => textOf(entry, 1)).sort() };
}

function messagesOf(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== wanted) return false;
    found.push(reader.bytes());
    return true;
  });
  return found;
}

function textOf(bytes: Uint8Array, field: number): string {
  return new TextDecoder().decode(messagesOf(bytes, field).at(-1));
}
