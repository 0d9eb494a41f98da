/**
 * What TensorFlow's label_image computes: one picture, resized and normalized, through a frozen graph.
 *
 * @module
 */
import { decodePicture } from "../datasets/decode_picture.ts";
import { shapeAttribute } from "../formats/graph_def/attributes.ts";
import type { GraphDef } from "../formats/graph_def/graph_pb.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { compile } from "../tape/compile.ts";
import { biasAdd, scale } from "../tape/ops/pointwise.ts";
import { resizeBilinear } from "../tape/ops/resize.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape, type Value } from "../tape/tape.ts";

/** How a picture becomes the graph's input, and what is read of the graph. */
export interface Labelling {
  readonly inputLayer: string;
  readonly outputLayer: string;
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

/** Channels of a graph's images: 1 where its input says so, else 3. */
function channelsOf(graph: GraphDef, input: string): 1 | 3 {
  const node = graph.node.find(({ name, op }) => name === input && op === "Placeholder");
  return node && shapeAttribute(node, "shape")?.at(-1) === 1 ? 1 : 3;
}

/** A picture and a graph, put on a tape. */
export interface RecordedLabelling {
  readonly tape: Tape;
  readonly scores: Value;
  /** What is fed as `picture`, [1, height, width, channels]. */
  readonly pixels: Float32Array;
}

/**
 * Puts a JPEG or PNG and a graph on a tape.
 *
 * @throws {DataLossError} if the picture is damaged
 * @throws {RangeError} naming the node, if the graph cannot be put on a tape, or its output is no row of scores
 */
export function recordLabelling(
  graph: GraphDef,
  picture: Uint8Array,
  labelling: Labelling,
): RecordedLabelling {
  const { inputLayer, outputLayer } = labelling;
  const { data, height, width, channels } = decodePicture(picture, {
    channels: channelsOf(graph, inputLayer),
  });
  const tape = new Tape(), image = tape.feed("picture", [1, height, width, channels]);
  const [scores] = recordGraph(tape, graph, {
    feeds: { [inputLayer.replace(/:0$/, "")]: prepare(image, labelling) },
    outputs: [outputLayer],
  });
  const classes = scores.shape[scores.shape.length - 1] ?? 0;
  if (classes === sizeOf(scores.shape)) return { tape, scores, pixels: Float32Array.from(data) };
  throw new RangeError(
    `Cannot label by "${outputLayer}": its shape is [${scores.shape}], one row of scores is needed`,
  );
}

/** Computes the scores. */
export async function scoresOf(gpu: Gpu, { tape, scores, pixels }: RecordedLabelling): Promise<Float32Array> {
  const parameters = new Parameters(gpu, tape.variables);
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
