/**
 * Opens the device of the page, or of a Deno whose machine has a driver.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { chooseAdapter } from "./adapter.ts";
import { Gpu, type KernelPreferences, type PipelineProgress } from "./gpu.ts";

/**
 * Opens a real GPU, else a software adapter, through `navigator.gpu`. Without any driver, Deno's host/drivers.ts helps.
 *
 * @throws {Error} where there is no WebGPU or no adapter; the message says what to do
 */
export async function requestGpu(
  options: { onPipeline?: PipelineProgress; preferences?: KernelPreferences } = {},
): Promise<Gpu> {
  if (!navigator.gpu) {
    throw new Error(
      "Cannot open a device: this browser has no WebGPU; use a current Chrome, Edge, Safari or Firefox over https or localhost",
    );
  }
  const adapter = await chooseAdapter(navigator.gpu);
  if (!adapter) {
    throw new Error(
      "Cannot open a device: WebGPU found no adapter; update the graphics driver, or in Deno open it with host/drivers.ts",
    );
  }
  return await Gpu.open(adapter, { driverSource: "Deno" in globalThis ? "system" : "browser", ...options });
}
