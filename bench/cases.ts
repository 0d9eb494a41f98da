/**
 * What is timed: shapes, operands and floating point operations, the same for every engine.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import { hash32, uniforms } from "../random/philox.ts";

/** Values on the host, row-major: images [n, h, w, c], convolution weights [kh, kw, in, out]. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A square window sliding over square images. */
export interface WindowShape {
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
}

interface Named {
  /** As in the table. */
  readonly name: string;
}

/** y = a b */
export interface MatmulCase extends Named {
  readonly kind: "matmul";
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** y from x and w with SAME padding, or dx and dw from x, w and dy. */
export interface ConvCase extends Named, WindowShape {
  readonly kind: "conv2d" | "conv2dGradients";
  readonly outputs: number;
}

/** y from x and w with SAME padding, one window a channel. */
export interface DepthwiseCase extends Named, WindowShape {
  readonly kind: "depthwiseConv2d";
}

/** y from x with VALID padding, or y and dx from x and dy. */
export interface PoolCase extends Named, WindowShape {
  readonly kind: "maxPool" | "maxPoolGradient";
}

/**
 * A whole net on a batch that stays on the device. "infer": logits by the moving averages. "train": forward, backward and
 * momentum update by the batch's own moments, without dropout and weight decay.
 */
export interface NetCase extends Named {
  readonly kind: "infer" | "train";
  /** As the registry calls it. */
  readonly net: string;
  readonly batch: number;
  /** Side of the images. */
  readonly size: number;
}

/** One operation, or its gradients. */
export type OperationCase = MatmulCase | ConvCase | DepthwiseCase | PoolCase;
/** One row of the table. */
export type Case = OperationCase | NetCase;

/** Whether a row is of a whole net. */
export function isNet(c: Case): c is NetCase {
  return c.kind === "infer" || c.kind === "train";
}

const conv3x3 = { batch: 4, size: 56, channels: 64, outputs: 64, kernel: 3, stride: 1 };
const conv1x1 = { batch: 4, size: 56, channels: 256, outputs: 64, kernel: 1, stride: 1 };
const conv7x7 = { batch: 4, size: 224, channels: 3, outputs: 64, kernel: 7, stride: 2 };
const depthwise3x3 = { batch: 4, size: 56, channels: 128, kernel: 3, stride: 1 };
const pool3x3 = { batch: 4, size: 112, channels: 64, kernel: 3, stride: 2 };

/** All rows, in the order of the table. */
export const cases: readonly Case[] = [
  { name: "matmul 1024x1024x1024", kind: "matmul", m: 1024, k: 1024, n: 1024 },
  { name: "fully connected 64x3136x1024", kind: "matmul", m: 64, k: 3136, n: 1024 },
  { name: "conv2d 3x3 64-64 at 56 b4", kind: "conv2d", ...conv3x3 },
  { name: "conv2d 1x1 256-64 at 56 b4", kind: "conv2d", ...conv1x1 },
  { name: "conv2d 7x7 s2 3-64 at 224 b4", kind: "conv2d", ...conv7x7 },
  { name: "conv2d 3x3 64-64 at 56 b4, both gradients", kind: "conv2dGradients", ...conv3x3 },
  { name: "conv2d 1x1 256-64 at 56 b4, both gradients", kind: "conv2dGradients", ...conv1x1 },
  { name: "depthwise conv2d 3x3 128 at 56 b4", kind: "depthwiseConv2d", ...depthwise3x3 },
  { name: "max pool 3x3 s2 64 at 112 b4", kind: "maxPool", ...pool3x3 },
  { name: "max pool 3x3 s2 64 at 112 b4, with gradient", kind: "maxPoolGradient", ...pool3x3 },
  { name: "LeNet train step b32", kind: "train", net: "lenet", size: 28, batch: 32 },
  { name: "LeNet train step b128", kind: "train", net: "lenet", size: 28, batch: 128 },
  { name: "CifarNet train step b64", kind: "train", net: "cifarnet", size: 32, batch: 64 },
  {
    name: "MobileNet v1 0.25 at 128 train step b16",
    kind: "train",
    net: "mobilenet_v1_025",
    size: 128,
    batch: 16,
  },
  { name: "ResNet-50 v1 at 128 train step b8", kind: "train", net: "resnet_v1_50", size: 128, batch: 8 },
  { name: "MobileNet v1 at 224 b1", kind: "infer", net: "mobilenet_v1", size: 224, batch: 1 },
  { name: "MobileNet v1 at 224 b8", kind: "infer", net: "mobilenet_v1", size: 224, batch: 8 },
  { name: "ResNet-50 v1 at 224 b1", kind: "infer", net: "resnet_v1_50", size: 224, batch: 1 },
  { name: "Inception v3 at 299 b1", kind: "infer", net: "inception_v3", size: 299, batch: 1 },
];

/** Values in [-1, 1), drawn for that name. */
export function random(name: string, shape: readonly number[]): Tensor {
  const next = uniforms(0, hash32(name));
  return { shape, data: new Float32Array(sizeOf(shape)).map(() => 2 * next() - 1) };
}

/** Operands of an operation, by name. */
export function operands(c: OperationCase): Record<string, Tensor> {
  if (c.kind === "matmul") {
    return { a: random("a", [c.m, c.k]), b: random("b", [c.k, c.n]) };
  }
  const { batch, size, channels, kernel } = c;
  const x = random("x", [batch, size, size, channels]), out = outSize(c);
  switch (c.kind) {
    case "maxPool":
      return { x };
    case "maxPoolGradient":
      return { x, dy: random("dy", [batch, out, out, channels]) };
    case "depthwiseConv2d":
      return { x, w: random("w", [kernel, kernel, channels, 1]) };
    default: {
      const w = random("w", [kernel, kernel, channels, c.outputs]);
      return c.kind === "conv2d" ? { x, w } : { x, w, dy: random("dy", [batch, out, out, c.outputs]) };
    }
  }
}

function outSize(c: ConvCase | DepthwiseCase | PoolCase): number {
  const isPool = c.kind === "maxPool" || c.kind === "maxPoolGradient";
  const lost = isPool ? c.kernel - 1 : 0; // VALID or SAME
  return Math.ceil((c.size - lost) / c.stride);
}

/**
 * Floating point operations of a product or convolution, two a multiplication and addition; undefined for pooling, which has
 * none.
 */
export function flop(c: OperationCase): number | undefined {
  switch (c.kind) {
    case "matmul":
      return 2 * c.m * c.k * c.n;
    case "depthwiseConv2d":
      return 2 * c.batch * outSize(c) ** 2 * c.channels * c.kernel ** 2;
    case "conv2d":
    case "conv2dGradients": {
      const one = 2 * c.batch * outSize(c) ** 2 * c.outputs * c.kernel ** 2 * c.channels;
      return c.kind === "conv2d" ? one : 2 * one;
    }
  }
}
