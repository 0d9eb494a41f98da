/**
 * Cells of NASNet and PNASNet: five pairs of operations on the two layers before, found by search.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ArgScope } from "../layers/arguments.ts";
import { varianceScaling } from "../layers/initializers.ts";
import type { Layers } from "../layers/layers.ts";
import { concat, crop, pad } from "../tape/ops/arrange.ts";
import { relu, relu6 } from "../tape/ops/activations.ts";
import { add, scale } from "../tape/ops/pointwise.ts";
import type { Value } from "../tape/tape.ts";

/** An operation of a cell; `separable(5)` is two separable 5x5 convolutions one after another. */
export type Operation = { readonly separable: number } | { readonly pool: "max" | "avg" } | "identity";

/** Two stacked separable convolutions. */
export const separable = (kernel: number): Operation => ({ separable: kernel });
/** 3x3 max pooling. */
export const maxPool: Operation = { pool: "max" };
/** 3x3 average pooling. */
export const avgPool: Operation = { pool: "avg" };
/** Nothing, or a 1x1 convolution where the shape must change. */
export const identity: Operation = "identity";

/**
 * A cell: sums of two operations, each on an earlier state. State 0 is the layer before, 1 the one before that, 2 the first
 * sum and so on; states that no pair takes and that are not `consumed` are joined to the output.
 */
export interface Cell {
  readonly pairs: readonly (readonly [Operation, state: number, Operation, state: number])[];
  /** States that are not part of the output. */
  readonly consumed: readonly number[];
}

/** What all cells of one net share. */
export interface CellOptions {
  /** Depth of the first cells. */
  readonly filters: number;
  readonly numCells: number;
  readonly dropPathKeepProb: number;
  readonly totalTrainingSteps: number;
  readonly useBoundedActivation: boolean;
}

/** Where a cell stands. */
export interface CellPlace {
  readonly scope: string;
  /** Factor of the depth. */
  readonly scaling: number;
  readonly stride: number;
  /** Counts all cells, the stem's too. */
  readonly index: number;
}

/** `nasnet_*_arg_scope`: nothing after convolutions, batch normalization with gamma. */
export function nasnetArgScope(decay: number, epsilon: number): (o: { weightDecay: number }) => ArgScope {
  return ({ weightDecay }) => {
    const layer = { weightsInitializer: varianceScaling(2, "FAN_OUT"), activation: null, weightDecay };
    const convolution = { ...layer, biasesInitializer: null };
    return {
      conv2d: convolution,
      separableConv2d: convolution,
      fullyConnected: layer,
      batchNorm: { decay, epsilon, scale: true },
    };
  };
}

/** x between -6 and 6. */
function clip6(x: Value, scope: string): Value {
  const below = relu6(scale(x, -1, { scope }), { scope });
  return add(relu6(x, { scope }), below, { factor: -1, scope });
}

/** The activation of a net: `relu`, or `relu6` where it is bounded. */
export function activationOf({ useBoundedActivation }: { useBoundedActivation: boolean }): typeof relu {
  return useBoundedActivation ? relu6 : relu;
}

const depthOf = (x: Value) => x.shape[3];

/** A 1x1 convolution and its batch normalization. */
function project(s: Layers, x: Value, depth: number, scopes: readonly [string, string], stride = 1): Value {
  return s.batchNorm(s.conv2d(x, depth, 1, { stride, scope: scopes[0] }), { scope: scopes[1] });
}

/** Halves a map: even pixels through one convolution, odd ones through another, so that none is lost. */
function factorizedReduction(s: Layers, x: Value, depth: number): Value {
  const { name: scope } = s;
  const path = (v: Value, half: number, name: string) => {
    const sampled = s.avgPool2d(v, 1, { stride: 2, padding: "VALID", scope: name });
    return s.conv2d(sampled, half, 1, { scope: `${name}_conv` });
  };
  const even = path(x, Math.floor(depth / 2), "path1");
  const shifted = crop(pad(x, { bottom: 1, right: 1, scope }), { top: 1, left: 1, scope });
  const paths = [even, path(shifted, Math.ceil(depth / 2), "path2")];
  return s.batchNorm(concat(paths, { scope: s.name }), { scope: "final_path_bn" });
}

