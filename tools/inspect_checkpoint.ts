/**
 * Lists what a checkpoint holds: TensorFlow's V1 and V2, and SafeTensors.
 *
 * Usage: deno task inspect --checkpoint_path=runs/lenet, or deno run --allow-read tools/inspect_checkpoint.ts --help
 *
 * @module
 */
// @ts-types="../types/std_text.d.ts"
import { closestString } from "npm:deno-std@1.4.0/text/closest_string.js";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { elementsOf, numericTypes, type Tensor } from "../formats/checkpoint/tensor.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool } from "./_flags.ts";
import { formatTable } from "./_table.ts";
import { formatValues, jsonValues, type Statistics, statisticsOf } from "./_tensor_text.ts";

const flags = defineFlags("Lists the tensors of a checkpoint: names, types, shapes.", {
  checkpoint_path: {
    type: "path",
    required: true,
    help: "A checkpoint's path, its folder, or a .safetensors file",
  },
  statistics: { type: "boolean", help: "Read all values: least, greatest, mean, deviation, zeros" },
  tensor: { type: "string", help: "Name of one tensor, whose values to print" },
  json: { type: "boolean", help: "Print JSON" },
});

/** What is listed of a tensor. */
interface Row {
  name: string;
  dtype: string;
  shape: readonly number[];
  statistics?: Statistics;
}

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { checkpoint_path, statistics, tensor, json } = flags.parse(args);
  const reader = await openCheckpoint(denoFiles, checkpoint_path);
  const values = tensor === undefined ? undefined : await readTensor(reader, tensor);
  const rows: Row[] = [];
  for (const name of tensor === undefined ? reader.names() : [tensor]) {
    const row = { name, ...reader.tensors.get(name)! };
    rows.push(statistics ? { ...row, statistics: statisticsOf(values ?? await reader.read(name)) } : row);
  }
  if (json) {
    console.log(JSON.stringify(
      {
        path: reader.prefix,
        format: reader.format,
        metadata: Object.fromEntries(reader.metadata),
        tensors: rows,
        unsupported: Object.fromEntries(reader.unsupported),
        values: values && jsonValues(values),
      },
      null,
      2,
    ));
    return 0;
  }
  console.log([
    ...rows.length > 0 ? [formatTable(rows.map((row) => cells(row, statistics)))] : [],
    values === undefined ? summary(reader) : formatValues(values),
  ].join("\n\n"));
  return 0;
}

async function readTensor(reader: CheckpointReader, name: string): Promise<Tensor> {
  const names = [...reader.names(), ...reader.unsupported.keys()];
  if (names.includes(name) || names.length === 0) return await reader.read(name);
  throw new Error(
    `Cannot print "${name}": ${reader.prefix} has no such tensor; did you mean "${
      closestString(name, names)
    }"?`,
  );
}

function cells({ name, dtype, shape, statistics }: Row, isFull: boolean): Record<string, string> {
  return {
    name,
    type: dtype,
    shape: `[${shape.join(", ")}]`,
    ...isFull && {
      min: number(statistics?.min),
      max: number(statistics?.max),
      mean: number(statistics?.mean),
      std: number(statistics?.std),
      "not finite": number(statistics?.non_finite),
      zeros: statistics === undefined ? "-" : `${(100 * statistics.zeros).toFixed(1)}%`,
    },
  };
}

/** Five digits, of whole numbers all; what is far from 1 with an exponent. */
function number(value: number | null | undefined): string {
  if (value == null) return "-";
  if (Number.isSafeInteger(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? value.toExponential(4) : String(Number(value.toPrecision(5)));
}

/** Counts, and what else there is. */
function summary(reader: CheckpointReader): string {
  const all = [...reader.tensors.values()];
  const values = all.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  const bytes = all.reduce(
    (sum, { dtype, shape }) => sum + (dtype === "string" ? 0 : elementsOf(shape) * numericTypes[dtype].size),
    0,
  );
  return [
    ...[...reader.metadata].map(([key, text]) => `${key}: ${text}`),
    ...[...reader.unsupported].map(([name, type]) => `${name}: its type ${type} is not supported`),
    `${all.length.toLocaleString("en")} tensors of ${values.toLocaleString("en")} values, ` +
    `${(bytes / 2 ** 20).toFixed(2)} MiB, in ${reader.prefix} (${reader.format})`,
  ].join("\n");
}

if (import.meta.main) await runTool(main);
