/**
 * Inception-ResNet v2, as TF-Slim has it: Inception modules that are scaled down and added to their input.
 *
 * C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact of residual connections on
 * learning", 2016, https://arxiv.org/abs/1602.07261
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ActivationFunction } from "../layers/arguments.ts";
import { relu } from "../tape/ops/activations.ts";
import { add } from "../tape/ops/pointwise.ts";
import { avgPool, type Chain, conv, type Layer, maxPool, recordBase, recordChain } from "./chain.ts";
import { recordDenseHeads } from "./heads.ts";
import { mixed } from "./inception_utils.ts";
import { type Net, type NetOptions, oneOf } from "./net.ts";

/** A module brought to the depth of its input by a linear convolution, times `factor`, plus the input (figure 20). */
function residual(module: Layer, factor: number, activation: ActivationFunction = relu): Layer {
  const linear = { activation: null, normalizer: null, scope: "Conv2d_1x1" };
  return (s, x, scope) => {
    const block = s.scope(scope), up = block.conv2d(module(s, x, scope), x.shape[3], [1, 1], linear);
    return activation(add(x, up, { factor, scope: block.name }), { scope: block.name });
  };
}

/** Layers that lie beside the end point that they lead to, not below it. */
function sequence(chain: Chain): Layer {
  return (s, x) => recordChain(s, x, chain);
}

/** The same layer over and over, each time with variables of its own, below `name_1`, `name_2`, ..., as `slim.repeat`. */
function repeat(times: number, name: string, layer: Layer): Layer {
  const chain = Object.fromEntries(Array.from({ length: times }, (_, i) => [`${name}_${i + 1}`, layer]));
  return (s, x, scope) => recordChain(s.scope(scope), x, chain);
}

/** Inception-ResNet-A, figure 16. */
const module35x35 = mixed(
  { Conv2d_1x1: conv(32, [1, 1]) },
  { Conv2d_0a_1x1: conv(32, [1, 1]), Conv2d_0b_3x3: conv(32, [3, 3]) },
  { Conv2d_0a_1x1: conv(32, [1, 1]), Conv2d_0b_3x3: conv(48, [3, 3]), Conv2d_0c_3x3: conv(64, [3, 3]) },
);

/** Inception-ResNet-B, figure 17. */
const module17x17 = (rate: number) =>
  mixed(
    { Conv2d_1x1: conv(192, [1, 1]) },
    {
      Conv2d_0a_1x1: conv(128, [1, 1]),
      Conv2d_0b_1x7: conv(160, [1, 7], { rate }),
      Conv2d_0c_7x1: conv(192, [7, 1], { rate }),
    },
  );

/** Inception-ResNet-C, figure 19. */
const module8x8 = mixed(
  { Conv2d_1x1: conv(192, [1, 1]) },
  { Conv2d_0a_1x1: conv(192, [1, 1]), Conv2d_0b_1x3: conv(224, [1, 3]), Conv2d_0c_3x1: conv(256, [3, 1]) },
);

