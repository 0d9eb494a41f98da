/**
 * CifarNet, as TF-Slim has it: the CIFAR-10 net of Krizhevsky's cuda-convnet, with local response normalization.
 *
 * A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; cuda-convnet, 2012.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { constant, truncatedNormal, zeros } from "../layers/initializers.ts";
import type { Net } from "./net.ts";

const LRN = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };

/** CifarNet, 1,756,426 parameters with ten classes. Only fc3 and fc4 are decayed. */
export const cifarnet: Net = {
  name: "cifarnet",
  defaultImageSize: 32,
  channels: 3,
  preprocessing: "cifarnet",
  numClasses: 10,
  headScopes: ["CifarNet/logits"],
  paper: "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
  parameters: 1_756_426,
  macs: 32_778_112,
  options: [],
  argScope: ({ weightDecay }) => ({
    conv2d: { weightsInitializer: truncatedNormal(0.05) },
    fullyConnected: {
      weightsInitializer: truncatedNormal(0.04),
      biasesInitializer: constant(0.1),
      weightDecay,
    },
  }),
  build(root, images, { numClasses, dropoutKeepProb: keepProb }) {
    const s = root.scope("CifarNet");
    let x = s.endPoint("conv1", s.conv2d(images, 64, [5, 5], { scope: "conv1" }));
    x = s.endPoint("pool1", s.maxPool2d(x, [2, 2], { stride: 2, scope: "pool1" }));
    x = s.lrn(x, { ...LRN, scope: "norm1" });
    x = s.endPoint("conv2", s.conv2d(x, 64, [5, 5], { scope: "conv2" }));
    x = s.lrn(x, { ...LRN, scope: "norm2" });
    x = s.endPoint("pool2", s.maxPool2d(x, [2, 2], { stride: 2, scope: "pool2" }));
    x = s.endPoint("Flatten", s.flatten(x));
    x = s.endPoint("fc3", s.fullyConnected(x, 384, { scope: "fc3" }));
    x = s.dropout(x, { keepProb, scope: "dropout3" });
    x = s.endPoint("fc4", s.fullyConnected(x, 192, { scope: "fc4" }));
    if (!numClasses) return x;
    const logits = s.endPoint(
      "Logits",
      s.fullyConnected(x, numClasses, {
        weightsInitializer: truncatedNormal(1 / 192),
        biasesInitializer: zeros,
        weightDecay: 0,
        activation: null,
        scope: "logits",
      }),
    );
    s.endPoint("Predictions", s.softmax(logits, { scope: "Predictions" }));
    return logits;
  },
};
