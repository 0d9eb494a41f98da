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
  onmessage: (message: MessageEvent<CompileTask>) => Promise<void>;
  postMessage: (answer: "done") => void;
};

let device: Promise<Gpu> | undefined;

scope.onmessage = async ({ data: { adapter, kernels } }) => {
  const gpu = await (device ??= openGpu({ adapter, variant: [], measured: new Map() }));
  for (const kernel of kernels) await compileOn(gpu, kernel);
  scope.postMessage("done");
};
