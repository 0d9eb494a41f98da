/** Cases that compute on a device. */
import type { Gpu } from "../../gpu/gpu.ts";
import { openGpu } from "../../host/drivers.ts";
import type { GoldenCase, Outcome } from "./report.ts";

/** A case that runs on a device of its own. */
export function onDevice(name: string, run: (gpu: Gpu) => Promise<Outcome>): GoldenCase {
  return {
    name,
    run: async () => {
      const gpu = await openGpu();
      try {
        return await run(gpu);
      } finally {
        gpu.close();
      }
    },
  };
}
