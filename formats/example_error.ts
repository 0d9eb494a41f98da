/**
 * The error of everything that reads tf.Example messages.
 *
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Why a tf.Example could not be read: its bytes are no such message, the key is missing, its list is of another type, or its
 * list cannot be read or has another length than wanted.
 */
export type ExampleErrorReason = "malformed" | "missing" | "type" | "list";

/** A tf.Example, or one feature of it, cannot be read as wanted. */
export class ExampleError extends Error {
  override readonly name = "ExampleError";
  /** What kind of fault it is. */
  readonly reason: ExampleErrorReason;
  /** The feature's name, if the fault lies in one. */
  readonly key?: string;

  constructor(message: string, reason: ExampleErrorReason, key?: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.key = key;
  }
}
