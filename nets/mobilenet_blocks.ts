/**
 * What MobileNet v2 and v3 share: a notation in which a net is a list of layers, its blocks, and how it is recorded.
 *
 * A layer is described for the full width and stride. The base says what is left of both when it records the layer.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ActivationFunction, ArgScope, Conv2dArguments } from "../layers/arguments.ts";
import type { Layers } from "../layers/layers.ts";
import { hardSigmoid, relu } from "../tape/ops/activations.ts";
import { add, gate } from "../tape/ops/pointwise.ts";
import type { Value } from "../tape/tape.ts";
import type { Depth } from "./chain.ts";
import { classify } from "./heads.ts";
import { bordered, type Frame, type Pace, paced } from "./mobilenet_utils.ts";
import { type NetOptions, oneOf } from "./net.ts";

/** What the base tells a layer that it records. */
interface Place extends Pace {
  readonly scope: string;
  readonly depth: Depth;
  readonly frame: Frame;
  /** Names a value inside the layer; it becomes an end point below the layer's own. */
  readonly inner: (name: string, value: Value) => void;
}

/** A layer of a base. */
export interface MobileLayer {
  /** Scope of the first layer of its kind; the base numbers the others. */
  readonly scope: "Conv" | "expanded_conv" | "AvgPool2D";
  readonly stride: number;
  readonly record: (s: Layers, x: Value, place: Place) => Value;
}

/** A convolution with a square window. */
export function conv(
  kernel: number,
  numOutputs: number,
  { stride = 1, ...options }: Conv2dArguments & { stride?: number } = {},
): MobileLayer {
  return {
    scope: "Conv",
    stride,
    record: (s, x, { depth, frame, stride, rate, scope }) =>
      s.conv2d(frame(x, kernel, rate), depth(numOutputs), [kernel, kernel], {
        ...options,
        stride,
        rate,
        scope,
      }),
  };
}

/** Average pooling over the whole map if that is square, else with a window of 7x7. */
export const pool: MobileLayer = {
  scope: "AvgPool2D",
  stride: 1,
  record(s, x, { scope }) {
    const [, height, width] = x.shape, side = height === width ? height : 7;
    return s.avgPool2d(x, [side, side], { stride: 1, scope });
  },
};

/** An inverted residual block. */
export interface Bottleneck {
  /** Factor from input depth to the depth of the depthwise convolution; 1: no convolution expands. */
  readonly expansion: number;
  readonly numOutputs: number;
  /** Side of the depthwise window. @default {3} */
  readonly kernel?: number;
  /** @default {1} */
  readonly stride?: number;
  /** Of the expansion and the depthwise convolution. @default the arg scope's */
  readonly activation?: ActivationFunction;
  /** Whether squeeze-and-excite weighs the channels of the depthwise convolution. @default {false} */
  readonly squeeze?: boolean;
}

/**
 * An inverted residual block (Sandler et al. 2018): 1x1 expansion, depthwise convolution, linear 1x1 projection, and the
 * input added where shapes allow.
 */
export function bottleneck(
  { expansion, numOutputs, kernel = 3, stride = 1, activation, squeeze }: Bottleneck,
): MobileLayer {
  const args: ArgScope = activation ? { conv2d: { activation }, separableConv2d: { activation } } : {};
  return {
    scope: "expanded_conv",
    stride,
    record(at, x, { depth, frame, stride, rate, scope, inner }) {
      const s = at.scope(scope).with(args), channels = x.shape[3];
      const named = (name: string, value: Value) => inner(name, s.identity(name, value));
      let y = s.identity("input", x);
      if (expansion > 1) {
        y = s.conv2d(y, divisible(channels * expansion), [1, 1], { scope: "expand" });
        named("expansion_output", y);
      }
      const window = { stride, rate, scope: "depthwise" };
      y = s.separableConv2d(frame(y, kernel, rate), null, [kernel, kernel], window);
      named("depthwise_output", y);
      if (squeeze) y = squeezeExcite(s.scope("squeeze_excite"), y);
      y = s.conv2d(y, depth(numOutputs), [1, 1], { activation: null, scope: "project" });
      s.scope("project").identity("Identity", y);
      if (stride === 1 && y.shape[3] === channels) y = add(y, x, { scope: s.name });
      named("output", y);
      return y;
    },
  };
}

