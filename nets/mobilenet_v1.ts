/**
 * MobileNet v1, as TF-Slim has it: convolutions split into a depthwise and a pointwise one.
 *
 * A. Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications", 2017,
 * https://arxiv.org/abs/1704.04861
 *
 * This module is browser compatible.
 *
 * @module
 */
import { relu6 } from "../tape/ops/activations.ts";
import { type Chain, conv, type Depth, type Layer, recordBase, thinned } from "./chain.ts";
import { recordHead } from "./heads.ts";
import { bordered, type Frame, mobilenetArgScope, type Pace, paced } from "./mobilenet_utils.ts";
import type { Net } from "./net.ts";

/** The paper's table 1. All layers but the first are split. */
const table: readonly [stride: number, depth: number][] = [
  [2, 32],
  [1, 64],
  [2, 128],
  [1, 128],
  [2, 256],
  [1, 256],
  [2, 512],
  [1, 512],
  [1, 512],
  [1, 512],
  [1, 512],
  [1, 512],
  [2, 1024],
  [1, 1024],
];

/** The table's layers; the second half of a split one is a 1x1 convolution. */
function base(depth: Depth, paces: readonly Pace[], frame: Frame): Chain {
  return Object.assign(
    {},
    ...table.map(([, numOutputs], i): Chain => {
      const name = `Conv2d_${i}`, pace = paces[i], outputs = depth(numOutputs);
      const conv3x3: Layer = (s, x, scope) =>
        s.conv2d(frame(x, 3, pace.rate), outputs, [3, 3], { ...pace, scope });
      const depthwise3x3: Layer = (s, x, scope) =>
        s.separableConv2d(frame(x, 3, pace.rate), null, [3, 3], { ...pace, scope });
      return i === 0
        ? { [name]: conv3x3 }
        : { [`${name}_depthwise`]: depthwise3x3, [`${name}_pointwise`]: conv(outputs, [1, 1]) };
    }),
  );
}

/** MobileNet v1 with all depths times `width`, unless `depthMultiplier` says otherwise. */
function mobilenet(name: string, width: number, figures: { parameters: number; macs: number }): Net {
  return {
    name,
    defaultImageSize: 224,
    channels: 3,
    preprocessing: "inception",
    numClasses: 1001,
    headScopes: ["MobilenetV1/Logits"],
    paper:
      "Howard et al., MobileNets: efficient convolutional neural networks for mobile vision applications, 2017",
    ...figures,
    options: [
      "baseOnly",
      "finalEndpoint",
      "globalPool",
      "outputStride",
      "spatialSqueeze",
      "depthMultiplier",
      "minDepth",
      "useExplicitPadding",
    ],
    argScope: (options) => mobilenetArgScope(options, { activation: relu6, decay: 0.9997 }),
    build(root, images, { depthMultiplier = width, minDepth = 8, dropoutKeepProb = 0.999, ...rest }) {
      const s = root.scope("MobilenetV1"), options = { depthMultiplier, minDepth, dropoutKeepProb, ...rest };
      const paces = paced(s, table.map(([stride]) => stride), options, [8, 16, 32]);
      const [at, frame] = bordered(s, options);
      const x = recordBase(at, images, base(thinned(s, options), paces, frame), options);
      return options.baseOnly ? x : recordHead(s, x, options, { window: 7 });
    },
  };
}

/** MobileNet v1, 4,233,001 parameters. */
export const mobilenetV1: Net = mobilenet("mobilenet_v1", 1, { parameters: 4_233_001, macs: 568_741_376 });

/** MobileNet v1 with three quarters of the depths, 2,586,329 parameters. */
export const mobilenetV1_075: Net = mobilenet("mobilenet_v1_075", 0.75, {
  parameters: 2_586_329,
  macs: 325_401_216,
});

/** MobileNet v1 with half of the depths, 1,332,105 parameters. */
export const mobilenetV1_050: Net = mobilenet("mobilenet_v1_050", 0.5, {
  parameters: 1_332_105,
  macs: 149_497_600,
});

/** MobileNet v1 with a quarter of the depths, 470,329 parameters. */
export const mobilenetV1_025: Net = mobilenet("mobilenet_v1_025", 0.25, {
  parameters: 470_329,
  macs: 41_030_528,
});
