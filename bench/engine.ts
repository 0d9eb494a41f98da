/**
 * What the bench asks of each library.
 *
 * @module
 */
import type { Case } from "./cases.ts";

/** A library on its device. */
export interface Engine {
  /** As in the table and the JSON. */
  readonly name: string;
  /** The adapter as the library's own device reports it. */
  readonly adapter: string;
  /** Uploads a case's operands and compiles what can be compiled before the first run. */
  prepare(c: Case): Promise<Workload>;
  close(): void;
}

/** A case, ready to run on one engine. */
export interface Workload {
  /** Submits one iteration; training goes on from the one before. */
  run(): void;
  /** Resolves when every iteration submitted has run. */
  sync(): Promise<void>;
  /**
   * Results of the last iteration, on the host in this project's layouts: y, dx and dw of an operation; "loss" and every
   * variable of a training step.
   */
  results(): Promise<Map<string, Float32Array>>;
  /** Frees the case's device memory. */
  dispose(): void;
}
