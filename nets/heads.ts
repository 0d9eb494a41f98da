/**
 * How the Inception nets and the MobileNets end: pooling, dropout, logits, predictions.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Conv2dArguments } from "../layers/arguments.ts";
import type { Layers } from "../layers/layers.ts";
import type { Value } from "../tape/tape.ts";
import type { NetOptions } from "./net.ts";

/** The window of that side, or as much of it as fits into the map. */
export function reducedWindow({ shape: [, height, width] }: Value, side: number): [number, number] {
  return [Math.min(height, side), Math.min(width, side)];
}

/** Logits by a linear 1x1 convolution: [n, numClasses], or [n, height, width, numClasses] without `spatialSqueeze`. */
export function classify(
  s: Layers,
  x: Value,
  { numClasses, spatialSqueeze = true }: NetOptions,
  options: Conv2dArguments & { scope: string },
): Value {
  const logits = s.conv2d(x, numClasses, [1, 1], { activation: null, normalizer: null, ...options });
  return spatialSqueeze ? s.squeeze(logits, { scope: "SpatialSqueeze" }) : logits;
}

/** The head of Inception v2 and v3 and of MobileNet v1: average pooling with a window of that side or the map's, dropout, logits and predictions. */
export function recordHead(
  s: Layers,
  x: Value,
  options: NetOptions,
  { window, preLogits = false }: { window: number; preLogits?: boolean },
): Value {
  const { numClasses, globalPool, dropoutKeepProb: keepProb = 0.8 } = options;
  const head = s.scope("Logits"), kernel = reducedWindow(x, window);
  let y = globalPool
    ? s.endPoint("global_pool", head.globalPool(x, { scope: "GlobalPool" }))
    : s.endPoint("AvgPool_1a", head.avgPool2d(x, kernel, { scope: `AvgPool_1a_${kernel.join("x")}` }));
  if (!numClasses) return y;
  y = head.dropout(y, { keepProb, scope: "Dropout_1b" });
  if (preLogits) s.endPoint("PreLogits", y);
  const logits = s.endPoint("Logits", classify(head, y, options, { scope: "Conv2d_1c_1x1" }));
  s.endPoint("Predictions", s.softmax(logits, { scope: "Predictions" }));
  return logits;
}

/**
 * The heads of Inception v4 and Inception-ResNet v2: pooling over the whole map, dropout and a fully connected layer; and the auxiliary
 * head, whose second window is as large as its map. `names` are those in which the two nets differ.
 */
export function recordDenseHeads(
  s: Layers,
  x: Value,
  { numClasses, createAuxLogits = true, dropoutKeepProb: keepProb = 0.8 }: NetOptions,
  names: {
    pool: { scope: string; stride: number };
    auxInput: string;
    auxPool: string;
    auxWindow: string;
    auxLogits: string;
  },
  features: (head: Layers, x: Value, keepProb: number) => Value,
): Value {
  if (createAuxLogits && numClasses) {
    const aux = s.scope("AuxLogits");
    let y = aux.avgPool2d(s.endPoints.get(names.auxInput)!, [5, 5], { stride: 3, scope: names.auxPool });
    y = aux.conv2d(y, 128, [1, 1], { scope: "Conv2d_1b_1x1" });
    y = aux.conv2d(y, 768, [y.shape[1], y.shape[2]], { padding: "VALID", scope: names.auxWindow });
    y = aux.fullyConnected(aux.flatten(y), numClasses, { activation: null, scope: names.auxLogits });
    s.endPoint("AuxLogits", y);
  }
  const head = s.scope("Logits");
  const pool = head.avgPool2d(x, [x.shape[1], x.shape[2]], names.pool);
  let y = s.endPoint("global_pool", pool);
  if (!numClasses) return y;
  y = features(head, y, keepProb);
  s.endPoint("PreLogitsFlatten", y);
  const logits = head.fullyConnected(y, numClasses, { activation: null, scope: "Logits" });
  s.endPoint("Logits", logits);
  s.endPoint("Predictions", head.softmax(logits, { scope: "Predictions" }));
  return logits;
}