/** Squeeze-and-excite (Hu et al. 2018) with a quarter of the channels: each channel times a gate between 0 and 1. */
function squeezeExcite(s: Layers, x: Value): Value {
  const channels = x.shape[3], normalizer = null;
  let y = s.globalPool(x, { scope: "AvgPool" });
  y = s.conv2d(y, divisible(channels / 4), [1, 1], { activation: relu, normalizer, scope: "Conv" });
  y = s.conv2d(y, channels, [1, 1], { activation: hardSigmoid, normalizer, scope: "Conv_1" });
  return gate(x, y, { scope: s.name });
}

/** The nearest multiple of 8, at least `least`, and never less than 0.9 times the depth. */
function divisible(depth: number, least = 8): number {
  const rounded = Math.max(least, Math.floor((depth + 4) / 8) * 8);
  return rounded < 0.9 * depth ? rounded + 8 : rounded;
}

/**
 * Records a net: its layers up to `finalEndpoint`, then pooling, dropout and logits. End points are first all layers, then
 * what is inside them.
 *
 * @param keepLast whether the depth of the last layer is never multiplied
 * @throws {RangeError} where an option has a value that is not allowed
 */
export function recordMobilenet(
  s: Layers,
  images: Value,
  layers: readonly MobileLayer[],
  options: NetOptions,
  { keepLast }: { keepLast: boolean },
): Value {
  const x = recordBase(s, images, layers, options, keepLast);
  if (options.baseOnly) return x;
  const { numClasses, dropoutKeepProb: keepProb = 0.8 } = options, head = s.scope("Logits");
  const pool = head.avgPool2d(s.identity("embedding", x), [x.shape[1], x.shape[2]], {
    stride: 1,
    scope: "AvgPool",
  });
  const pooled = s.endPoint("global_pool", pool);
  if (!numClasses) return pooled;
  const features = head.dropout(pooled, { keepProb, scope: "Dropout" });
  const scores = classify(head, features, options, { scope: "Conv2d_1c_1x1" });
  const logits = s.endPoint("Logits", head.identity("output", scores));
  s.endPoint("Predictions", s.softmax(logits, { scope: "Predictions" }));
  return logits;
}

function recordBase(
  s: Layers,
  images: Value,
  layers: readonly MobileLayer[],
  options: NetOptions,
  keepLast: boolean,
): Value {
  const { depthMultiplier = 1, minDepth } = options;
  if (!(depthMultiplier > 0)) {
    throw new RangeError(
      `Cannot build ${s.name} with depthMultiplier ${depthMultiplier}: it must be above 0`,
    );
  }
  const names = layers.map((_, i) => `layer_${i + 1}`), last = names.length - 1;
  const end = names.indexOf(oneOf(s.name, "finalEndpoint", options.finalEndpoint ?? names[last], names));
  const paces = paced(s, layers.map(({ stride }) => stride), options, [1, 2, 4, 8, 16, 32]);
  const [at, frame] = bordered(s, options), inside: [name: string, value: Value][] = [];
  const recorded = layers.slice(0, end + 1).reduce((x, layer, i) => {
    const before = layers.slice(0, i).filter(({ scope }) => scope === layer.scope).length;
    const multiplier = keepLast && i === last ? 1 : depthMultiplier;
    const y = layer.record(at, x, {
      ...paces[i],
      scope: before ? `${layer.scope}_${before}` : layer.scope,
      depth: (depth) => divisible(depth * multiplier, minDepth),
      frame,
      inner: (name, value) => inside.push([`${names[i]}/${name}`, value]),
    });
    return s.endPoint(names[i], y);
  }, s.identity("input", images));
  for (const [name, value] of inside) s.endPoint(name, value);
  return recorded;
}
