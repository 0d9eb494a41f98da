/**
 * A worker that compiles kernels on a device of its own, so that the driver's cache has them for others; see gpu/warm_up.ts.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { compileOn } from "../gpu/warm_up.ts";
import type { CompileTask } from "./compiler.ts";
import { openGpu } from "./drivers.ts";

/** The part of a worker's global scope that is used. */
const scope = self as unknown as {
  onmessage: (message: MessageEvent<CompileTask | "stop">) => Promise<void>;
  postMessage: (answer: "done") => void;
};

let device: Promise<Gpu> | undefined, isStopped = false;

scope.onmessage = async ({ data }) => {
  if (data === "stop") {
    isStopped = true;
    return;
  }
  const { adapter, kernels } = data;
  const gpu = await (device ??= openGpu({ adapter, variant: [], measured: new Map() }));
  for (const kernel of kernels) {
    if (!isStopped) await compileOn(gpu, kernel);
  }
  scope.postMessage("done");
};
