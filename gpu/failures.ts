/**
 * Collects what a device reports late, under the name of the operation that caused it.
 *
 * This module is browser compatible.
 * @module
 */
import { errorKind, GpuError, type GpuErrorKind } from "./errors.ts";

/** What helps when memory or a limit is short. */
export const memoryRemedy = "lower --batch_size or the image size";

/** The failures of one device: the first is kept, and everything after it is its consequence. */
export class Failures {
  #device: GPUDevice;
  #first: GpuError | null = null;
  #pending = new Set<Promise<void>>();

  /** Listens to the device's uncaptured errors and to its loss; `name` is the adapter's. */
  constructor(device: GPUDevice, name: string) {
    this.#device = device;
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.#add(errorKind(error), "unknown operation", error.message);
    });
    device.lost.then(({ reason, message }) => {
      this.#add("lost", "device", `${name} was lost (${[reason, message].filter(Boolean).join(", ")})`);
    });
  }

  /** The first failure known so far. */
  get first(): GpuError | null {
    return this.#first;
  }

  /** Records that the device was closed on purpose, so that its loss is none. */
  close(): void {
    this.#first ??= new GpuError("closed", "device", "Cannot use the device: it was closed");
  }

  /**
   * Runs device calls inside error scopes, so that what they report later is known as `operation`.
   *
   * `explain` may look closer at a failure, and answers the label of the part that is to blame.
   */
  scoped<T>(operation: string, call: () => T, explain?: () => Promise<string>): T {
    const device = this.#device;
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    try {
      return call();
    } finally {
      const scopes = Promise.all([device.popErrorScope(), device.popErrorScope()]);
      const settling = scopes.then(async ([memory, validation]) => {
        const error = memory ?? validation;
        if (error) this.#add(errorKind(error), await explain?.() ?? operation, error.message);
      }, () => {}) // a lost device answers no scopes; its loss is reported by itself
        .finally(() => this.#pending.delete(settling));
      this.#pending.add(settling);
    }
  }

  /** Waits until every operation so far was accepted or refused. @throws {GpuError} the first failure */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    if (this.#first) throw this.#first;
  }

  /** The failure behind an error of one call: a lost device rejects calls just before it says that it is lost. */
  async underlying(error: unknown): Promise<unknown> {
    await new Promise((resolve) => setTimeout(resolve));
    await Promise.all(this.#pending);
    return this.#first ?? error;
  }

  #add(kind: GpuErrorKind, operation: string, reason: string): void {
    const message = kind === "lost"
      ? `Cannot go on: ${reason}; start again from the last checkpoint`
      : `Cannot run ${operation}: ${reason.trim()}${kind === "out-of-memory" ? `; ${memoryRemedy}` : ""}`;
    this.#first ??= new GpuError(kind, operation, message);
  }
}
