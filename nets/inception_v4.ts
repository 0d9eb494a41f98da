/**
 * Inception v4, as TF-Slim has it: a deeper stem and more modules than v3, of three kinds.
 *
 * C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact of residual connections on
 * learning", 2016, https://arxiv.org/abs/1602.07261
 *
 * This module is browser compatible.
 *
 * @module
 */
import { avgPool, type Chain, conv, maxPool, recordBase } from "./chain.ts";
import { recordDenseHeads } from "./heads.ts";
import { fork, inceptionArgScope, mixed } from "./inception_utils.ts";
import type { Net } from "./net.ts";

const valid = { padding: "VALID" } as const;
const reduced = { stride: 2, padding: "VALID" } as const;

/** The paper's Inception-A, its figure 4. */
const inceptionA = mixed(
  { Conv2d_0a_1x1: conv(96, [1, 1]) },
  { Conv2d_0a_1x1: conv(64, [1, 1]), Conv2d_0b_3x3: conv(96, [3, 3]) },
  { Conv2d_0a_1x1: conv(64, [1, 1]), Conv2d_0b_3x3: conv(96, [3, 3]), Conv2d_0c_3x3: conv(96, [3, 3]) },
  { AvgPool_0a_3x3: avgPool([3, 3]), Conv2d_0b_1x1: conv(96, [1, 1]) },
);

/** Inception-B, figure 5. */
const inceptionB = mixed(
  { Conv2d_0a_1x1: conv(384, [1, 1]) },
  { Conv2d_0a_1x1: conv(192, [1, 1]), Conv2d_0b_1x7: conv(224, [1, 7]), Conv2d_0c_7x1: conv(256, [7, 1]) },
  {
    Conv2d_0a_1x1: conv(192, [1, 1]),
    Conv2d_0b_7x1: conv(192, [7, 1]),
    Conv2d_0c_1x7: conv(224, [1, 7]),
    Conv2d_0d_7x1: conv(224, [7, 1]),
    Conv2d_0e_1x7: conv(256, [1, 7]),
  },
  { AvgPool_0a_3x3: avgPool([3, 3]), Conv2d_0b_1x1: conv(128, [1, 1]) },
);

/** Inception-C, figure 6: 1x3 and 3x1 side by side. */
const inceptionC = mixed(
  { Conv2d_0a_1x1: conv(256, [1, 1]) },
  fork(
    { Conv2d_0a_1x1: conv(384, [1, 1]) },
    { Conv2d_0b_1x3: conv(256, [1, 3]), Conv2d_0c_3x1: conv(256, [3, 1]) },
  ),
  fork(
    { Conv2d_0a_1x1: conv(384, [1, 1]), Conv2d_0b_3x1: conv(448, [3, 1]), Conv2d_0c_1x3: conv(512, [1, 3]) },
    { Conv2d_0d_1x3: conv(256, [1, 3]), Conv2d_0e_3x1: conv(256, [3, 1]) },
  ),
  { AvgPool_0a_3x3: avgPool([3, 3]), Conv2d_0b_1x1: conv(256, [1, 1]) },
);

/** The layers up to the last module, figures 3 and 9. Sizes are those of images of 299x299. */
const base: Chain = {
  Conv2d_1a_3x3: conv(32, [3, 3], reduced), // 149x149
  Conv2d_2a_3x3: conv(32, [3, 3], valid), // 147x147
  Conv2d_2b_3x3: conv(64, [3, 3]),
  Mixed_3a: mixed( // 73x73
    { MaxPool_0a_3x3: maxPool([3, 3], reduced) },
    { Conv2d_0a_3x3: conv(96, [3, 3], reduced) },
  ),
  Mixed_4a: mixed( // 71x71
    { Conv2d_0a_1x1: conv(64, [1, 1]), Conv2d_1a_3x3: conv(96, [3, 3], valid) },
    {
      Conv2d_0a_1x1: conv(64, [1, 1]),
      Conv2d_0b_1x7: conv(64, [1, 7]),
      Conv2d_0c_7x1: conv(64, [7, 1]),
      Conv2d_1a_3x3: conv(96, [3, 3], valid),
    },
  ),
  Mixed_5a: mixed( // 35x35
    { Conv2d_1a_3x3: conv(192, [3, 3], reduced) },
    { MaxPool_1a_3x3: maxPool([3, 3], reduced) },
  ),
  Mixed_5b: inceptionA,
  Mixed_5c: inceptionA,
  Mixed_5d: inceptionA,
  Mixed_5e: inceptionA,
  Mixed_6a: mixed( // 17x17
    { Conv2d_1a_3x3: conv(384, [3, 3], reduced) },
    {
      Conv2d_0a_1x1: conv(192, [1, 1]),
      Conv2d_0b_3x3: conv(224, [3, 3]),
      Conv2d_1a_3x3: conv(256, [3, 3], reduced),
    },
    { MaxPool_1a_3x3: maxPool([3, 3], reduced) },
  ),
  Mixed_6b: inceptionB,
  Mixed_6c: inceptionB,
  Mixed_6d: inceptionB,
  Mixed_6e: inceptionB,
  Mixed_6f: inceptionB,
  Mixed_6g: inceptionB,
  Mixed_6h: inceptionB,
  Mixed_7a: mixed( // 8x8
    { Conv2d_0a_1x1: conv(192, [1, 1]), Conv2d_1a_3x3: conv(192, [3, 3], reduced) },
    {
      Conv2d_0a_1x1: conv(256, [1, 1]),
      Conv2d_0b_1x7: conv(256, [1, 7]),
      Conv2d_0c_7x1: conv(320, [7, 1]),
      Conv2d_1a_3x3: conv(320, [3, 3], reduced),
    },
    { MaxPool_1a_3x3: maxPool([3, 3], reduced) },
  ),
  Mixed_7b: inceptionC,
  Mixed_7c: inceptionC,
  Mixed_7d: inceptionC,
};

/** Inception v4, 46,009,106 parameters. The auxiliary head is built in evaluation as well. */
export const inceptionV4: Net = {
  name: "inception_v4",
  defaultImageSize: 299,
  channels: 3,
  preprocessing: "inception",
  numClasses: 1001,
  headScopes: ["InceptionV4/Logits", "InceptionV4/AuxLogits/Aux_logits"],
  paper:
    "Szegedy et al., Inception-v4, Inception-ResNet and the impact of residual connections on learning, 2016",
  parameters: 46_009_106,
  macs: 12_260_479_328,
  options: ["baseOnly", "finalEndpoint", "createAuxLogits"],
  argScope: inceptionArgScope,
  build(root, images, options) {
    const s = root.scope("InceptionV4"), x = recordBase(s, images, base, options);
    if (options.baseOnly) return x;
    return recordDenseHeads(s, x, options, {
      pool: { scope: "AvgPool_1a", stride: 1 },
      auxInput: "Mixed_6h",
      auxPool: "AvgPool_1a_5x5",
      auxWindow: "Conv2d_2a",
      auxLogits: "Aux_logits",
    }, (head, pooled, keepProb) => {
      return head.flatten(head.dropout(pooled, { keepProb, scope: "Dropout_1b" }), {
        scope: "PreLogitsFlatten",
      });
    });
  },
};
