/**
 * What is timed: shapes, operands and floating point operations, the same for every engine.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import { buildNet, type BuiltNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { hash32, uniforms } from "../random/philox.ts";
import { Tape, type Value } from "../tape/tape.ts";

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

/** y from x with VALID padding, or y and dx from x and dy. */
export interface PoolCase extends Named, WindowShape {
  readonly kind: "maxPool" | "maxPoolGradient";
}

/** Forward, backward and momentum update on a batch that stays on the device. No dropout, no weight decay. */
export interface TrainCase extends Named {
  readonly kind: "train";
  readonly net: "lenet" | "cifarnet";
  readonly batch: number;
}

/** One operation, or its gradients. */
export type OperationCase = MatmulCase | ConvCase | PoolCase;
/** One row of the table. */
export type Case = OperationCase | TrainCase;

const conv3x3 = { batch: 4, size: 56, channels: 64, outputs: 64, kernel: 3, stride: 1 };
const conv1x1 = { batch: 4, size: 56, channels: 256, outputs: 64, kernel: 1, stride: 1 };
const conv7x7 = { batch: 4, size: 224, channels: 3, outputs: 64, kernel: 7, stride: 2 };
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
  { name: "max pool 3x3 s2 64 at 112 b4", kind: "maxPool", ...pool3x3 },
  { name: "max pool 3x3 s2 64 at 112 b4, with gradient", kind: "maxPoolGradient", ...pool3x3 },
  { name: "LeNet train step b32", kind: "train", net: "lenet", batch: 32 },
  { name: "LeNet train step b128", kind: "train", net: "lenet", batch: 128 },
  { name: "CifarNet train step b64", kind: "train", net: "cifarnet", batch: 64 },
];

/** Learning rate and momentum of the training steps. */
export const optimizer = { learningRate: 0.001, momentum: 0.9 };
/** Local response normalization of CifarNet. */
export const lrn = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };

/** One layer of a net, for the peers; ours are in nets/. Pooling is 2x2 with stride 2. */
export type Layer =
  | {
    readonly type: "conv2d" | "fullyConnected";
    readonly scope: string;
    readonly relu: boolean;
  }
  | { readonly type: "maxPool" | "lrn" | "flatten" };

const conv2d = (scope: string): Layer => ({ type: "conv2d", scope, relu: true });
const fullyConnected = (scope: string, relu = true): Layer => ({ type: "fullyConnected", scope, relu });
const maxPool: Layer = { type: "maxPool" },
  norm: Layer = { type: "lrn" },
  flatten: Layer = { type: "flatten" };

/** Layers of the nets, and the shape [h, w, c] that is flattened. */
export const netLayers: Record<
  TrainCase["net"],
  { layers: readonly Layer[]; flattened: readonly number[] }
> = {
  lenet: {
    layers: [
      ...[conv2d("LeNet/conv1"), maxPool, conv2d("LeNet/conv2"), maxPool],
      ...[flatten, fullyConnected("LeNet/fc3"), fullyConnected("LeNet/fc4", false)],
    ],
    flattened: [7, 7, 64],
  },
  cifarnet: {
    layers: [
      ...[conv2d("CifarNet/conv1"), maxPool, norm, conv2d("CifarNet/conv2"), norm, maxPool],
      ...[flatten, fullyConnected("CifarNet/fc3"), fullyConnected("CifarNet/fc4")],
      fullyConnected("CifarNet/logits", false),
    ],
    flattened: [8, 8, 64],
  },
};

function random(name: string, shape: readonly number[]): Tensor {
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
  if (!("outputs" in c)) {
    return c.kind === "maxPool" ? { x } : { x, dy: random("dy", [batch, out, out, channels]) };
  }
  const w = random("w", [kernel, kernel, channels, c.outputs]);
  return c.kind === "conv2d" ? { x, w } : { x, w, dy: random("dy", [batch, out, out, c.outputs]) };
}

function outSize(c: ConvCase | PoolCase): number {
  const lost = "outputs" in c ? 0 : c.kernel - 1; // SAME or VALID
  return Math.ceil((c.size - lost) / c.stride);
}

/** A net on a tape, its batch and the initial values of its variables. */
export interface Training {
  readonly tape: Tape;
  readonly net: BuiltNet;
  readonly labelsFeed: Value;
  readonly images: Tensor;
  /** Class of each image, out of ten. */
  readonly labels: Int32Array;
  readonly variables: ReadonlyMap<string, Tensor>;
}

/** Records the net of a case and draws its batch and variables. */
export function training({ net: name, batch }: TrainCase): Training {
  const net = getNet(name), tape = new Tape();
  const images = random("images", [batch, net.defaultImageSize, net.defaultImageSize, net.channels]);
  const built = buildNet(tape, net, tape.feed("images", images.shape), {
    numClasses: 10,
    isTraining: true,
    dropoutKeepProb: 1,
  });
  const variables = [...tape.variables.values()].map((
    { name, shape, initialize },
  ) => [name, { shape, data: initialize(shape, 0, name) }] as const);
  return {
    tape,
    net: built,
    labelsFeed: tape.feed("labels", [batch], "i32"),
    images,
    labels: Int32Array.from({ length: batch }, (_, i) => i % 10),
    variables: new Map(variables),
  };
}

/**
 * Floating point operations of products and convolutions, two a multiplication and addition; undefined for pooling, which
 * has none. A training step is three times the forward pass, less the gradient for the images.
 */
export function flop(c: Case): number | undefined {
  switch (c.kind) {
    case "matmul":
      return 2 * c.m * c.k * c.n;
    case "conv2d":
    case "conv2dGradients": {
      const one = 2 * c.batch * outSize(c) ** 2 * c.outputs * c.kernel ** 2 *
        c.channels;
      return c.kind === "conv2d" ? one : 2 * one;
    }
    case "train":
      return c.net === "lenet"
        ? c.batch *
          (2 * layer(28 ** 2, 25, 32) +
            3 *
              (layer(14 ** 2, 800, 64) + layer(1, 3136, 1024) +
                layer(1, 1024, 10)))
        : c.batch *
          (2 * layer(32 ** 2, 75, 64) +
            3 *
              (layer(16 ** 2, 1600, 64) + layer(1, 4096, 384) +
                layer(1, 384, 192) + layer(1, 192, 10)));
  }
}

function layer(pixels: number, inputs: number, outputs: number): number {
  return 2 * pixels * inputs * outputs;
}
