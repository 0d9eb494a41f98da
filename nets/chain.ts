/**
 * A notation in which the base of a net reads as its paper's table does.
 *
 * A chain is an object: its keys are the scopes of the checkpoint, its values the layers, recorded one after another.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Conv2dArguments, Pool2dArguments } from "../layers/arguments.ts";
import type { Layers } from "../layers/layers.ts";
import type { Value } from "../tape/tape.ts";
import { type NetOptions, oneOf } from "./net.ts";

/** Something to record on a value, below a scope and under a name of its own. */
export type Layer = (s: Layers, x: Value, scope: string) => Value;

/** Layers one after another, by their scopes. */
export type Chain = Readonly<Record<string, Layer>>;

/** A convolution in a chain. */
export function conv(numOutputs: number, kernel: [number, number], options: Conv2dArguments = {}): Layer {
  return (s, x, scope) => s.conv2d(x, numOutputs, kernel, { ...options, scope });
}

/** Max pooling in a chain. */
export function maxPool(kernel: [number, number], options: Pool2dArguments = {}): Layer {
  return (s, x, scope) => s.maxPool2d(x, kernel, { ...options, scope });
}

/** Average pooling in a chain. */
export function avgPool(kernel: [number, number], options: Pool2dArguments = {}): Layer {
  return (s, x, scope) => s.avgPool2d(x, kernel, { ...options, scope });
}

/** Records the layers of a chain below a scope. */
export function recordChain(s: Layers, x: Value, chain: Chain): Value {
  return Object.entries(chain).reduce((y, [scope, layer]) => layer(s, y, scope), x);
}

/**
 * Records a base: a chain of which every layer is an end point, up to `finalEndpoint`. Pooling in it pads and steps by 1
 * unless it says otherwise.
 *
 * @throws {RangeError} where `finalEndpoint` is no layer of the chain, or is given without `baseOnly`
 */
export function recordBase(
  s: Layers,
  images: Value,
  chain: Chain,
  { finalEndpoint, baseOnly }: NetOptions,
): Value {
  const names = Object.keys(chain), last = names[names.length - 1];
  if (finalEndpoint !== undefined && !baseOnly) {
    throw new RangeError(
      `Cannot build ${s.name} with finalEndpoint ${finalEndpoint}: the head follows ${last}; add baseOnly: true`,
    );
  }
  const end = names.indexOf(oneOf(s.name, "finalEndpoint", finalEndpoint ?? last, names));
  const pool: Pool2dArguments = { stride: 1, padding: "SAME" };
  const base = s.with({ maxPool2d: pool, avgPool2d: pool });
  return names.slice(0, end + 1).reduce((x, name) => s.endPoint(name, chain[name](base, x, name)), images);
}

/** What a layer's depth becomes in a thinner or thicker net. */
export type Depth = (depth: number) => number;

/**
 * The function that thins depths: d times `depthMultiplier`, rounded down, but at least `minDepth`.
 *
 * @throws {RangeError} where `depthMultiplier` is not above 0
 */
export function thinned(
  s: Layers,
  { depthMultiplier = 1, minDepth = 16 }: NetOptions,
): Depth {
  if (depthMultiplier > 0) return (depth) => Math.max(Math.floor(depth * depthMultiplier), minDepth);
  throw new RangeError(
    `Cannot build ${s.name} with depthMultiplier ${depthMultiplier}: it must be above 0`,
  );
}
