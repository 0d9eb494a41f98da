/**
 * RandAugment: several random operations of one strength on each image.
 *
 * Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", 2019. The fourteen
 * operations of the paper; strengths go from 0 to 10, and what they mean at 10 is what is now usual: shears of 0.3, shifts of
 * 45% of a side, 30 degrees, factors of 0.1 and 1.9.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { packDistortion } from "../kernels/distort.ts";
import type { Draws } from "../random/philox.ts";

/** How strong, and how many operations. */
export interface RandAugment {
  /** 0 to 10. */
  readonly magnitude: number;
  /** Operations an image, one after another. */
  readonly count: number;
}

/** The strength of which the operations are. */
const LARGEST = 10;
/** Largest number of operations. */
const MOST = 14;

/**
 * Reads a policy in the usual spelling, "m9-n2": strength 9, two operations.
 *
 * @throws {RangeError} if it is none
 */
export function parseRandAugment(text: string): RandAugment {
  const [, magnitude, count = "2"] = /^m(\d+(?:\.\d+)?)(?:-n(\d+))?$/.exec(text) ?? [];
  if (magnitude === undefined || Number(magnitude) > LARGEST || Number(count) < 1 || Number(count) > MOST) {
    throw new RangeError(
      `Cannot read the policy ${text}: give m, a strength of 0 to ${LARGEST}, -n and 1 to ${MOST} operations, as in m9-n2`,
    );
  }
  return { magnitude: Number(magnitude), count: Number(count) };
}

/** An operation as the device takes it; see kernels/distort_common.wgsl. */
export interface Distortion {
  /** What is done. */
  readonly kind: DistortionKind;
  /** How much, where the kind has a measure. */
  readonly amount?: number;
  /**
   * For "move": where output (i, j) lies, counted from the centre, as six numbers; row = [0] i + [1] j + [2], column = [3] i +
   * [4] j + [5].
   */
  readonly places?: readonly [number, number, number, number, number, number];
}

/** Kinds in the order of their numbers on the device. */
export const distortionKinds = [
  ...["identity", "move", "color", "sharpness"] as const,
  ...["autoContrast", "equalize", "contrast", "brightness", "posterize", "solarize"] as const,
] as const;
/** What is done to the pixels. */
export type DistortionKind = typeof distortionKinds[number];

/** Makes an operation of a strength of 0 to 1, for images of that size. */
export type MakeDistortion = (strength: number, sign: number, size: readonly [number, number]) => Distortion;

const factor = (kind: DistortionKind): MakeDistortion => (strength, sign) => ({
  kind,
  amount: 1 + 0.9 * strength * sign,
});

/** The operations of the paper; `strength` is 0 to 1, `sign` 1 or -1. */
export const distortions: Readonly<Record<string, MakeDistortion>> = {
  identity: () => ({ kind: "identity" }),
  autoContrast: () => ({ kind: "autoContrast" }),
  equalize: () => ({ kind: "equalize" }),
  rotate: (strength, sign) => {
    const angle = sign * strength * Math.PI / 6, c = Math.cos(angle), s = Math.sin(angle);
    return { kind: "move", places: [c, s, 0, -s, c, 0] };
  },
  solarize: (strength) => ({ kind: "solarize", amount: 255 * (1 - strength) }),
  color: factor("color"),
  posterize: (strength) => ({ kind: "posterize", amount: 2 ** Math.round(4 * strength) }),
  contrast: factor("contrast"),
  brightness: factor("brightness"),
  sharpness: factor("sharpness"),
  shearX: (strength, sign) => ({ kind: "move", places: [1, 0, 0, 0.3 * strength * sign, 1, 0] }),
  shearY: (strength, sign) => ({ kind: "move", places: [1, 0.3 * strength * sign, 0, 0, 1, 0] }),
  translateX: (strength, sign, [, width]) => ({
    kind: "move",
    places: [1, 0, 0, 0, 1, Math.round(0.45 * strength * width) * sign],
  }),
  translateY: (strength, sign, [height]) => ({
    kind: "move",
    places: [1, 0, Math.round(0.45 * strength * height) * sign, 0, 1, 0],
  }),
};

const all = Object.values(distortions);

/** Draws the operations for an image of that size, each as often as the others. */
export function chooseDistortions(
  { magnitude, count }: RandAugment,
  size: readonly [number, number],
  draws: Draws,
): Distortion[] {
  return Array.from(
    { length: count },
    () => all[draws.below(all.length)](magnitude / LARGEST, draws.chance() ? 1 : -1, size),
  );
}

/** An operation's record. */
export function distortionRecord({ kind, amount = 0, places = [1, 0, 0, 0, 1, 0] }: Distortion): Uint32Array {
  return packDistortion({
    kind: distortionKinds.indexOf(kind),
    amount,
    row: places.slice(0, 3),
    column: places.slice(3),
  });
}
