/**
 * Exports a net: TensorFlow's graph as `export_inference_graph` writes it, or a model with weights in another format.
 *
 * Usage: deno task export --model_name=inception_v1 --output_file=graph.pb, or
 *   deno run --unstable-bundle --allow-read --allow-write tools/export.ts --help
 *
 * @module
 */
import { nets } from "../nets/nets_factory.ts";
import { chooseFormat, exportFormats } from "./_export_formats.ts";
import { exportDatasets, prepareExport } from "./_export_job.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";

/** The flags of the tool. */
export const exportFlags = defineFlags(
  "Exports a net as a graph, alone or with the weights of a checkpoint.",
  {
    format: {
      type: "choice",
      choices: Object.keys(exportFormats),
      default: "graphdef",
      group: "Output",
      help: "Format of the output",
    },
    output_file: {
      type: "path",
      required: true,
      group: "Output",
      help: "File to write; with --format=web, a folder",
    },
    write_text_graphdef: { type: "boolean", group: "Output", help: "Write the graph as text" },
    fold_batch_norm: {
      type: "boolean",
      group: "Output",
      help: "Make batch normalization part of the weights and biases before it",
    },
    model_name: {
      type: "choice",
      choices: [...nets.keys()],
      group: "Net",
      help: "Name of the net; without it that of --checkpoint_path's training, else inception_v3",
    },
    is_training: {
      type: "boolean",
      group: "Net",
      help: "Export the form for training: dropout, statistics of the batch",
    },
    image_size: { type: "int", min: 1, group: "Net", help: "Side of the images; without it the net's own" },
    default_image_size: {
      type: "retired",
      help: "every net has a size of its own; --image_size sets another",
    },
    batch_size: { type: "int", min: 1, group: "Net", help: "Number of images; without it any number" },
    use_grayscale: { type: "boolean", group: "Net", help: "Images of one channel instead of three" },
    final_endpoint: {
      type: "string",
      group: "Net",
      help: "End with this end point instead of the predictions",
    },
    dataset_name: {
      type: "choice",
      choices: exportDatasets,
      group: "Classes",
      help:
        "Data set, for the number of classes; without it that of --checkpoint_path's training, else imagenet",
    },
    dataset_dir: { type: "path", group: "Classes", help: "Its directory, for the names in labels.txt" },
    labels_offset: {
      type: "int",
      min: 0,
      group: "Classes",
      help: "Subtracted from the number of classes: 1 for VGG and ResNet, which have no background class",
    },
    checkpoint_path: {
      type: "path",
      group: "Weights",
      help: "A checkpoint's path, its folder, or a .safetensors file; without it the graph has no weights",
    },
    moving_average_decay: {
      type: "float",
      min: 0,
      max: 1,
      group: "Weights",
      help:
        "Give variables the values of their moving averages; without it as in --checkpoint_path's training, 0 for the variables themselves",
    },
    quantize: {
      type: "retired",
      neutral: "false",
      help: "quantized graphs are not written yet; export without it, in float32",
    },
    is_video_model: {
      type: "retired",
      neutral: "false",
      help: "none of the nets takes videos; give them one frame after another",
    },
    num_frames: { type: "retired", help: "none of the nets takes videos" },
  },
);

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = exportFlags.parse(args);
  const format = chooseFormat(values.format, values.checkpoint_path !== undefined, values.fold_batch_norm);
  if (values.write_text_graphdef && values.format !== "graphdef") {
    throw new UsageError(
      `Cannot use --write_text_graphdef with --format=${values.format}: it has no text form`,
    );
  }
  if (values.is_training && values.checkpoint_path !== undefined) {
    throw new UsageError(
      "Cannot use --is_training with --checkpoint_path: a model with weights is for inference",
    );
  }
  const job = await prepareExport(values);
  console.log(`${job.net.name}: ${await format.write(job, values)}; written to ${values.output_file}`);
  return 0;
}

if (import.meta.main) await runTool(main);