/** Records a cell on the layer before, `x`, and the one before that, if there is one. */
export function recordCell(
  root: Layers,
  x: Value,
  previous: Value | undefined,
  cell: Cell,
  place: CellPlace,
  options: CellOptions,
): Value {
  const s = root.scope(place.scope), depth = Math.floor(options.filters * place.scaling);
  const activation = activationOf(options);
  const states = [x, previous ? matched(s, previous, x, depth, activation) : x];
  states[0] = project(s, activation(x, { scope: s.name }), depth, ["1x1", "beginning_bn"]);
  for (const [i, [left, a, right, b]] of cell.pairs.entries()) {
    const pair = s.scope(`comb_iter_${i}`);
    const sides = ([["left", left, a], ["right", right, b]] as const).map(([side, operation, state]) => {
      const stride = state < 2 ? place.stride : 1; // the layers before are larger, the sums are not
      const y = recordOperation(pair.scope(side), states[state], operation, stride, depth, options);
      if (operation === "identity") return y;
      return pair.dropPath(y, {
        keepProb: options.dropPathKeepProb,
        cellRatio: (place.index + 1) / options.numCells,
        totalTrainingSteps: options.totalTrainingSteps,
        scope: side,
      });
    });
    const sum = add(sides[0], sides[1], { scope: pair.path("combine") });
    states.push(options.useBoundedActivation ? relu6(sum, { scope: pair.name }) : sum);
  }
  return joined(s.scope("cell_output"), states, cell);
}

/** The layer before the last in the shape that the cell needs. */
function matched(s: Layers, previous: Value, x: Value, depth: number, activation: typeof relu): Value {
  const isLarger = previous.shape[2] !== x.shape[2];
  if (!isLarger && depthOf(previous) === depth) return previous;
  const y = activation(previous, { scope: s.name });
  return isLarger ? factorizedReduction(s, y, depth) : project(s, y, depth, ["prev_1x1", "prev_bn"]);
}

/** Records an operation. Where activations are bounded, so are its input and its output. */
function recordOperation(
  s: Layers,
  x: Value,
  operation: Operation,
  stride: number,
  depth: number,
  { useBoundedActivation: isBounded }: CellOptions,
): Value {
  const scope = s.name, activation = isBounded ? relu6 : relu;
  const bounded = (y: Value) => isBounded ? clip6(y, scope) : y;
  if (operation === "identity") {
    if (stride > 1 || depthOf(x) !== depth) {
      return bounded(project(s, activation(x, { scope }), depth, ["1x1", "bn_1"], stride));
    }
    return isBounded ? relu6(x, { scope }) : x;
  }
  if ("pool" in operation) {
    const input = isBounded ? relu6(x, { scope }) : x;
    const isMax = operation.pool === "max";
    const options = { stride, padding: "SAME", scope: isMax ? "MaxPool2D" : "AvgPool2D" } as const;
    const y = isMax ? s.maxPool2d(input, 3, options) : s.avgPool2d(input, 3, options);
    return bounded(depthOf(y) === depth ? y : project(s, y, depth, ["1x1", "bn_1"]));
  }
  const size = operation.separable, name = `${size}x${size}`;
  return bounded([1, 2].reduce((y, i) => {
    const convolution = { stride: i === 1 ? stride : 1, scope: `separable_${name}_${i}` };
    return s.batchNorm(s.separableConv2d(activation(y, { scope }), depth, size, convolution), {
      scope: `bn_sep_${name}_${i}`,
    });
  }, x));
}

/** The states that make up the output, side by side, in the shape of the last one. */
function joined(s: Layers, states: readonly Value[], { consumed }: Cell): Value {
  const last = states[states.length - 1], depth = depthOf(last);
  const outputs = states.flatMap((state, i) => {
    if (consumed.includes(i)) return [];
    const reduction = s.scope(`reduction_${i}`);
    if (state.shape[2] !== last.shape[2]) return factorizedReduction(reduction, state, depth);
    return depthOf(state) === depth ? state : project(reduction, state, depth, ["path_conv", "path_bn"]);
  });
  return concat(outputs, { scope: s.name });
}
