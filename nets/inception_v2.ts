/**
 * Inception v2, as TF-Slim has it: the net of the paper on batch normalization, with a separable first convolution.
 *
 * S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
 * 2015, https://arxiv.org/abs/1502.03167
 *
 * This module is browser compatible.
 *
 * @module
 */
import { truncatedNormal } from "../layers/initializers.ts";
import { avgPool, type Chain, conv, type Depth, type Layer, maxPool, recordBase, thinned } from "./chain.ts";
import { recordHead } from "./heads.ts";
import { inceptionArgScope, mixed } from "./inception_utils.ts";
import type { Net, NetOptions } from "./net.ts";

const stride2 = { stride: 2 };

/** The first layer. It has biases and is not decayed where it is separable: the arg scope says nothing of such layers. */
function firstLayer(depth: number, { useSeparableConv = true }: NetOptions): Layer {
  const options = { stride: 2, weightsInitializer: truncatedNormal(1) };
  if (!useSeparableConv) return conv(depth, [7, 7], options);
  const depthMultiplier = Math.min(Math.floor(depth / 3), 8); // no more depthwise channels of RGB than outputs
  return (s, x, scope) => s.separableConv2d(x, depth, [7, 7], { ...options, depthMultiplier, scope });
}

/** The layers up to the last module; the rows of modules have the columns of the paper's figure 5. */
function base(depth: Depth, options: NetOptions): Chain {
  const reduce = (n: number) => conv(depth(n), [1, 1], { weightsInitializer: truncatedNormal(0.09) });
  const project = (n: number) => conv(depth(n), [1, 1], { weightsInitializer: truncatedNormal(0.1) });
  const conv1x1 = (n: number) => conv(depth(n), [1, 1]);
  const conv3x3 = (n: number, stride = 1) => conv(depth(n), [3, 3], { stride });

  /** A module that keeps the size of the map. */
  const module = (
    [n1x1, reduce3, n3x3, reduceDouble, nDouble, projection]: number[],
    pool: Chain = { AvgPool_0a_3x3: avgPool([3, 3]) },
  ) =>
    mixed(
      { Conv2d_0a_1x1: conv1x1(n1x1) },
      { Conv2d_0a_1x1: reduce(reduce3), Conv2d_0b_3x3: conv3x3(n3x3) },
      {
        Conv2d_0a_1x1: reduce(reduceDouble),
        Conv2d_0b_3x3: conv3x3(nDouble),
        Conv2d_0c_3x3: conv3x3(nDouble),
      },
      { ...pool, Conv2d_0b_1x1: project(projection) },
    );

  /** A module that halves the map. */
  const reduction = ([reduce3, n3x3, reduceDouble, nDouble]: number[]) =>
    mixed(
      { Conv2d_0a_1x1: reduce(reduce3), Conv2d_1a_3x3: conv3x3(n3x3, 2) },
      {
        Conv2d_0a_1x1: reduce(reduceDouble),
        Conv2d_0b_3x3: conv3x3(nDouble),
        Conv2d_1a_3x3: conv3x3(nDouble, 2),
      },
      { MaxPool_1a_3x3: maxPool([3, 3], stride2) },
    );

  return {
    Conv2d_1a_7x7: firstLayer(depth(64), options),
    MaxPool_2a_3x3: maxPool([3, 3], stride2),
    Conv2d_2b_1x1: project(64),
    Conv2d_2c_3x3: conv3x3(192),
    MaxPool_3a_3x3: maxPool([3, 3], stride2),
    Mixed_3b: module([64, 64, 64, 64, 96, 32]),
    Mixed_3c: module([64, 64, 96, 64, 96, 64]),
    Mixed_4a: reduction([128, 160, 64, 96]),
    Mixed_4b: module([224, 64, 96, 96, 128, 128]),
    Mixed_4c: module([192, 96, 128, 96, 128, 128]),
    Mixed_4d: module([160, 128, 160, 128, 160, 96]),
    Mixed_4e: module([96, 128, 192, 160, 192, 96]),
    Mixed_5a: reduction([128, 192, 192, 256]),
    Mixed_5b: module([352, 192, 320, 160, 224, 128]),
    Mixed_5c: module([352, 192, 320, 192, 224, 128], { MaxPool_0a_3x3: maxPool([3, 3]) }),
  };
}

/** Inception v2, 11,179,361 parameters. */
export const inceptionV2: Net = {
  name: "inception_v2",
  defaultImageSize: 224,
  channels: 3,
  preprocessing: "inception",
  numClasses: 1001,
  headScopes: ["InceptionV2/Logits"],
  paper: "Ioffe and Szegedy, Batch normalization, 2015",
  parameters: 11_179_361,
  macs: 1_934_858_240,
  options: [
    "baseOnly",
    "finalEndpoint",
    "globalPool",
    "spatialSqueeze",
    "depthMultiplier",
    "minDepth",
    "useSeparableConv",
  ],
  argScope: inceptionArgScope,
  build(root, images, options) {
    const s = root.scope("InceptionV2");
    const x = recordBase(s, images, base(thinned(s, options), options), options);
    return options.baseOnly ? x : recordHead(s, x, options, { window: 7 });
  },
};
