/**
 * Flags of tools/predict.ts.
 *
 * @module
 */
import { defineFlags } from "./_flags.ts";
import { adapterFlags, datasetFlags, modelFlags, precisionFlag } from "./_model_flags.ts";
import { readingFlags } from "./_reading.ts";

const model = { group: "Model" } as const;
const net = { group: "Net" } as const;

/** All flags, and the pictures. */
export const predictionFlags = defineFlags(
  `Classifies pictures with a trained net, a frozen graph or a model of ONNX.

Of the group Net, and for names of classes, what is left out is as in the training's flags.json beside the checkpoint, or as
noted in a graph that tools/export.ts wrote.`,
  {
    train_dir: { ...model, type: "path", help: "Directory of a training, whose newest checkpoint is taken" },
    checkpoint_path: {
      ...model,
      type: "path",
      help: "Checkpoint, or a .safetensors file; without it and --graph the training in runs/MODEL_NAME",
    },
    graph: {
      ...model,
      type: "path",
      help: "A frozen TensorFlow graph or an .onnx file, instead of a checkpoint",
    },
    input_layer: {
      ...model,
      type: "string",
      help: "Node of --graph that gets the images; without it its placeholder",
    },
    output_layer: {
      ...model,
      type: "string",
      help: "Node of --graph with the scores; without it its only output or softmax",
    },
    ...modelFlags,
    model_name: {
      ...modelFlags.model_name,
      default: undefined,
      help: "Name of the net; without it and flags.json lenet",
    },
    exif_orientation: { ...readingFlags.exif_orientation, ...net },
    eval_image_size: { ...net, type: "int", min: 1, help: "Side of the images; without it the net's own" },
    moving_average_decay: {
      ...net,
      type: "float",
      min: 0,
      max: 1,
      help: "Use the variables' moving averages; without it or with 0 the variables themselves",
    },
    labels: { group: "Classes", type: "path", help: "Names of the classes: one a line, or number:name" },
    ...datasetFlags,
    top: { group: "Output", type: "int", default: 5, min: 1, help: "Classes to print of each picture" },
    json: { group: "Output", type: "boolean", help: "Print a line of JSON for each picture" },
    batch_size: { group: "Device", type: "int", default: 16, min: 1, help: "Pictures computed at once" },
    precision: precisionFlag,
    ...adapterFlags,
  },
  {
    name: "PICTURE...",
    min: 1,
    help: "JPEG and PNG files, folders of them, http(s) addresses, or - for standard input",
  },
);

/** Values of the flags. */
export type PredictionValues = ReturnType<typeof predictionFlags.parse>;