/** The layers up to the last convolution. Sizes are those of images of 299x299. */
function base({ outputStride = 16, alignFeatureMaps = false }: NetOptions): Chain {
  const padding = alignFeatureMaps ? "SAME" : "VALID", reduced = { stride: 2, padding } as const;
  // At output stride 8 Mixed_6a keeps the size of the map, and the windows of the blocks after it are dilated instead.
  const [stride, rate] = outputStride === 8 ? [1, 2] : [2, 1], reduced6a = { stride, padding } as const;
  return {
    Conv2d_1a_3x3: conv(32, [3, 3], reduced), // 149x149
    Conv2d_2a_3x3: conv(32, [3, 3], { padding }), // 147x147
    Conv2d_2b_3x3: conv(64, [3, 3]),
    MaxPool_3a_3x3: maxPool([3, 3], reduced), // 73x73
    Conv2d_3b_1x1: conv(80, [1, 1], { padding }),
    Conv2d_4a_3x3: conv(192, [3, 3], { padding }), // 71x71
    MaxPool_5a_3x3: maxPool([3, 3], reduced), // 35x35
    Mixed_5b: mixed(
      { Conv2d_1x1: conv(96, [1, 1]) },
      { Conv2d_0a_1x1: conv(48, [1, 1]), Conv2d_0b_5x5: conv(64, [5, 5]) },
      { Conv2d_0a_1x1: conv(64, [1, 1]), Conv2d_0b_3x3: conv(96, [3, 3]), Conv2d_0c_3x3: conv(96, [3, 3]) },
      { AvgPool_0a_3x3: avgPool([3, 3]), Conv2d_0b_1x1: conv(64, [1, 1]) },
    ),
    Mixed_6a: sequence({
      Repeat: repeat(10, "block35", residual(module35x35, 0.17)),
      Mixed_6a: mixed( // 17x17
        { Conv2d_1a_3x3: conv(384, [3, 3], reduced6a) },
        {
          Conv2d_0a_1x1: conv(256, [1, 1]),
          Conv2d_0b_3x3: conv(256, [3, 3]),
          Conv2d_1a_3x3: conv(384, [3, 3], reduced6a),
        },
        { MaxPool_1a_3x3: maxPool([3, 3], reduced6a) },
      ),
    }),
    PreAuxLogits: sequence({ Repeat_1: repeat(20, "block17", residual(module17x17(rate), 0.1)) }),
    Mixed_7a: mixed( // 8x8
      { Conv2d_0a_1x1: conv(256, [1, 1]), Conv2d_1a_3x3: conv(384, [3, 3], reduced) },
      { Conv2d_0a_1x1: conv(256, [1, 1]), Conv2d_1a_3x3: conv(288, [3, 3], reduced) },
      {
        Conv2d_0a_1x1: conv(256, [1, 1]),
        Conv2d_0b_3x3: conv(288, [3, 3]),
        Conv2d_1a_3x3: conv(320, [3, 3], reduced),
      },
      { MaxPool_1a_3x3: maxPool([3, 3], reduced) },
    ),
    Conv2d_7b_1x1: sequence({
      Repeat_2: repeat(9, "block8", residual(module8x8, 0.2)),
      Block8: residual(module8x8, 1, (x) => x),
      Conv2d_7b_1x1: conv(1536, [1, 1]),
    }),
  };
}

/** TF-Slim has output stride 8 up to the 17x17 blocks only. */
function checkOutputStride(scope: string, { outputStride = 16, finalEndpoint }: NetOptions): void {
  const end = finalEndpoint ?? "Conv2d_7b_1x1";
  oneOf(scope, "outputStride", outputStride, [8, 16]);
  if (outputStride === 16 || (end !== "Mixed_7a" && end !== "Conv2d_7b_1x1")) return;
  throw new RangeError(
    `Cannot build ${scope} with outputStride 8 up to ${end}: it reaches as far as PreAuxLogits; ` +
      "use baseOnly: true and finalEndpoint: PreAuxLogits or an earlier one",
  );
}

/** Inception-ResNet v2, 59,182,258 parameters. Biases are decayed too; the auxiliary head is built in evaluation as well. */
export const inceptionResnetV2: Net = {
  name: "inception_resnet_v2",
  defaultImageSize: 299,
  channels: 3,
  preprocessing: "inception",
  numClasses: 1001,
  headScopes: ["InceptionResnetV2/Logits", "InceptionResnetV2/AuxLogits/Logits"],
  paper:
    "Szegedy et al., Inception-v4, Inception-ResNet and the impact of residual connections on learning, 2016",
  parameters: 59_182_258,
  macs: 13_162_503_520,
  options: ["baseOnly", "finalEndpoint", "outputStride", "alignFeatureMaps", "createAuxLogits"],
  argScope: ({ weightDecay }) => {
    const decay = { weightDecay, biasesDecay: weightDecay };
    return {
      conv2d: { ...decay, normalizer: "batchNorm" },
      fullyConnected: decay,
      batchNorm: { decay: 0.9997, epsilon: 0.001 },
    };
  },
  build(root, images, options) {
    const s = root.scope("InceptionResnetV2");
    checkOutputStride(s.name, options);
    const x = recordBase(s, images, base(options), options);
    if (options.baseOnly) return x;
    return recordDenseHeads(s, x, options, {
      pool: { scope: `AvgPool_1a_${x.shape[1]}x${x.shape[2]}`, stride: 2 },
      auxInput: "PreAuxLogits",
      auxPool: "Conv2d_1a_3x3", // TF-Slim's name
      auxWindow: "Conv2d_2a_5x5",
      auxLogits: "Logits",
    }, (head, pooled, keepProb) => head.dropout(head.flatten(pooled), { keepProb, scope: "Dropout" }));
  },
};
