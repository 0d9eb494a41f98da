/**
 * What the page and its worker say to each other.
 *
 * @module
 */

/** What the visitor may choose. */
export interface Settings {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Images to test the trained net on. */
  readonly testImages: number;
  /** Ways to compute that are taken wherever there is a choice. */
  readonly variant: readonly string[];
}

/** From the page to the worker. "save" is for a training that is paused or over. */
export type Command =
  | { readonly kind: "train"; readonly settings: Settings }
  | { readonly kind: "pause" | "resume" | "save" };

/** From the worker to the page. */
export type Notice =
  | { readonly kind: "opened"; readonly adapter: string; readonly isSoftware: boolean }
  | { readonly kind: "compiling" | "evaluating"; readonly done: number; readonly of: number }
  | {
    readonly kind: "trained";
    /** Steps done in all, and the loss of each since the last report. */
    readonly step: number;
    readonly losses: Float32Array;
    readonly imagesPerSecond: number;
  }
  | { readonly kind: "paused" }
  | {
    readonly kind: "evaluated";
    /** Share of the test images whose class was found. */
    readonly accuracy: number;
    readonly images: number;
    readonly examples: readonly Example[];
  }
  | { readonly kind: "saved"; readonly name: string; readonly zip: Uint8Array<ArrayBuffer> }
  | { readonly kind: "failed"; readonly message: string };

/** A test image, grey, with the name of its class and of the class that the net sees in it. */
export interface Example {
  readonly pixels: Uint8Array;
  readonly side: number;
  readonly label: string;
  readonly prediction: string;
}
