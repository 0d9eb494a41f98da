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

/** What ends the compilers that have not ended. */
const running = new Set<() => Promise<void>>();

/** Whether compilers can be started. */
export function mayStartCompiler(): boolean {
  return mayStartWorker(module);
}

/**
 * Closes all compilers, and resolves when they are through with the kernels that they were at. A process that exits before takes
 * the driver's code away from under a thread of the driver, and may crash.
 */
export async function endCompilers(): Promise<void> {
  await Promise.all([...running].map((end) => end()));
}

/** Starts a compiler on an adapter of that kind. */
export function startCompiler(adapter: string): Compiler {
  const worker = new Worker(module, { type: "module" }), closed = Promise.withResolvers<void>();
  let task = Promise.resolve(), ended: Promise<void> | undefined;
  const stop = () => {
    worker.postMessage("stop");
    closed.resolve();
    return task.then(() => {
      worker.terminate();
      running.delete(end);
    });
  };
  const end = () => ended ??= stop();
  running.add(end);
  return {
    compile: (kernels) => {
      if (ended) return closed.promise;
      const { promise: done, resolve } = Promise.withResolvers<void>();
      worker.onmessage = () => resolve();
      worker.onerror = (event) => {
        event.preventDefault();
        resolve();
      };
      worker.postMessage({ adapter, kernels } satisfies CompileTask);
      task = done;
      return Promise.race([done, closed.promise]);
    },
    close: () => void end(),
  };
}
