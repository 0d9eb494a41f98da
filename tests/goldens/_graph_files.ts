/** Reference graphs: files that may be compressed, listings of their nodes, checkpoints whose weights are formulas. */
import type { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import { openCheckpoint } from "../../formats/checkpoint/open.ts";
import { writeCheckpoint } from "../../formats/checkpoint/writer.ts";
import { memoryFiles } from "../../formats/files.ts";
import { shapeAttribute } from "../../formats/graph_def/attributes.ts";
import { decodeGraph } from "../../formats/graph_def/graph_def.ts";
import type { GraphDef } from "../../formats/graph_def/graph_pb.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { randomValues } from "./_formula.ts";
import type { ExactChecks } from "./report.ts";

/** Reads a file, gzipped if its name says so. */
export async function readPacked(path: string): Promise<Uint8Array> {
  const { readable } = await Deno.open(path);
  const stream = path.endsWith(".gz") ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether there is a file of that name. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Reads a graph, from the compressed file if there is no other. */
export async function readGraph(path: string): Promise<GraphDef> {
  const stored = await exists(path) ? path : `${path}.gz`;
  return decodeGraph(await readPacked(stored), path);
}

/** A `.nodes.json` file: name, operation and inputs of every node; of long graphs the ends only, with a text between. */
export interface Listing {
  readonly bytes: number;
  readonly producer: number;
  readonly min_consumer: number;
  readonly num_nodes: number;
  readonly library_functions: number;
  readonly nodes: readonly ([name: string, op: string, inputs: string[]] | string)[];
}

/** Compares the nodes of a graph with a listing. */
export function checkNodes(checks: ExactChecks, { node }: GraphDef, { num_nodes, nodes }: Listing): void {
  checks.equal(node.length, num_nodes, "number of nodes");
  const gap = nodes.findIndex((entry) => typeof entry === "string");
  for (const [i, entry] of nodes.entries()) {
    if (typeof entry === "string") continue;
    const place = gap < 0 || i < gap ? i : node.length - nodes.length + i, ours = node[place];
    checks.equal([ours?.name, ours?.op], entry.slice(0, 2), `node ${place} of the listing`);
    checks.equal(ours?.input, entry[2], `inputs of node ${place} of the listing`);
  }
}

/** A checkpoint for a graph: every variable has values of the stream `graphdef/NAME`, within 0.1 of 0. */
export async function formulaCheckpoint({ node }: GraphDef): Promise<CheckpointReader> {
  const files = memoryFiles(), variables = node.filter(({ op }) => op === "VariableV2");
  const tensors = variables.map((variable) => {
    const shape = shapeAttribute(variable, "shape")!;
    const data = randomValues(`graphdef/${variable.name}`, sizeOf(shape), 0.1);
    return [variable.name, { dtype: "float32", shape, data }] as const;
  });
  await writeCheckpoint(files, "formula", new Map(tensors));
  return await openCheckpoint(files, "formula");
}
