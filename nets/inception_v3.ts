/**
 * Inception v3, as TF-Slim has it: large windows factored into small and one-dimensional ones, and an auxiliary head.
 *
 * C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception architecture for computer vision",
 * 2015, https://arxiv.org/abs/1512.00567
 *
 * This module is browser compatible.
 *
 * @module
 */
import { truncatedNormal } from "../layers/initializers.ts";
import type { Layers } from "../layers/layers.ts";
import type { Value } from "../tape/tape.ts";
import { avgPool, type Chain, conv, type Depth, maxPool, recordBase, thinned } from "./chain.ts";
import { classify, recordHead, reducedWindow } from "./heads.ts";
import { fork, inceptionArgScope, mixed } from "./inception_utils.ts";
import type { Net, NetOptions } from "./net.ts";

const valid = { padding: "VALID" } as const;
const reduced = { stride: 2, padding: "VALID" } as const;

/** Pooling, then a 1x1 convolution: the last branch of the modules that keep the size of the map. */
const projection = (depth: number): Chain => ({
  AvgPool_0a_3x3: avgPool([3, 3]),
  Conv2d_0b_1x1: conv(depth, [1, 1]),
});

/** The layers up to the last module. Sizes are those of images of 299x299. */
function base(depth: Depth): Chain {
  // The paper's figure 5, with 5x5 where it has a single 3x3.
  const module35x35 = (pooled: number, reduce5x5 = "Conv2d_0a_1x1", conv5x5 = "Conv2d_0b_5x5") =>
    mixed(
      { Conv2d_0a_1x1: conv(depth(64), [1, 1]) },
      { [reduce5x5]: conv(depth(48), [1, 1]), [conv5x5]: conv(depth(64), [5, 5]) },
      {
        Conv2d_0a_1x1: conv(depth(64), [1, 1]),
        Conv2d_0b_3x3: conv(depth(96), [3, 3]),
        Conv2d_0c_3x3: conv(depth(96), [3, 3]),
      },
      projection(depth(pooled)),
    );

  // Figure 6: 1x7 and 7x1 in turn.
  const module17x17 = (inner: number) =>
    mixed(
      { Conv2d_0a_1x1: conv(depth(192), [1, 1]) },
      {
        Conv2d_0a_1x1: conv(depth(inner), [1, 1]),
        Conv2d_0b_1x7: conv(depth(inner), [1, 7]),
        Conv2d_0c_7x1: conv(depth(192), [7, 1]),
      },
      {
        Conv2d_0a_1x1: conv(depth(inner), [1, 1]),
        Conv2d_0b_7x1: conv(depth(inner), [7, 1]),
        Conv2d_0c_1x7: conv(depth(inner), [1, 7]),
        Conv2d_0d_7x1: conv(depth(inner), [7, 1]),
        Conv2d_0e_1x7: conv(depth(192), [1, 7]),
      },
      projection(depth(192)),
    );

  // Figure 7: 1x3 and 3x1 side by side.
  const module8x8 = (conv3x1: string) =>
    mixed(
      { Conv2d_0a_1x1: conv(depth(320), [1, 1]) },
      fork(
        { Conv2d_0a_1x1: conv(depth(384), [1, 1]) },
        { Conv2d_0b_1x3: conv(depth(384), [1, 3]), [conv3x1]: conv(depth(384), [3, 1]) },
      ),
      fork(
        { Conv2d_0a_1x1: conv(depth(448), [1, 1]), Conv2d_0b_3x3: conv(depth(384), [3, 3]) },
        { Conv2d_0c_1x3: conv(depth(384), [1, 3]), Conv2d_0d_3x1: conv(depth(384), [3, 1]) },
      ),
      projection(depth(192)),
    );

  return {
    Conv2d_1a_3x3: conv(depth(32), [3, 3], reduced), // 149x149
    Conv2d_2a_3x3: conv(depth(32), [3, 3], valid), // 147x147
    Conv2d_2b_3x3: conv(depth(64), [3, 3]),
    MaxPool_3a_3x3: maxPool([3, 3], reduced), // 73x73
    Conv2d_3b_1x1: conv(depth(80), [1, 1], valid),
    Conv2d_4a_3x3: conv(depth(192), [3, 3], valid), // 71x71
    MaxPool_5a_3x3: maxPool([3, 3], reduced), // 35x35
    Mixed_5b: module35x35(32),
    Mixed_5c: module35x35(64, "Conv2d_0b_1x1", "Conv_1_0c_5x5"), // the names in the checkpoint
    Mixed_5d: module35x35(64),
    Mixed_6a: mixed( // 17x17
      { Conv2d_1a_1x1: conv(depth(384), [3, 3], reduced) },
      {
        Conv2d_0a_1x1: conv(depth(64), [1, 1]),
        Conv2d_0b_3x3: conv(depth(96), [3, 3]),
        Conv2d_1a_1x1: conv(depth(96), [3, 3], reduced),
      },
      { MaxPool_1a_3x3: maxPool([3, 3], reduced) },
    ),
    Mixed_6b: module17x17(128),
    Mixed_6c: module17x17(160),
    Mixed_6d: module17x17(160),
    Mixed_6e: module17x17(192),
    Mixed_7a: mixed( // 8x8
      { Conv2d_0a_1x1: conv(depth(192), [1, 1]), Conv2d_1a_3x3: conv(depth(320), [3, 3], reduced) },
      {
        Conv2d_0a_1x1: conv(depth(192), [1, 1]),
        Conv2d_0b_1x7: conv(depth(192), [1, 7]),
        Conv2d_0c_7x1: conv(depth(192), [7, 1]),
        Conv2d_1a_3x3: conv(depth(192), [3, 3], reduced),
      },
      { MaxPool_1a_3x3: maxPool([3, 3], reduced) },
    ),
    Mixed_7b: module8x8("Conv2d_0b_3x1"),
    Mixed_7c: module8x8("Conv2d_0c_3x1"),
  };
}

