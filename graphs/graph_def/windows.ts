/**
 * Convolutions, pooling and resizing of a graph, in NHWC.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { booleanAttribute, integersAttribute, textAttribute } from "../../formats/graph_def/attributes.ts";
import type { NodeDef } from "../../formats/graph_def/graph_pb.ts";
import type { Padding, WindowOptions } from "../../kernels/window.ts";
import { crop, type Margins, pad } from "../../tape/ops/arrange.ts";
import { conv2d } from "../../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../../tape/ops/depthwise_conv2d.ts";
import { avgPool2d, maxPool2d } from "../../tape/ops/pool.ts";
import { resizeBilinear } from "../../tape/ops/resize.ts";
import { computed, type NodeContext, type Rule } from "./operand.ts";

/** Throws a RangeError unless images are [n, height, width, channels]. */
export function assertNhwc(node: NodeDef): void {
  const format = textAttribute(node, "data_format") ?? "NHWC";
  if (format !== "NHWC") {
    throw new RangeError(`its data format is ${format}, only NHWC is supported; export the graph for NHWC`);
  }
}

/** Height and width of an attribute [1, height, width, 1]. */
function pairOf(node: NodeDef, name: string, byDefault?: number): readonly [number, number] {
  const list = integersAttribute(node, name);
  if (list === undefined || list.length === 0) {
    if (byDefault !== undefined) return [byDefault, byDefault];
    throw new RangeError(`it has no attribute "${name}"`);
  }
  if (list.length !== 4 || list[0] !== 1 || list[3] !== 1) {
    throw new RangeError(`its attribute "${name}" is [${list}], only [1, height, width, 1] is supported`);
  }
  return [list[1], list[2]];
}

function paddingOf(node: NodeDef): Padding {
  const padding = textAttribute(node, "padding");
  if (padding === "SAME" || padding === "VALID") return padding;
  const ends = integersAttribute(node, "explicit_paddings") ?? [];
  if (padding !== "EXPLICIT" || ends.length !== 8 || [0, 1, 6, 7].some((i) => ends[i] !== 0)) {
    throw new RangeError(`its padding is ${padding ?? "not given"} [${ends}], which is not supported`);
  }
  return [[ends[2], ends[3]], [ends[4], ends[5]]];
}

function windowOf(node: NodeDef): WindowOptions & { scope: string } {
  assertNhwc(node);
  return {
    scope: node.name,
    stride: pairOf(node, "strides"),
    rate: pairOf(node, "dilations", 1),
    padding: paddingOf(node),
  };
}

/** A convolution; of pixels a block apart it is one with that rate. */
const convolution = (apply: typeof conv2d): Rule => (c) => {
  const weights = c.value(1), window = windowOf(c.node), blocks = c.inBlocks(0);
  if (blocks === undefined) return computed(apply(c.value(0), weights, window));
  if ([window.stride, window.rate].some((pair) => String(pair) !== "1,1") || window.padding !== "VALID") {
    throw new RangeError("behind SpaceToBatchND only stride 1, no dilation and VALID padding are supported");
  }
  const { value, block } = blocks;
  return [{ value: apply(value, weights, { ...window, rate: block }), block }];
};

/** Block and margins of `SpaceToBatchND` and `BatchToSpaceND`. */
function blockOf(c: NodeContext): { block: readonly [number, number]; margins: Required<Margins> } {
  const [height, width, ...more] = c.numbers(1), ends = c.numbers(2);
  if (!(height > 0 && width > 0) || more.length > 0 || ends.length !== 4) {
    throw new RangeError(`its block [${c.numbers(1)}] is none of height and width`);
  }
  const [top, bottom, left, right] = ends;
  return { block: [height, width], margins: { top, bottom, left, right } };
}

const toBatch: Rule = (c) => {
  const { block, margins } = blockOf(c), value = pad(c.value(0), { ...margins, ...c.scoped });
  if (value.shape[1] % block[0] !== 0 || value.shape[2] % block[1] !== 0) {
    throw new RangeError(`blocks of ${block.join("x")} do not fill [${value.shape}]`);
  }
  return [{ value, block }];
};

const fromBatch: Rule = (c) => {
  const blocks = c.inBlocks(0), { block, margins } = blockOf(c);
  if (String(blocks?.block) !== String(block)) {
    throw new RangeError(`only what SpaceToBatchND put into blocks of ${block.join("x")} is supported`);
  }
  return computed(crop(blocks!.value, { ...margins, ...c.scoped }));
};

const pool = (apply: typeof maxPool2d): Rule => (c: NodeContext) =>
  computed(apply(c.value(0), pairOf(c.node, "ksize"), windowOf(c.node)));

const resize: Rule = (c) => {
  const [height, width] = c.numbers(1);
  return computed(resizeBilinear(c.value(0), [height, width], {
    ...c.scoped,
    alignCorners: booleanAttribute(c.node, "align_corners"),
    halfPixelCenters: booleanAttribute(c.node, "half_pixel_centers"),
  }));
};

/** The rules of this file. */
export const windows: Readonly<Record<string, Rule>> = {
  Conv2D: convolution(conv2d),
  DepthwiseConv2dNative: convolution(depthwiseConv2d),
  SpaceToBatchND: toBatch,
  BatchToSpaceND: fromBatch,
  MaxPool: pool(maxPool2d),
  AvgPool: pool(avgPool2d),
  ResizeBilinear: resize,
};
