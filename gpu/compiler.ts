/**
 * What compiles kernels beside a device, so that its driver's cache has them; see warm_up.ts.
 *
 * This module is browser compatible.
 * @module
 */

/** A kernel's text and what it needs to be dispatched. */
export interface KernelText {
  /** Shown in messages. */
  readonly label: string;
  readonly code: string;
  /** What it binds: parameters, then storage, or textures of so many bytes a texel. */
  readonly bindings: readonly ("buffer" | 8 | 16)[];
}

/** Compiles kernels on a device and a thread of its own. */
export interface Compiler {
  /** Resolves when it has done what it could, or is closed; what it could not is compiled when it first runs. */
  compile(kernels: readonly KernelText[]): Promise<void>;
  close(): void;
}
