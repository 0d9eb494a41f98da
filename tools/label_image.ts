/**
 * Labels a picture with a frozen TensorFlow graph or a model of ONNX, as TensorFlow's label_image does: the five best classes
 * and their scores.
 *
 * Usage: deno task label_image --graph=frozen.pb --labels=labels.txt --image=photo.jpg, or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi tools/label_image.ts --help
 * (ffi and env find the Vulkan driver; writing concerns the user's cache directory).
 *
 * @module
 */
import { decodeGraph } from "../formats/graph_def/graph_def.ts";
import { decodeOnnx } from "../formats/onnx/read.ts";
import { joinPath } from "../formats/paths.ts";
import { general } from "../graphs/graph_def/tensor_text.ts";
import { denoFiles } from "../host/files.ts";
import { ProgressLine } from "../host/terminal.ts";
import { readClassNames } from "./_class_names.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { graphScorer, onnxScorer, recordLabelling, scoresOf } from "./_label_image.ts";
import { adapterFlags, openDevice } from "./_model_flags.ts";
import { topScores } from "../training/scores.ts";

const flags = defineFlags(
  "Prints the best five classes of a picture, by a frozen TensorFlow graph or a model of ONNX.",
  {
    image: { type: "path", required: true, help: "A JPEG or PNG" },
    graph: {
      type: "path",
      required: true,
      help: "A frozen graph, binary (.pb) or text (.pbtxt), or a model of ONNX (.onnx)",
    },
    labels: { type: "path", help: "Names of the classes, one a line, or number:name; numbers if left out" },
    input_width: { type: "int", default: 299, min: 1, help: "Width that the picture is resized to" },
    input_height: { type: "int", default: 299, min: 1, help: "Height that the picture is resized to" },
    input_mean: {
      type: "list",
      default: ["0"],
      help: "Subtracted from pixels of 0 to 255: a number, or one for each of red, green and blue",
    },
    input_std: { type: "float", default: 255, help: "What the difference is divided by" },
    input_layer: { type: "string", default: "input", help: "Node that gets the picture; ONNX has one" },
    output_layer: {
      type: "string",
      default: "InceptionV3/Predictions/Reshape_1",
      help: "Node that gives the scores",
    },
    root_dir: { type: "path", help: "Folder that --image and --graph are in" },
    self_test: {
      type: "retired",
      neutral: "false",
      help: "it is for a picture that TensorFlow's sources have",
    },
    ...adapterFlags,
  },
);

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args), { input_std: inputStd, root_dir } = values;
  const inputMean = values.input_mean.map(Number);
  if (![1, 3].includes(inputMean.length) || !inputMean.every(Number.isFinite)) {
    throw new UsageError(`Cannot use --input_mean=${values.input_mean}: give one number or three`);
  }
  if (inputStd === 0) throw new UsageError("Cannot use --input_std=0: it divides");
  const [graphPath, imagePath] = [values.graph, values.image].map((path) =>
    root_dir === undefined ? path : joinPath(root_dir, path)
  );
  const graph = await denoFiles.read(graphPath), { input_layer, output_layer } = values;
  const scorer = graphPath.endsWith(".onnx")
    ? onnxScorer(decodeOnnx(graph, graphPath), graphPath, output_layer)
    : graphScorer(decodeGraph(graph, graphPath), input_layer, output_layer);
  const picture = await denoFiles.read(imagePath);
  const names = values.labels === undefined ? undefined : await readClassNames(denoFiles, values.labels);
  const recorded = recordLabelling(scorer, picture, {
    inputHeight: values.input_height,
    inputWidth: values.input_width,
    inputMean,
    inputStd,
  });
  const progress = new ProgressLine(), gpu = await openDevice(values, progress);
  try {
    const scores = await scoresOf(gpu, recorded);
    progress.end(false);
    for (const { index, score } of topScores(scores, 5)) {
      console.log(`${names?.[index] ?? `class ${index}`} (${index}): ${general(score, 6)}`);
    }
    return 0;
  } finally {
    gpu.close();
  }
}

if (import.meta.main) await runTool(main);
