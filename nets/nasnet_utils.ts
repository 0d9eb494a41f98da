/**
 * What NASNet and PNASNet share around their cells: configuration, stem, heads, end points.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Layers } from "../layers/layers.ts";
import { reshape } from "../tape/ops/pointwise.ts";
import type { Value } from "../tape/tape.ts";
import { activationOf, type Cell, type CellOptions, recordCell } from "./nasnet_cells.ts";
import { type NetOptions, oneOf, type VariantOption } from "./net.ts";

/** What tells the nets apart, by the names of TF-Slim's hyperparameters. */
export interface NasnetConfig {
  /** Factor of the first convolution's depth. */
  readonly stemMultiplier: number;
  /** Cells that keep the size of their input; PNASNet: all after the stem's. */
  readonly cells: number;
  /** Depth of the first cells. */
  readonly filters: number;
  readonly dropoutKeepProb: number;
  readonly dropPathKeepProb: number;
  readonly totalTrainingSteps: number;
}

/** Options of all NASNets. */
export const nasnetOptions: readonly VariantOption[] = [
  "finalEndpoint",
  "createAuxLogits",
  "dropPathKeepProb",
  "totalTrainingSteps",
  "useBoundedActivation",
];

/** Where maps are halved and depths doubled: at cells a third and two thirds of the way. */
export function reductionCells(cells: number): readonly [number, number] {
  return [Math.floor(cells / 3), Math.floor(2 * cells / 3)];
}

/** A net being recorded. */
export interface NasnetRun {
  readonly options: NetOptions;
  readonly cells: CellOptions;
  readonly dropoutKeepProb: number;
  /** Records an end point; true if the net ends there. */
  isFinal(name: string, value: Value): boolean;
  /** Records the auxiliary head on the output of a cell, in training alone. */
  auxiliaryHead(x: Value, cell: number): void;
}

/**
 * Begins a net. `endPoints` are the names before the head's.
 *
 * @throws {RangeError} where `finalEndpoint` is none of its end points
 */
export function beginNasnet(
  root: Layers,
  name: string,
  options: NetOptions,
  config: NasnetConfig,
  endPoints: readonly string[],
  numCells: number,
): NasnetRun {
  const { finalEndpoint, isTraining, createAuxLogits = true, useBoundedActivation = false } = options;
  const names = ["Stem", ...endPoints, "global_pool", "Logits", "Predictions"];
  if (finalEndpoint !== undefined) oneOf(name, "finalEndpoint", finalEndpoint, names);
  const { dropPathKeepProb = config.dropPathKeepProb, totalTrainingSteps = config.totalTrainingSteps } =
    options;
  const cells = {
    filters: config.filters,
    numCells,
    dropPathKeepProb,
    totalTrainingSteps,
    useBoundedActivation,
  };
  return {
    options,
    cells,
    dropoutKeepProb: options.dropoutKeepProb ?? config.dropoutKeepProb,
    isFinal(point, value) {
      root.endPoint(point, value);
      return point === finalEndpoint;
    },
    auxiliaryHead(x, cell) {
      if (!isTraining || !createAuxLogits || options.numClasses === 0) return;
      recordAuxiliaryHead(root.scope(`aux_${cell}`), activationOf(cells)(x), options.numClasses, cells);
    },
  };
}

/** The first layers of the ImageNet nets: a convolution and two cells that halve the map. The last is the input of the first cell. */
export function imagenetStem(
  root: Layers,
  images: Value,
  cell: Cell,
  { stemMultiplier }: NasnetConfig,
  options: CellOptions,
): Value[] {
  const x = root.conv2d(images, Math.floor(32 * stemMultiplier), 3, {
    stride: 2,
    padding: "VALID",
    scope: "conv0",
  });
  const outputs = [root.batchNorm(x, { scope: "conv0_bn" })];
  for (const [index, scaling] of [1 / 4, 1 / 2].entries()) {
    const place = { scope: `cell_stem_${index}`, scaling, stride: 2, index };
    outputs.push(recordCell(root, outputs[index], outputs[index - 1], cell, place, options));
  }
  return outputs;
}

function recordAuxiliaryHead(at: Layers, x: Value, numClasses: number, options: CellOptions): void {
  const s = at.scope("aux_logits"), activation = (v: Value) => activationOf(options)(v, { scope: s.name });
  let y = s.avgPool2d(at.identity("Identity", x), 5, { stride: 3, padding: "VALID", scope: "AvgPool2D" });
  y = activation(s.batchNorm(s.conv2d(y, 128, 1, { scope: "proj" }), { scope: "aux_bn0" }));
  const window = [y.shape[1], y.shape[2]] as const; // as large as the map, so its shape follows the image size
  y = s.conv2d(y, 768, window, { padding: "VALID", scope: "Conv" });
  y = activation(s.batchNorm(y, { scope: "aux_bn1" }));
  s.endPoint("AuxLogits", s.fullyConnected(s.flatten(y), numClasses, { scope: "FC" }));
}

/** Records pooling, logits and predictions. */
export function recordHead(root: Layers, features: Value, run: NasnetRun): Value {
  const s = root.scope("final_layer"), { numClasses } = run.options, [n, , , c] = features.shape;
  const activated = activationOf(run.cells)(features, { scope: s.name });
  const pooled = s.globalPool(activated, { keepDims: false, scope: "Mean" });
  let x = reshape(pooled, [n, c], { scope: s.name, kind: "none" });
  if (run.isFinal("global_pool", x) || numClasses === 0) return x;
  x = s.dropout(x, { keepProb: run.dropoutKeepProb, scope: "dropout" });
  const logits = s.fullyConnected(x, numClasses, { scope: "FC" });
  if (!run.isFinal("Logits", logits)) run.isFinal("Predictions", s.softmax(logits, { scope: "predictions" }));
  return logits;
}