/** The auxiliary head. Its second window is 5x5 or, on smaller maps, as large as the map, and its scope says so. */
function recordAuxLogits(s: Layers, x: Value, depth: Depth, options: NetOptions): Value {
  let y = s.avgPool2d(x, [5, 5], { stride: 3, scope: "AvgPool_1a_5x5" });
  y = s.conv2d(y, depth(128), [1, 1], { scope: "Conv2d_1b_1x1" });
  const [height, width] = reducedWindow(y, 5), scope = `Conv2d_2a_${height}x${width}`;
  const weightsInitializer = truncatedNormal(0.01);
  y = s.conv2d(y, depth(768), [height, width], { ...valid, weightsInitializer, scope });
  return classify(s, y, options, { weightsInitializer: truncatedNormal(0.001), scope: "Conv2d_2b_1x1" });
}

/** Inception v3, 27,145,970 parameters. The auxiliary head is built in evaluation as well. */
export const inceptionV3: Net = {
  name: "inception_v3",
  defaultImageSize: 299,
  channels: 3,
  preprocessing: "inception",
  numClasses: 1001,
  headScopes: ["InceptionV3/Logits", "InceptionV3/AuxLogits/Conv2d_2b_1x1"],
  paper: "Szegedy et al., Rethinking the Inception architecture for computer vision, 2015",
  parameters: 27_145_970,
  macs: 5_718_902_112,
  options: [
    "baseOnly",
    "finalEndpoint",
    "globalPool",
    "spatialSqueeze",
    "depthMultiplier",
    "minDepth",
    "createAuxLogits",
  ],
  argScope: inceptionArgScope,
  build(root, images, options) {
    const s = root.scope("InceptionV3"), depth = thinned(s, options);
    const x = recordBase(s, images, base(depth), options);
    if (options.baseOnly) return x;
    if (options.createAuxLogits !== false && options.numClasses) {
      const map = s.endPoints.get("Mixed_6e")!;
      s.endPoint("AuxLogits", recordAuxLogits(s.scope("AuxLogits"), map, depth, options));
    }
    return recordHead(s, x, options, { window: 8, preLogits: true });
  },
};
