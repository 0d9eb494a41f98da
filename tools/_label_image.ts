/**
 * What TensorFlow's label_image computes: one picture, resized and normalized, through a frozen graph or a model of ONNX.
 *
 * @module
 */
import { decodePicture } from "../datasets/decode_picture.ts";
import { shapeAttribute } from "../formats/graph_def/attributes.ts";
import type { GraphDef } from "../formats/graph_def/graph_pb.ts";
import type { OnnxModel } from "../formats/onnx/read.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { onnxInput } from "../graphs/onnx/input.ts";
import { recordOnnx } from "../graphs/onnx/record.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { compile } from "../tape/compile.ts";
import { biasAdd, scale } from "../tape/ops/pointwise.ts";
import { resizeBilinear } from "../tape/ops/resize.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape, type Value } from "../tape/tape.ts";

/** How a picture becomes the graph's input. */
export interface Labelling {
  readonly inputHeight: number;
  readonly inputWidth: number;
  /** Subtracted from pixels of 0 to 255: one number, or one for each channel. */
  readonly inputMean: readonly number[];
  /** What the difference is divided by. */
  readonly inputStd: number;
}

/** (pixels - mean) / std, resized as `tf.image.resize_bilinear` does, without aligned corners. */
function prepare(pixels: Value, { inputHeight, inputWidth, inputMean, inputStd }: Labelling): Value {
  const { tape } = pixels, channels = pixels.shape[3];
  const negative = Float32Array.from({ length: channels }, (_, i) => -inputMean[i % inputMean.length]);
  const centred = biasAdd(
    resizeBilinear(pixels, [inputHeight, inputWidth]),
    tape.constant(negative, [channels]),
  );
  return scale(centred, 1 / inputStd);
}

/** What gives scores to images. */
export interface Scorer {
  /** Of the images: 1 grey, 3 red, green and blue. */
  readonly channels: 1 | 3;
  /** Records the scores of an image [1, height, width, channels]. */
  readonly record: (image: Value) => Value;
}

/** A graph of TensorFlow between two of its nodes. */
export function graphScorer(graph: GraphDef, inputLayer: string, outputLayer: string): Scorer {
  const input = inputLayer.replace(/:0$/, "");
  const placeholder = graph.node.find(({ name, op }) => name === input && op === "Placeholder");
  return {
    channels: placeholder && shapeAttribute(placeholder, "shape")?.at(-1) === 1 ? 1 : 3,
    record: (image) =>
      recordGraph(image.tape, graph, { feeds: { [input]: image }, outputs: [outputLayer] })[0],
  };
}

/** A model of ONNX, from its images to one of its outputs. */
export function onnxScorer(model: OnnxModel, path: string, outputLayer: string): Scorer {
  return {
    channels: onnxInput(model, path).channels === 1 ? 1 : 3,
    record(image) {
      const { outputs } = recordOnnx(image.tape, model, path, { images: image });
      const found = outputs.get(outputLayer);
      if (found) return found;
      throw new RangeError(
        `Cannot find output "${outputLayer}" in ${path}: it has ${[...outputs.keys()].join(", ")}`,
      );
    },
  };
}

/** A picture and a graph, put on a tape. */
export interface RecordedLabelling {
  readonly tape: Tape;
  readonly scores: Value;
  /** What is fed as `picture`, [1, height, width, channels]. */
  readonly pixels: Float32Array;
}

/**
 * Puts a JPEG or PNG and what scores it on a tape.
 *
 * @throws {DataLossError} if the picture is damaged
 * @throws {RangeError | TypeError} naming the node, if the graph cannot be put on a tape, or its output is no row of scores
 */
export function recordLabelling(
  scorer: Scorer,
  picture: Uint8Array,
  labelling: Labelling,
): RecordedLabelling {
  const { data, height, width, channels } = decodePicture(picture, { channels: scorer.channels });
  const tape = new Tape(), image = tape.feed("picture", [1, height, width, channels]);
  const scores = scorer.record(prepare(image, labelling));
  const classes = scores.shape[scores.shape.length - 1] ?? 0;
  if (classes === sizeOf(scores.shape)) return { tape, scores, pixels: Float32Array.from(data) };
  throw new RangeError(
    `Cannot label by ${scores.label}: its shape is [${scores.shape}], one row of scores is needed`,
  );
}

/** Computes the scores. */
export async function scoresOf(gpu: Gpu, { tape, scores, pixels }: RecordedLabelling): Promise<Float32Array> {
  const parameters = new Parameters(gpu, tape.variables);
  parameters.initialize(0); // where a model has variables, their initial values are its weights
  const program = await compile(gpu, tape, { parameters, fetches: { scores }, label: "label_image" });
  try {
    program.feed("picture", pixels);
    program.run();
    return await program.fetch("scores");
  } finally {
    program.destroy();
    parameters.destroy();
  }
}
