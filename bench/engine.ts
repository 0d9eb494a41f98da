/**
 * What the bench asks of each library.
 *
 * @module
 */
import type { Case } from "./cases.ts";

/** A library on its device. */
export interface Engine {
  /** The adapter as the library's own device reports it; left out by one that computes without WebGPU. */
  readonly adapter?: string;
  /** Converts a case's operands, or its net, to what the library takes; on the host, and not timed. */
  prepare(c: Case): Start;
}

/** Uploads the operands and compiles what can be compiled before the first run. */
export type Start = () => Workload | Promise<Workload>;

/** A case, ready to run on one engine. */
export interface Workload {
  /** Submits one iteration; training goes on from the one before. The next one waits for the promise, if there is one. */
  run(): void | Promise<void>;
  /** Resolves when every iteration submitted has run. */
  sync(): Promise<void>;
  /**
   * Results of the last iteration, on the host in this project's layouts: y, dx and dw of an operation; "logits" of a net;
   * "loss" and every trained variable of a training step.
   */
  results(): Promise<Map<string, Float32Array>>;
}
