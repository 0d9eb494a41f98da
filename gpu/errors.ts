/**
 * The error type of everything that goes wrong on the device.
 *
 * This module is browser compatible.
 * @module
 */

/** What kind of trouble a {@linkcode GpuError} reports. */
export type GpuErrorKind = "validation" | "out-of-memory" | "internal" | "shader" | "lost" | "closed";

/** A device refused or lost an operation; `operation` carries the label (scope and shapes) of what was asked. */
export class GpuError extends Error {
  override readonly name = "GpuError";
  /** Validation, memory, shader text, or the device itself. A training loop resumes after "lost". */
  readonly kind: GpuErrorKind;
  /** Label of the operation that failed, or "unknown operation" where the driver does not tell. */
  readonly operation: string;

  constructor(kind: GpuErrorKind, operation: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.operation = operation;
  }
}

/** Kind of a `GPUError`, told by its class: validation, out of memory, or internal. */
export function errorKind(error: GPUError): GpuErrorKind {
  const name = error.constructor.name;
  if (name === "GPUOutOfMemoryError") return "out-of-memory";
  return name === "GPUInternalError" ? "internal" : "validation";
}
