/**
 * Starts compilers of kernels, each in a worker: waiting for a device holds up the thread that waits.
 *
 * @module
 */
import type { Compiler, KernelText } from "../gpu/compiler.ts";
import { mayStartWorker } from "./workers.ts";

/** What the worker is told to compile, and on which adapter. */
export interface CompileTask {
  readonly adapter: string;
  readonly kernels: readonly KernelText[];
}

const module = new URL("./compile_worker.ts", import.meta.url);

/** Whether compilers can be started. */
export function mayStartCompiler(): boolean {
  return mayStartWorker(module);
}

/** Starts a compiler on an adapter of that kind. */
export function startCompiler(adapter: string): Compiler {
  const worker = new Worker(module, { type: "module" }), closed = Promise.withResolvers<void>();
  return {
    compile: (kernels) => {
      const done = new Promise<void>((resolve) => {
        worker.onmessage = () => resolve();
        worker.onerror = (event) => {
          event.preventDefault();
          resolve();
        };
      });
      worker.postMessage({ adapter, kernels } satisfies CompileTask);
      return Promise.race([done, closed.promise]);
    },
    close: () => {
      worker.terminate();
      closed.resolve();
    },
  };
}
