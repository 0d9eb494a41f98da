/**
 * Initial values of variables: functions of (seed, variable's name, position) and of nothing else.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import { hash32, uniforms } from "../random/philox.ts";
import type { Shape } from "../tape/tape.ts";

/** How initial values are spread. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "truncatedNormal"; readonly mean: number; readonly stddev: number }
  /** Between -limit and limit. */
  | { readonly kind: "uniform"; readonly limit: number };

/** Fills a shape; `name` tells the variables of one run apart. */
export interface Initializer {
  (shape: Shape, seed: number, name: string): Float32Array;
  /** How it fills a shape, for those who write it down instead of running it. */
  readonly distribution?: (shape: Shape) => Distribution;
}

function initializer(fill: Initializer, distribution: (shape: Shape) => Distribution): Initializer {
  return Object.assign(fill, { distribution });
}

/** All values equal, as `tf.constant_initializer`. */
export function constant(value: number): Initializer {
  return initializer(
    (shape) => new Float32Array(sizeOf(shape)).fill(value),
    () => ({ kind: "constant", value }),
  );
}

/** All 0, as `tf.zeros_initializer`. */
export const zeros: Initializer = constant(0);

/**
 * A normal distribution without what lies beyond two standard deviations, as `tf.truncated_normal_initializer`.
 *
 * @param stddev standard deviation before truncation
 */
export function truncatedNormal(stddev: number, mean = 0): Initializer {
  return initializer((shape, seed, name) => {
    const values = new Float32Array(sizeOf(shape)), next = uniforms(seed, hash32(name));
    for (let i = 0; i < values.length;) {
      const radius = Math.sqrt(-2 * Math.log(1 - next())), angle = 2 * Math.PI * next(); // Box and Muller 1958
      for (const z of [radius * Math.cos(angle), radius * Math.sin(angle)]) {
        if (Math.abs(z) < 2 && i < values.length) values[i++] = mean + stddev * z;
      }
    }
    return values;
  }, () => ({ kind: "truncatedNormal", mean, stddev }));
}

function glorotLimit(shape: Shape): number {
  const receptive = sizeOf(shape.slice(0, -2)), [fanIn, fanOut] = shape.slice(-2).map((n) => n * receptive);
  return Math.sqrt(6 / (fanIn + fanOut));
}

/** Glorot and Bengio's (2010) uniform distribution, `slim.xavier_initializer`: the default of slim's layers. */
export const xavier: Initializer = initializer((shape, seed, name) => {
  const limit = glorotLimit(shape), next = uniforms(seed, hash32(name));
  return new Float32Array(sizeOf(shape)).map(() => limit * (2 * next() - 1));
}, (shape) => ({ kind: "uniform", limit: glorotLimit(shape) }));

/** What {@linkcode varianceScaling} divides by. */
export type FanMode = "FAN_IN" | "FAN_OUT" | "FAN_AVG";

/**
 * `slim.variance_scaling_initializer` without its uniform form: a truncated normal distribution of variance factor / fan.
 * The defaults are those of He et al. (2015).
 */
export function varianceScaling(factor = 2, mode: FanMode = "FAN_IN"): Initializer {
  const stddevOf = (shape: Shape) => {
    const receptive = sizeOf(shape.slice(0, -2)), [fanIn, fanOut] = shape.slice(-2).map((n) => n * receptive);
    const fan = { FAN_IN: fanIn, FAN_OUT: fanOut, FAN_AVG: (fanIn + fanOut) / 2 }[mode];
    return Math.sqrt(1.3 * factor / fan); // 1.3 makes up for what truncation takes
  };
  return initializer(
    (shape, seed, name) => truncatedNormal(stddevOf(shape))(shape, seed, name),
    (shape) => ({ kind: "truncatedNormal", mean: 0, stddev: stddevOf(shape) }),
  );
}
