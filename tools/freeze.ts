/**
 * Makes a frozen graph of a graph and a checkpoint, as TensorFlow's freeze_graph does.
 *
 * Usage: deno task freeze --input_graph=graph.pb --input_checkpoint=runs/lenet --output_node_names=Predictions/Reshape_1
 * --output_graph=frozen.pb, or deno run --allow-read --allow-write tools/freeze.ts --help
 *
 * @module
 */
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import { decodeGraph, decodeMetaGraph, encodeGraph, printGraph } from "../formats/graph_def/graph_def.ts";
import { freezeGraph } from "../graphs/graph_def/freeze.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";

const flags = defineFlags("Freezes a graph: its variables become constants with a checkpoint's values.", {
  input_graph: { type: "path", help: "The graph, binary (.pb) or text (.pbtxt)" },
  input_meta_graph: { type: "path", help: "A .meta file with the graph, instead of --input_graph" },
  input_checkpoint: {
    type: "path",
    required: true,
    help: "A checkpoint's path, its folder, or a .safetensors file",
  },
  output_node_names: {
    type: "list",
    required: true,
    help: "Nodes that the frozen graph computes, separated by commas",
  },
  output_graph: { type: "path", required: true, help: "File to write; as text if it ends with .pbtxt" },
  clear_devices: {
    type: "boolean",
    default: true,
    help: "Nodes forget the devices that they were meant for",
  },
  variable_names_whitelist: {
    type: "list",
    help: "Variables to freeze, separated by commas; all if left out",
  },
  variable_names_denylist: { type: "list", help: "Variables to leave as they are, separated by commas" },
  variable_names_blacklist: { type: "list", help: "The same under its name in TensorFlow 1" },
  input_binary: { type: "boolean", help: "Not needed: whether a file is binary or text is seen in it" },
  input_saver: { type: "retired", help: "the checkpoint is read by the variables' names" },
  restore_op_name: { type: "retired", help: "the checkpoint is read by the variables' names" },
  filename_tensor_name: { type: "retired", help: "the checkpoint is read by the variables' names" },
  initializer_nodes: { type: "retired", help: "no tables are initialized, since no net here has one" },
  input_saved_model_dir: {
    type: "retired",
    neutral: "",
    help: "SavedModels are not read; give the graph and the checkpoint",
  },
  saved_model_tags: { type: "retired", help: "SavedModels are not read" },
  checkpoint_version: { type: "retired", help: "V1, V2 and SafeTensors are told apart by the files" },
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const {
    input_graph,
    input_meta_graph,
    input_checkpoint,
    output_graph,
    output_node_names,
    clear_devices,
    variable_names_whitelist,
    variable_names_denylist = [],
    variable_names_blacklist = [],
  } = flags.parse(args);
  const path = input_graph ?? input_meta_graph;
  if (path === undefined || (input_graph !== undefined && input_meta_graph !== undefined)) {
    throw new UsageError(
      "Cannot tell which graph to freeze: give either --input_graph or --input_meta_graph",
    );
  }
  if (output_node_names.length === 0) throw new UsageError("Cannot use --output_node_names=: name a node");
  const bytes = await denoFiles.read(path);
  const graph = input_graph === undefined ? decodeMetaGraph(bytes, path) : decodeGraph(bytes, path);
  const checkpoint = await openCheckpoint(denoFiles, input_checkpoint);
  const result = await freezeGraph(graph, checkpoint, {
    outputs: output_node_names,
    only: variable_names_whitelist,
    except: [...variable_names_denylist, ...variable_names_blacklist],
    clearDevices: clear_devices,
  });
  const isText = output_graph.endsWith(".pbtxt");
  await denoFiles.write(output_graph, [
    isText ? new TextEncoder().encode(printGraph(result.graph)) : encodeGraph(result.graph),
  ]);
  console.log(`Converted ${result.frozen} variables to constants.`);
  console.log(`${result.graph.node.length} ops in the final graph, ${output_graph}.`);
  return 0;
}

if (import.meta.main) await runTool(main);
