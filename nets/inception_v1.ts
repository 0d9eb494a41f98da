/**
 * Inception v1, as TF-Slim has it: GoogLeNet with batch normalization, 3x3 where the paper has 5x5, and no auxiliary heads.
 *
 * C. Szegedy et al., "Going deeper with convolutions", 2014, https://arxiv.org/abs/1409.4842
 *
 * This module is browser compatible.
 *
 * @module
 */
import { truncatedNormal } from "../layers/initializers.ts";
import { type Chain, conv, type Layer, maxPool, recordBase } from "./chain.ts";
import { classify } from "./heads.ts";
import { inceptionArgScope, mixed } from "./inception_utils.ts";
import type { Net } from "./net.ts";

/** A module, its depths in the order of the paper's table 1. `third` names the convolution that is 5x5 in the paper. */
function module(
  [n1x1, reduce3x3, n3x3, reduce5x5, n5x5, projection]: number[],
  third = "Conv2d_0b_3x3",
): Layer {
  return mixed(
    { Conv2d_0a_1x1: conv(n1x1, [1, 1]) },
    { Conv2d_0a_1x1: conv(reduce3x3, [1, 1]), Conv2d_0b_3x3: conv(n3x3, [3, 3]) },
    { Conv2d_0a_1x1: conv(reduce5x5, [1, 1]), [third]: conv(n5x5, [3, 3]) },
    { MaxPool_0a_3x3: maxPool([3, 3]), Conv2d_0b_1x1: conv(projection, [1, 1]) },
  );
}

const base: Chain = {
  Conv2d_1a_7x7: conv(64, [7, 7], { stride: 2 }),
  MaxPool_2a_3x3: maxPool([3, 3], { stride: 2 }),
  Conv2d_2b_1x1: conv(64, [1, 1]),
  Conv2d_2c_3x3: conv(192, [3, 3]),
  MaxPool_3a_3x3: maxPool([3, 3], { stride: 2 }),
  Mixed_3b: module([64, 96, 128, 16, 32, 32]),
  Mixed_3c: module([128, 128, 192, 32, 96, 64]),
  MaxPool_4a_3x3: maxPool([3, 3], { stride: 2 }),
  Mixed_4b: module([192, 96, 208, 16, 48, 64]),
  Mixed_4c: module([160, 112, 224, 24, 64, 64]),
  Mixed_4d: module([128, 128, 256, 24, 64, 64]),
  Mixed_4e: module([112, 144, 288, 32, 64, 64]),
  Mixed_4f: module([256, 160, 320, 32, 128, 128]),
  MaxPool_5a_2x2: maxPool([2, 2], { stride: 2 }),
  Mixed_5b: module([256, 160, 320, 32, 128, 128], "Conv2d_0a_3x3"), // the name in the checkpoint
  Mixed_5c: module([384, 192, 384, 48, 128, 128]),
};

/** Inception v1, 6,618,649 parameters. Without `globalPool` it needs images that end in a map of 7x7, such as 224x224. */
export const inceptionV1: Net = {
  name: "inception_v1",
  defaultImageSize: 224,
  channels: 3,
  preprocessing: "inception",
  numClasses: 1001,
  headScopes: ["InceptionV1/Logits"],
  paper: "Szegedy et al., Going deeper with convolutions, 2014",
  parameters: 6_618_649,
  macs: 1_498_377_216,
  options: ["baseOnly", "finalEndpoint", "globalPool", "spatialSqueeze"],
  argScope: inceptionArgScope,
  build(root, images, options) {
    const { numClasses, dropoutKeepProb: keepProb = 0.8 } = options;
    const s = root.scope("InceptionV1"), head = s.scope("Logits");
    const weightsInitializer = truncatedNormal(0.01);
    let x = recordBase(s.with({ conv2d: { weightsInitializer } }), images, base, options);
    if (options.baseOnly) return x;
    x = options.globalPool
      ? s.endPoint("global_pool", head.globalPool(x, { scope: "global_pool" }))
      : s.endPoint("AvgPool_0a_7x7", head.avgPool2d(x, [7, 7], { stride: 1, scope: "AvgPool_0a_7x7" }));
    if (!numClasses) return x;
    x = head.dropout(x, { keepProb, scope: "Dropout_0b" });
    const logits = s.endPoint("Logits", classify(head, x, options, { scope: "Conv2d_0c_1x1" }));
    s.endPoint("Predictions", head.softmax(logits, { scope: "Predictions" }));
    return logits;
  },
};
