/**
 * What a preprocessing family is.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Value } from "../tape/tape.ts";

/** What the images are prepared for. */
export interface PreprocessingOptions {
  /** Height and width that the net takes. */
  readonly height: number;
  readonly width: number;
  /** With random distortions, or as they are for evaluation. */
  readonly isTraining: boolean;
  /** Training step, uint32 [1]: with `seed` it determines the distortions. */
  readonly step: Value;
  readonly seed: number;
}

/** Records the way from byte images [n, h, w, c] (u8) to what a net takes, [n, height, width, c]. */
export type Preprocessing = (images: Value, options: PreprocessingOptions) => Value;
