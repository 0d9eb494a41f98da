/**
 * What a model of ONNX takes: one batch of images.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { reasonOf } from "../../formats/errors.ts";
import { TensorProto_DataType as Type } from "../../formats/onnx/onnx_pb.ts";
import type { OnnxModel } from "../../formats/onnx/read.ts";
import { nameOfOnnxType } from "../../formats/onnx/tensor.ts";
import type { Shape } from "../../tape/tape.ts";
import { type Axes, imageAxes, plainAxes } from "./operand.ts";

/** The images that a model takes; what it leaves open is undefined. */
export interface OnnxInput {
  readonly name: string;
  readonly batchSize?: number;
  readonly height?: number;
  readonly width?: number;
  readonly channels?: number;
  /** The model's order of [n, height, width, channels]. */
  readonly axes: Axes;
}

/** Channels that images have. Where the second dimension is none of these, and the last is, the channels are last. */
const channelCounts = [1, 3, 4];
/** All of them are float32 on the tape. */
const types: readonly number[] = [Type.FLOAT, Type.FLOAT16, Type.DOUBLE, Type.UINT8];

/**
 * Finds the images among a model's inputs.
 *
 * @param path the model's name, for error messages
 * @throws {TypeError} if it has not exactly one input, or that is no batch of images
 */
export function onnxInput(model: OnnxModel, path: string): OnnxInput {
  try {
    return findImages(model);
  } catch (thrown) {
    throw new TypeError(`Cannot import "${path}": ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** What {@linkcode onnxInput} finds; throws a TypeError with the bare reason. */
export function findImages({ graph }: OnnxModel): OnnxInput {
  const given = new Set(graph.initializer.map(({ name }) => name)); // the first versions list weights as inputs, too
  const inputs = graph.input.filter(({ name }) => !given.has(name));
  if (inputs.length !== 1) {
    const names = inputs.slice(0, 5).map(({ name }) => ` "${name}"`).join(",");
    throw new TypeError(`it has ${inputs.length} inputs${names}, and one is expected, the images`);
  }
  const [{ name, type }] = inputs, tensor = type?.tensorType, what = `its input "${name}"`;
  const dims = tensor?.shape?.dim.map(({ value }) => value.case === "dimValue" ? Number(value.value) : 0);
  if (dims?.length !== 4) {
    throw new TypeError(
      `${what} is no batch of images: it has ${dims ? `the dimensions [${dims}]` : "no shape"}`,
    );
  }
  if (!types.includes(tensor!.elemType)) {
    throw new TypeError(`${what} is of the type ${nameOfOnnxType(tensor!.elemType)}, which is not supported`);
  }
  const isLast = channelCounts.includes(dims[3]) && !channelCounts.includes(dims[1]);
  const axes = isLast ? plainAxes(4) : imageAxes;
  const [batchSize, height, width, channels] = axes.map((axis) => dims[axis] > 0 ? dims[axis] : undefined);
  return { name, batchSize, height, width, channels, axes };
}

/**
 * The shape [n, height, width, channels] of a model's images, one where it leaves their number open.
 *
 * @param wanted what it has to be; a TypeError says where the model takes others
 */
export function imageShape({ name, ...input }: OnnxInput, wanted?: Shape): Shape {
  const { batchSize = wanted?.[0] ?? 1, height = wanted?.[1], width = wanted?.[2], channels = wanted?.[3] } =
    input;
  if (height === undefined || width === undefined || channels === undefined) {
    throw new TypeError(`its input "${name}" leaves the size of the images open: say which`);
  }
  const shape = [batchSize, height, width, channels];
  if (wanted === undefined || wanted.join() === shape.join()) return shape;
  throw new TypeError(`its input "${name}" takes images [${shape}], and these are [${wanted}]`);
}
