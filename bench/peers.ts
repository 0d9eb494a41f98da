/**
 * The libraries that take part.
 *
 * @module
 */
import type { Case } from "./cases.ts";
import type { Engine } from "./engine.ts";
import { jaxJs } from "./jax.ts";
import { ortWebgpu } from "./ort.ts";
import { tfjsWasm, tfjsWebgpu } from "./tfjs.ts";

/** Ours, in the table and the JSON. */
export const OURS = "wgslim";

/** A library to compare with. */
export interface Peer {
  /** Whether it computes with WebGPU, as we do. The others only show what the processor can do. */
  readonly isWebgpu: boolean;
  /** Whether it takes part in a row. */
  takes(c: Case): boolean;
  load(): Promise<Engine>;
}

const always = () => true, inference = (c: Case) => c.kind === "infer";

/** Libraries by their names in the table, in its order. */
export const peers: Readonly<Record<string, Peer>> = {
  "tfjs-webgpu": { isWebgpu: true, takes: always, load: tfjsWebgpu },
  "jax-js": { isWebgpu: true, takes: always, load: jaxJs },
  "ort-webgpu": { isWebgpu: true, takes: inference, load: ortWebgpu }, // it cannot train
  "tfjs-wasm": { isWebgpu: false, takes: inference, load: tfjsWasm }, // it has no gradients of convolutions
};
