/**
 * Prints a graph's inputs, likely outputs, parameters and operations, as TensorFlow's summarize_graph does.
 *
 * Usage: deno task summarize_graph --in_graph=frozen.pb, or deno run --allow-read tools/summarize_graph.ts --help
 *
 * @module
 */
import { decodeGraph } from "../formats/graph_def/graph_def.ts";
import { summarizeGraph } from "../graphs/graph_def/summarize.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool } from "./_flags.ts";

const flags = defineFlags("Summarizes a TensorFlow graph.", {
  in_graph: { type: "path", required: true, help: "The graph, binary (.pb) or text (.pbtxt)" },
  print_structure: { type: "boolean", help: "Print each node with its inputs as well" },
});

/** Runs the tool; 1 if inputs of nodes are missing. */
export async function main(args: string[]): Promise<number> {
  const { in_graph, print_structure } = flags.parse(args);
  const graph = decodeGraph(await denoFiles.read(in_graph), in_graph);
  const { lines, warnings, isValid } = summarizeGraph(graph, in_graph, print_structure);
  for (const warning of warnings) console.error(warning);
  console.log(lines.join("\n"));
  if (isValid) return 0;
  throw new Error(`Cannot use "${in_graph}": inputs of its nodes are not in the graph`);
}

if (import.meta.main) await runTool(main);
